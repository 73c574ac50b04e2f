"""python -m unittest test_baselines: the paper's recipe, its training loop, component models composed. Seconds."""

import contextlib
import io
import json
import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

import autoencoder
import data
import export
import paper
import tokenizer
from evaluate import others
from evaluate.cells import Rule
from evaluate.components import Component, Condition, Term, Thing
from evaluate.pictures import TorchSampler
from loop import EMA, Settings
from model import Architecture, Denoiser

SMALL = paper.Architecture(widths=(8, 8), head_width=8, norm_groups=4)
SMALL_SCENES = dict(widths=[16, 32], heads=2, text_width=16, text_layers=1, text_heads=2)
CUBE, BALL, GRASS = Term("a red cube", (0.3, 0.6)), Term("a blue sphere", (0.7, 0.6)), Term("on grass")


class Steps:
    """A clock that counts how often it is read: a budget of steps, of a run of so many in all."""

    hours = 0.0

    def __init__(self, first: int, last: int, whole: int):
        self.at, self.last, self.whole = first, last, whole

    @property
    def part(self) -> float:
        self.at += 1
        return 1.0 if self.at > self.last else (self.at - 1) / self.whole


def write_scenes(folder: Path, n: int, side: int = 128):
    """Random pixels; scene i has i % 3 objects."""
    rng = np.random.default_rng(0)
    (folder / "images-00000.bin").write_bytes(rng.integers(0, 256, (n, side, side, 3), np.uint8).tobytes())
    scenes = [{"objects": [{"centre": [0.25 + i / (4 * n), k / 4]} for k in range(i % 3)]} for i in range(n)]
    (folder / "truth-00000.jsonl").write_text("".join(json.dumps(s) + "\n" for s in scenes))


class PaperTest(unittest.TestCase):
    def test_average_down(self):
        pixels = np.zeros((1, 128, 128, 3), np.uint8)
        pixels[0, :2, 2:4, 1] = [[1, 2], [4, 255]]
        small = paper.average_down(pixels, 64)
        self.assertEqual((small.shape, small[0, 0, 1].tolist(), int(small.sum())), ((1, 64, 64, 3), [0, 66, 0], 66))
        with self.assertRaisesRegex(ValueError, "100 pixels"):
            paper.average_down(np.zeros((1, 100, 100, 3), np.uint8), 64)

    def test_labels(self):
        """A label is the place of an object of that very picture, each as often; a tenth is dropped."""
        with tempfile.TemporaryDirectory() as name:
            folder, n = Path(name), data.HELD_OUT + 30
            write_scenes(folder, n, side=64)
            pictures = paper.Pictures(folder)
            x, labels = pictures.draw(np.random.default_rng(1), 3000)
            which = {p.tobytes(): i for i, p in enumerate(pictures.pixels)}
            seen = np.array([which[p.tobytes()] for p in data.to_pixels(x)])
            self.assertGreaterEqual(seen.min(), data.HELD_OUT)
            nulls = labels.isnan().any(1).numpy()
            self.assertTrue(nulls[seen % 3 == 0].all())
            self.assertAlmostEqual(nulls[seen % 3 > 0].mean(), paper.DROP, delta=0.03)
            for i, (u, v) in zip(seen[~nulls], labels[~nulls].tolist()):
                self.assertAlmostEqual(u, 0.25 + i / (4 * n), places=6)
                self.assertIn(v, [k / 4 for k in range(i % 3)])
            self.assertAlmostEqual((labels[~nulls & (seen % 3 == 2), 1] == 0).float().mean().item(), 0.5, delta=0.06)

    def test_goes_on(self):
        """A run that was stopped ends with the weights of one that was not."""
        settings = Settings(batch=4, learning_rate=1e-3, warm_up=2, log_steps=2)
        with tempfile.TemporaryDirectory() as name, contextlib.redirect_stdout(io.StringIO()):
            folder = Path(name)
            write_scenes(folder, data.HELD_OUT + 4)
            show = paper.compose
            paper.compose = lambda *a, **k: torch.zeros(24, 3, 64, 64)  # a sheet is not what is tested
            try:
                for run, spans in (("one", [(0, 6)]), ("two", [(0, 2), (2, 6)])):
                    for first, last in spans:
                        paper.fit(folder, folder / run, Steps(first, last, 6), arch=SMALL, settings=settings)
            finally:
                paper.compose = show
            one, two = load_file(folder / "one" / EMA), load_file(folder / "two" / EMA)
            self.assertEqual(one.keys(), two.keys())
            for k in one:
                torch.testing.assert_close(one[k], two[k], rtol=0, atol=1e-6)
            log = (folder / "two" / "log.csv").read_text().splitlines()
            self.assertEqual([line.split(",")[:2] for line in log[1:]], [["2", "8"], ["4", "16"], ["6", "24"]])
            model = paper.load(folder / "two")
            self.assertEqual(model.arch, SMALL)
            torch.testing.assert_close(model.state_dict()["null"], two["null"])

    def test_composition(self):
        """Two places of half the weight are one; weight 0 is the null row; neighbours do not matter; places do."""
        torch.manual_seed(0)
        model = paper.Model(SMALL).eval()
        a, b = (0.3, 0.6), (0.8, 0.2)
        for ancestral in (True, False):
            run = lambda rows, seeds, w: paper.compose(model, rows, seeds, w, steps=3, ancestral=ancestral)
            rows, weights = [[], [a], [a], [a, a], [b]], [[], [0.0], [3.0], [1.5, 1.5], [3.0]]
            null, none, one, halves, other = run(rows, [5] * 5, weights)
            torch.testing.assert_close(none, null, rtol=0, atol=1e-4)
            torch.testing.assert_close(halves, one, rtol=0, atol=1e-4)
            torch.testing.assert_close(run([[a]], [5], 3.0)[0], one, rtol=0, atol=1e-4)
            self.assertGreater((one - other).abs().max(), 1e-3)
            self.assertGreater((run([[a]], [6], 3.0)[0] - one).abs().max(), 0.1)
        with self.assertRaisesRegex(ValueError, r"weights for \[1\] places, want \[2\]"):
            paper.compose(model, [[a, b]], [0], [[1.0]])


def export_small(folder: Path, seed: int, vae, words, tok):
    run = folder.with_name(folder.name + "-run")
    (run / "tokenizer").parent.mkdir()
    tokenizer.save(words, run / "tokenizer")
    (run / "vocabulary.json").write_text(json.dumps(words))
    (run / export.ARCHITECTURE_FILE).write_text(json.dumps(SMALL_SCENES))
    autoencoder.save(vae, run)
    torch.manual_seed(seed)
    model = Denoiser.new(export.architecture(run), tok)
    save_file(model.state_dict(), run / EMA, dict(samples="1", hours="0.5", images="16", machine="test"))
    export.write(run, folder)


def condition(*terms: Term, seed: int = 3) -> Condition:
    return Condition(terms, (Component("thing", thing=Thing()),), seed)


class ComponentsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.files = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.files.name)
        words = tokenizer.words(tokenizer.VOCABULARY.read_text("utf-8"))
        tokenizer.save(words, cls.folder / "tokenizer")
        tok = tokenizer.load(cls.folder / "tokenizer")
        images = torch.rand(16, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
        vae = autoencoder.fit(images, Architecture())
        for name, seeds in (("same", (0, 0)), ("apart", (0, 1))):
            (cls.folder / name).mkdir()
            for kind, seed in zip(("backgrounds", "objects"), seeds):
                export_small(cls.folder / name / kind, seed, vae, words, tok)

    @classmethod
    def tearDownClass(cls):
        cls.files.cleanup()

    def test_widths_reach_the_export(self):
        config = json.loads((self.folder / "same" / "objects" / "unet" / "config.json").read_text())
        self.assertEqual(config["block_out_channels"], [16, 32])
        with tempfile.TemporaryDirectory() as name:
            self.assertEqual(export.architecture(Path(name)), Architecture())
            (Path(name) / export.ARCHITECTURE_FILE).write_text('{"width": 3}')
            with self.assertRaisesRegex(ValueError, "unknown width"):
                export.architecture(Path(name))

    def test_maps_add_up_to_one(self):
        asked = condition(GRASS, CUBE, BALL, Term("a tree", weight=-0.5))
        for name, variant in others.VARIANTS.items():
            for terms in (asked, condition(CUBE), condition(GRASS), condition(Term("a car"))):
                total = sum(p.map for p in others.parts(terms, Rule(), variant, 16))
                torch.testing.assert_close(total, torch.ones(1, 16, 16), msg=name)

    def test_each_model_on_its_part(self):
        found = others.parts(condition(GRASS, CUBE), Rule(), others.VARIANTS["place"], 16)
        by = {(p.model, p.row.text): p.map[0] for p in found}
        row, column = int(0.6 * 16), int(0.3 * 16)
        self.assertEqual(by["backgrounds", "on grass"][row, column], 0)
        self.assertEqual(by["objects", "a red cube"][row, column], 4)
        self.assertAlmostEqual(by["backgrounds", "on grass"][0, 15].item(), 4, places=3)
        self.assertAlmostEqual(by["objects", "a red cube"][0, 15].item(), 0, places=3)

    def test_one_model_in_two_halves(self):
        """If both are the same model, and all is heard everywhere, composing them is composing it."""
        joint = TorchSampler(self.folder / "same" / "objects", "")
        asked = [condition(GRASS, CUBE, BALL), condition(GRASS, BALL, seed=9), condition(CUBE, seed=4)]
        rule = Rule(steps=3, reach=None)
        want = joint.latents(asked, rule, 16)
        sampler = others.sampler(self.folder / "same")
        for name in ("backgrounds", "half", "objects"):
            sampler.variant = others.VARIANTS[name]
            torch.testing.assert_close(sampler.latents(asked, rule, 16), want, rtol=0, atol=2e-3, msg=name)
        sampler.variant = others.VARIANTS["backgrounds-empty"]
        self.assertGreater((sampler.latents(asked, rule, 16) - want).abs().max(), 1e-2)

    def test_two_models(self):
        sampler = others.sampler(self.folder / "apart")
        asked = [condition(GRASS, CUBE), condition(GRASS, BALL, seed=8)]
        both = sampler.pictures(asked, Rule(steps=2), 64)
        self.assertEqual((both.shape, both.dtype), ((2, 64, 64, 3), np.uint8))
        alone = sampler.pictures(asked[1:], Rule(steps=2), 64)
        self.assertLessEqual(np.abs(alone[0].astype(int) - both[1]).max(), 2)

    def test_errors(self):
        rule = Rule(steps=2)
        sampler = others.sampler(self.folder / "apart")
        for wrong, want in ((Rule("joined"), "joined"), (Rule(background=others.EMPTY), "an empty scene")):
            with self.assertRaisesRegex(ValueError, want):
                sampler.pictures([condition(CUBE)], wrong, 64)
        with self.assertRaisesRegex(ValueError, "neither a run of paper.py"):
            others.sampler(self.folder / "tokenizer")
        config = self.folder / "apart" / others.COMPONENTS_FILE
        config.write_text('{"variant": "best"}')
        with self.assertRaisesRegex(ValueError, "variant 'best', want one of backgrounds"):
            others.sampler(self.folder / "apart")
        config.unlink()
        with tempfile.TemporaryDirectory() as name:
            run = Path(name)
            (run / paper.ARCHITECTURE_FILE).write_text(json.dumps(vars(SMALL)))
            save_file(paper.Model(SMALL).state_dict(), run / EMA)
            images = others.sampler(run).pictures([condition(CUBE), condition(CUBE, BALL)], rule, 128)
            self.assertEqual((images.shape, images.dtype), ((2, 128, 128, 3), np.uint8))
            nothing = Rule(guidance=0.0, steps=2)
            chance = others.sampler(run).pictures([condition(CUBE), condition(CUBE, BALL)], nothing, 128)
            np.testing.assert_array_equal(chance[0], chance[1])  # of one seed, and asked for nothing
            for wrong in (condition(GRASS), condition(CUBE, Term("a tree"))):
                with self.assertRaisesRegex(ValueError, "told a place and nothing else"):
                    others.sampler(run).pictures([wrong], rule, 128)


if __name__ == "__main__":
    unittest.main()
