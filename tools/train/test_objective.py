"""python -m unittest: the variants of the objective, and what ablate.py makes of them. A few seconds."""

import argparse
import json
import tempfile
import unittest
from pathlib import Path
from types import SimpleNamespace

import torch
from safetensors import safe_open
from safetensors.torch import save_file

import ablate
import autoencoder
import data
import export
import tokenizer
from model import Architecture, Denoiser, as_velocity, noised, scheduler, velocity
from objective import Loss, Objective, error, focused, weights
from test_train import small_tokenizer

SMALL = Architecture(widths=(16, 32), heads=2, text_width=16, text_layers=1, text_heads=2)


class TargetTest(unittest.TestCase):
    def test_noise_as_velocity(self):
        alphas = scheduler("epsilon").alphas_cumprod
        x0, noise, t = torch.randn(3, 2, 4, 4), torch.randn(3, 2, 4, 4), torch.tensor([0, 500, 999])
        x, want = noised(x0, noise, t, alphas, "epsilon")
        _, v = velocity(x0, noise, t, alphas)
        torch.testing.assert_close(want, noise)
        torch.testing.assert_close(as_velocity(want, x, t, alphas, "epsilon"), v, rtol=1e-4, atol=1e-4)
        self.assertGreater(alphas[-1], 1e-3, "that schedule ends before pure noise")
        self.assertLess(scheduler().alphas_cumprod[-1], 1e-6)

    def test_min_snr(self):
        alphas = scheduler().alphas_cumprod
        ratio = alphas / (1 - alphas)
        self.assertEqual(weights(alphas, 0, "v_prediction").unique().tolist(), [1])
        got = weights(alphas, 5, "v_prediction")
        self.assertAlmostEqual(got.mean().item(), 1, places=4)
        want = ratio.clamp_max(5) / (ratio + 1)
        torch.testing.assert_close(got[100:] / got[300], want[100:] / want[300], rtol=1e-3, atol=1e-5)


class FocusTest(unittest.TestCase):
    def test_where_things_are(self):
        places = torch.tensor([[0.25, 0.75], data.NOWHERE, data.NOWHERE])
        laid = data.Laid(torch.tensor([2, 2]), torch.zeros(2, 4), torch.tensor([[0.25, 0.25], [0.27, 0.25]]))
        weight = focused(places, laid, 16, 16, 1 / 16, 3.0)
        self.assertEqual(tuple(weight.shape), (3, 1, 16, 16))
        self.assertEqual(weight[1].unique().tolist(), [1], "nothing is put anywhere")
        self.assertGreater(weight[0, 0, 12, 4], 3.5)
        self.assertAlmostEqual(weight[0, 0, 2, 12].item(), 1, places=3)
        self.assertAlmostEqual(weight[2, 0, 4, 4].item(), 4, places=4, msg="two things that overlap count once")
        self.assertEqual(focused(places, None, 16, 16, 1 / 16, 3.0)[2].unique().tolist(), [1])

    def test_best_answer_is_the_same(self):
        """The weights that a linear model finds are the same with and without, since they do not depend on the target."""
        torch.manual_seed(0)
        want, weight = torch.randn(5000, 1, 4, 4), focused(torch.tensor([[0.3, 0.6]]), None, 4, 4, 0.1, 5.0)
        mean = want.mean(0, keepdim=True).requires_grad_()
        error(mean, want, weight).backward()
        self.assertLess(mean.grad.abs().max().item(), 1e-6)


class LossTest(unittest.TestCase):
    """With a model that answers with what its text is worth: the sum of worths of its tokens."""

    def setUp(self):
        self.alphas = scheduler().alphas_cumprod
        self.model = SimpleNamespace(arch=Architecture())
        self.null = torch.zeros(4, dtype=torch.long)
        parts = data.Parts(torch.tensor([1]), torch.tensor([[[1, 0, 0, 0], [2, 0, 0, 0]]]))
        ids = torch.tensor([[3, 0, 0, 0], [1, 2, 0, 0]])
        self.batch = data.Batch(torch.randn(2, 8, 4, 4), ids, torch.full((2, 2), torch.nan), parts)

    def loss(self, worth, coind: float) -> torch.Tensor:
        torch.manual_seed(0)
        answer = lambda x, t, ids, bump, laid: worth(ids.float())[:, None, None, None].expand_as(x)
        return Loss(answer, self.model, Objective(coind=coind), self.alphas, self.null)(self.batch)

    def test_independent_clauses_cost_nothing(self):
        additive = lambda ids: ids.sum(1)
        torch.testing.assert_close(self.loss(additive, 1.0), self.loss(additive, 0.0))

    def test_dependent_clauses_cost_their_error(self):
        # worth(A and B) = 9, worth(A) = 1, worth(B) = 4, worth() = 0: off by 4, in one sample of two.
        squared = lambda ids: ids.sum(1).square()
        self.assertAlmostEqual((self.loss(squared, 0.5) - self.loss(squared, 0.0)).item(), 0.5 * 16 / 2, places=3)


class CaptionsTest(unittest.TestCase):
    def test_clauses(self):
        self.assertEqual(data.clauses("a red cube and a blue sphere"), ("a red cube", "a blue sphere"))
        self.assertEqual(data.clauses("an orange car at night"), ("an orange car", "at night"))
        for more in (
            "a red cube",
            "a car, a cone and a blue tree",
            "a cone and a tree on snow",
            "a red cone behind a tree on snow",
            "a red cone to the left of a tree",
        ):
            self.assertIsNone(data.clauses(more), more)

    def test_places_in_words(self):
        self.assertEqual(data.spoken("a red cube", (0.314, 0.999)), "a red cube 31 99")
        self.assertEqual(data.spoken("a red cube", (0.05, 0.5)), "a red cube 05 50")
        self.assertEqual(data.spoken("a red cube", data.NOWHERE), "a red cube")
        with tempfile.TemporaryDirectory() as folder:
            _, tok = small_tokenizer(Path(folder))
            longest = "a small purple rubber cylinder 31 99"
            self.assertEqual(len(tok(longest).input_ids), 2 + 5 + 4)

    def test_mixes(self):
        for name, mix in data.MIXES.items():
            self.assertAlmostEqual(sum(mix.values()), 1, msg=name)
            self.assertEqual(set(mix), set(data.MIX), name)


class PlaceTest(unittest.TestCase):
    def test_bare_map_says_nothing_of_the_thing(self):
        with tempfile.TemporaryDirectory() as folder:
            torch.manual_seed(0)
            _, tok = small_tokenizer(Path(folder))
            model = Denoiser.new(SMALL, tok).eval()
            model.text_encoder.text_projection.weight.data.zero_()
            ids = torch.tensor([tok("a red cube").input_ids])
            args = torch.randn(1, 8, 8, 8), torch.tensor([500]), ids
            bump = torch.rand(1, 1, 8, 8)
            with torch.inference_mode():
                torch.testing.assert_close(model(*args, bump), model(*args, 0 * bump))  # nothing is said at the place
                model.arch = Architecture(place="bare")
                self.assertGreater((model(*args, bump) - model(*args, 0 * bump)).abs().max(), 1e-4)


class AblateTest(unittest.TestCase):
    def test_prepared_runs(self):
        """Every variant's run can be read by train.py, and differs from the shipped one in what it says."""
        with tempfile.TemporaryDirectory() as name:
            run, scenes = Path(name) / "run", Path(name) / "scenes"
            words, tok = small_tokenizer(run / "tokenizer")
            (run / "vocabulary.json").write_text(json.dumps(words))
            scenes.mkdir()
            pixels = torch.randint(0, 256, (40, 32, 32, 3), dtype=torch.uint8)
            pixels.numpy().tofile(scenes / "images-00000.bin")
            (scenes / "truth-00000.jsonl").write_text('{"objects": [], "captions": []}\n' * 40)
            autoencoder.save(autoencoder.fit(data.to_float(pixels.numpy()), Architecture()), run)
            asked = argparse.Namespace(data=scenes, run=run, start=None, widths=None)
            for key, variant in ablate.VARIANTS.items():
                folder = Path(name) / key
                ablate.prepare(variant, asked, folder)
                arch = export.architecture(folder)
                self.assertEqual(autoencoder.load(folder).arch.latent_channels, arch.latent_channels, key)
                changed = arch != Architecture(), Objective.of(folder) != Objective()
                self.assertEqual(changed, (variant.from_scratch, bool(variant.objective)), key)
                tokenizer.load(folder / "tokenizer")

            asked.widths = (48, 64)
            ablate.prepare(ablate.VARIANTS["text-1"], asked, Path(name) / "narrow")
            arch = export.architecture(Path(name) / "narrow")
            self.assertEqual((arch.widths, arch.text_layers), ((48, 64), 1))

            asked.start = Path(name) / "ema.safetensors"
            save_file({"x": torch.ones(2)}, asked.start, {"samples": "700", "hours": "9", "images": "5", "machine": "m"})
            asked.widths = None
            ablate.prepare(ablate.VARIANTS["coind"], asked, Path(name) / "on")
            with safe_open(Path(name) / "on" / "ema.safetensors", "pt") as f:
                about = f.metadata()
            self.assertEqual((about["samples"], about["hours"]), ("0", "0.0"), "its budget is its own")

    def test_wrong_requests(self):
        options = dict(data=Path("d"), run=Path("r"), out=Path("o"), minutes=1, judges=None, scenes=None)
        for variant, start, message in (("other", None, "no variant other"), ("text-1", Path("e"), "another arch")):
            with self.assertRaisesRegex(SystemExit, message):
                ablate.main(argparse.Namespace(**options, variants=[variant], start=start))


if __name__ == "__main__":
    unittest.main()
