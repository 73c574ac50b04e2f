"""python -m unittest evaluate.test_judges: what the judges must answer where the answer is known. Seconds."""

import csv
import json
import tempfile
import unittest
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import numpy as np
import torch

from evaluate import judge as judges
from evaluate import palette
from evaluate.components import BACKGROUNDS, COLOURS, NEAR, RELATIONS, SHAPES, Component, Thing
from evaluate.detector import PRESETS, SIDE, Detector, Found, Scenes, Training, Truths, halved, loss_of
from evaluate.judge import LearntJudge
from evaluate.palette import PaletteJudge
from evaluate.questions import examination

IDENTITY = {k: (1.0, 0.0) for k in judges.CURVES}


def made_up(rng: np.random.Generator, index: int) -> dict:
    """A truth as tools/scenes writes it, by its rules, seen by a camera straight ahead. Positions are on a grid, so
    that no difference is just at a margin."""
    objects = []
    for _ in range(rng.integers(0, 6)):
        on, z, u = -1, rng.integers(-4, 5) / 2, rng.integers(1, 10) / 10
        v = 0.7 - z / 20
        bases = [i for i, o in enumerate(objects) if o["on"] < 0 and all(p["on"] != i for p in objects)]
        if bases and rng.random() < 0.4:
            on = int(rng.choice(bases))
            u, v, z = objects[on]["centre"][0], objects[on]["centre"][1] - 0.2, objects[on]["ground"][1]
        if on < 0 and any(abs(o["centre"][0] - u) < 0.05 and abs(o["ground"][1] - z) < 1.5 for o in objects):
            continue  # they would be in the same place
        box = [u - 0.08, v - 0.08, u + 0.08, v + 0.08]
        objects.append(
            dict(shape=str(rng.choice(SHAPES)), colour=str(rng.choice(COLOURS)), ground=[0, z], centre=[u, v])
        )
        objects[-1] |= dict(box=box, on=on, visible=1)
    relations = []
    for a, b in permutations(range(len(objects)), 2):
        p, q = objects[a], objects[b]
        if p["on"] == b:
            relations += [[a, "above", b], [b, "below", a]]
        elif q["on"] != a:
            if q["centre"][0] - p["centre"][0] > 0.08:
                relations += [[a, "left of", b], [b, "right of", a]]
            if q["ground"][1] - p["ground"][1] > 0.9:
                relations += [[a, "in front of", b], [b, "behind", a]]
    return dict(id=index, seed=0, background=str(rng.choice(list(BACKGROUNDS))), objects=objects, relations=relations)


def perfectly(truth: dict) -> Found:
    """What a perfect detector finds."""
    o = truth["objects"]
    column = lambda f, *shape: np.array([f(x) for x in o], float).reshape(len(o), *shape)
    under = lambda x: o[x["on"]]["centre"] if x["on"] >= 0 else (0, 0)
    return Found(
        np.ones(len(o)),
        column(lambda x: x["centre"], 2),
        column(lambda x: [s == x["shape"] for s in SHAPES], len(SHAPES)),
        column(lambda x: [c == x["colour"] for c in COLOURS], len(COLOURS)),
        column(lambda x: x["ground"][1]),
        column(lambda x: x["on"] >= 0),
        column(under, 2),
        np.array([b == truth["background"] for b in BACKGROUNDS], float),
    )


class PerfectDetectionsTest(unittest.TestCase):
    def test_answers_are_the_truths(self):
        """Of perfect detections, every component is judged to be shown exactly where the truth says so."""
        rng = np.random.default_rng(0)
        yes = {k: [0, 0] for k in judges.KINDS}
        for index in range(200):
            truth = made_up(rng, index)
            found = perfectly(truth)
            things = [Thing(o["shape"], o["colour"]) for o in truth["objects"]] + [
                Thing("cube", "red"),
                Thing(colour="blue"),
            ]
            asked = [Component("background", background=b) for b in BACKGROUNDS]
            asked += [Component("thing", t) for t in things]
            for a, b in permutations(things, 2):
                asked += [Component("relation", a, relation=r, other=b) for r in RELATIONS]
            for place in rng.uniform(0.1, 0.9, (4, 2)).tolist() + [o["centre"] for o in truth["objects"]]:
                gaps = [abs(np.hypot(*np.subtract(o["centre"], place)) - NEAR) for o in truth["objects"]]
                if min(gaps, default=1) > 0.005:
                    asked += [Component("place", place=place)] + [Component("placed", t, place) for t in things]
            for c in asked:
                shown = c.shown(truth)
                yes[c.kind][shown] += 1
                self.assertEqual(judges.probability(found, c, IDENTITY) >= 0.5, shown, (c, truth))
        self.assertGreater(min(n for pair in yes.values() for n in pair), 50, yes)

    def test_questions_have_the_answers_they_say(self):
        rng = np.random.default_rng(1)
        truths = [made_up(rng, i) for i in range(200)]
        sorts = {}
        for truth, asked in zip(truths, examination(truths, 2)):
            for q in asked:
                self.assertEqual(q.component.shown(truth), q.sort == "shown", q)
                sorts.setdefault(q.component.kind, set()).add(q.sort)
        nearly = {"shown", "random", "colour", "shape", "swapped"}
        self.assertEqual(sorts["placed"], nearly | {"away", "edge", "exchanged"})
        self.assertEqual(sorts["thing"], nearly)
        self.assertEqual(sorts["relation"], nearly | {"inverse", "exchanged", "axis", "between"})


class CalibrationTest(unittest.TestCase):
    def test_curve_is_found(self):
        rng = np.random.default_rng(0)
        x = rng.normal(0, 3, 20000)
        yes = rng.random(20000) < judges.sigmoid(0.8 * x)
        slope, offset = judges.fit_curve(x, yes)
        self.assertAlmostEqual(slope, 0.8, delta=0.05)
        self.assertAlmostEqual(offset, 0, delta=0.1)
        self.assertEqual(judges.fit_curve(np.zeros(0), np.zeros(0, bool)), (1.0, 0.0))


class DetectorTest(unittest.TestCase):
    def test_loss_is_least_at_the_truth(self):
        """Heads that say the truth at every cell cost less than the same with one of them wrong."""
        rng = np.random.default_rng(3)
        t = Truths.of([s for s in (made_up(rng, i) for i in range(40)) if len(s["objects"]) == 1]).to(
            torch.device("cpu")
        )
        n = len(t.there)
        cell = (t.centre[:, 0] * 32).long()
        heat = torch.full((n, 1, 32, 32), -9.0)
        heat[torch.arange(n), 0, cell[:, 1], cell[:, 0]] = 9
        line = torch.arange(32) + 0.5
        grid = torch.stack([line.expand(32, 32), line[:, None].expand(32, 32)])
        everywhere = lambda x: x[..., None, None].expand(-1, -1, 32, 32)
        one_hot = lambda k, m: everywhere(20.0 * torch.eye(m)[k[:, 0]])
        said = dict(heat=heat, offset=t.centre[:, 0, :, None, None] * 32 - grid)
        said |= dict(shape=one_hot(t.shape, 7), colour=one_hot(t.colour, 8), depth=everywhere(t.depth[:, :1] / 2))
        said |= dict(stands=torch.full((n, 1, 32, 32), -9.0), under=torch.zeros(n, 2, 32, 32))
        background = 20.0 * torch.eye(6)[t.background]
        right, _ = loss_of(said, background, t)
        self.assertLess(right, 0.2)
        for k in ("heat", "offset", "shape", "colour", "depth"):
            wrong, parts = loss_of(said | {k: said[k].roll(1, 1 if said[k].shape[1] > 2 else 0)}, background, t)
            self.assertGreater(wrong, right + 0.1, (k, parts))

    def test_pictures_are_averaged_down(self):
        large = np.random.default_rng(0).integers(0, 256, (2, 256, 256, 3), np.uint8)
        small = halved(large)
        self.assertEqual(small.shape, (2, SIDE, SIDE, 3))
        self.assertLessEqual(abs(small[1, 3, 5] - large[1, 6:8, 10:12].mean((0, 1))).max(), 0.5)
        self.assertIs(halved(small), small)
        for wrong in (large[0], large[:, :200], large.astype(np.float32), large[:, :100, :100]):
            with self.assertRaisesRegex(ValueError, "want uint8"):
                halved(wrong)


class Reads:
    """A clock that counts how often it is read, so that a budget is the same on a busy machine."""

    hours = start = end = 0.0

    def __init__(self, budget: int):
        self.left, self.budget = budget, budget

    @property
    def part(self) -> float:
        self.left -= 1
        return 1.0 if self.left < 0 else 1 - (self.left + 1) / self.budget


class TrainingTest(unittest.TestCase):
    def test_training_goes_on(self):
        """A judge trained for some steps, then for as many: steps go on, and what is saved judges as it did."""
        rng = np.random.default_rng(0)
        images = rng.integers(0, 256, (20, SIDE, SIDE, 3), np.uint8)
        with tempfile.TemporaryDirectory() as name:
            folder, run = Path(name) / "data", Path(name) / "judges"
            folder.mkdir()
            images.tofile(folder / "images-00000.bin")
            lines = [json.dumps(made_up(rng, i)) for i in range(20)]
            (folder / "truth-00000.jsonl").write_text("\n".join(lines) + "\n")
            steps = []
            for _ in range(2):
                judges.train(folder, run, Reads(7), "cpu", 0, None)
                steps.append(Training(run, PRESETS["cpu"], 0).step)
            self.assertGreater(steps[1], steps[0])
            self.assertGreater(steps[0], 0)
            with (run / "judge.csv").open() as f:
                self.assertEqual([int(r["step"]) for r in csv.DictReader(f)], steps)
            scenes = Scenes(folder)
            held_out = scenes.held_out(9)[0]
            drawn = np.concatenate([scenes.draw(rng, 8)[0] for _ in range(20)])
            self.assertEqual(len(held_out), 1)
            self.assertFalse(any((x == y).all() for x in drawn for y in (held_out[0], held_out[0, :, ::-1])))

            asked = [[Component("thing", Thing("cube")), Component("background", background="snow")]] * 3
            last = Training(run, PRESETS["cpu"], 0).average
            loaded = LearntJudge.load(run)
            want = LearntJudge(last, loaded.curves).judge(images[:3], asked)
            self.assertEqual(loaded.judge(images[:3], asked), want)
            half = LearntJudge.load(run / "judge-f16.safetensors").judge(images[:3], asked)
            np.testing.assert_allclose(half, want, atol=0.02)
            self.assertLess((run / "judge-f16.safetensors").stat().st_size, 3e6)
            with self.assertRaisesRegex(SystemExit, "judge train"):
                LearntJudge.load(Path(name))


class PaletteTest(unittest.TestCase):
    def setUp(self):
        self.judge = PaletteJudge()

    def picture(self, background: str, discs: list[tuple[str, float, float]]) -> np.ndarray:
        """Flat discs, a quarter of the picture wide, on an empty picture."""
        light = np.repeat(palette.empty(background)[:, None], SIDE, 1)
        v, u = (np.mgrid[:SIDE, :SIDE] + 0.5) / SIDE
        for colour, x, y in discs:
            light[np.hypot(u - x, v - y) < 0.125] = 0.9 * self.judge.reflectance[COLOURS.index(colour)]
        return (255 * light.clip(0, 1) ** (1 / 2.2)).round().astype(np.uint8)

    def test_backgrounds(self):
        pictures = np.stack([self.picture(b, [("red", 0.5, 0.6)]) for b in BACKGROUNDS])
        asked = [[Component("background", background=b) for b in BACKGROUNDS]] * len(BACKGROUNDS)
        said = np.array(self.judge.judge(pictures, asked))
        np.testing.assert_array_equal(said >= 0.5, np.eye(len(BACKGROUNDS), dtype=bool))

    def test_colours_at_places(self):
        for background in ("studio", "sand", "water", "night"):
            for colour, other in zip(COLOURS, COLOURS[1:] + COLOURS[:1]):
                picture = self.picture(background, [(colour, 0.3, 0.6), (other, 0.7, 0.7)])
                t = Thing("cone", colour)
                asked = [
                    Component("placed", t, (0.32, 0.58)),
                    Component("place", place=(0.7, 0.7)),
                    Component("thing", t),
                    Component("relation", t, relation="left of", other=Thing(colour=other)),
                    Component("relation", t, relation="behind", other=Thing(colour=other)),
                ]
                wrong = [
                    Component("placed", t, (0.3, 0.75)),
                    Component("placed", t, (0.7, 0.7)),
                    Component("thing", Thing(colour=next(c for c in COLOURS if c not in (colour, other)))),
                    replace(asked[3], relation="right of"),
                    replace(asked[3], relation="above"),
                ]
                (said,) = self.judge.judge(picture[None], [asked + wrong])
                self.assertEqual([p >= 0.5 for p in said], [True] * 5 + [False] * 5, (background, colour, said))

    def test_above(self):
        picture = self.picture("studio", [("blue", 0.5, 0.4), ("red", 0.5, 0.65)])
        above = Component("relation", Thing(colour="blue"), relation="above", other=Thing(colour="red"))
        behind, below = replace(above, relation="behind"), replace(above, relation="below")
        (said,) = self.judge.judge(picture[None], [[above, behind, below]])
        self.assertEqual([p >= 0.5 for p in said], [True, False, False])

    def test_shape_alone_is_not_judged(self):
        cube = Component("thing", Thing("cube"))
        self.assertFalse(self.judge.supports(cube))
        self.assertTrue(self.judge.supports(Component("placed", Thing("cube", "red"), (0.5, 0.5))))
        with self.assertRaisesRegex(ValueError, "by their colour"):
            self.judge.judge(np.zeros((1, SIDE, SIDE, 3), np.uint8), [[cube]])


if __name__ == "__main__":
    unittest.main()
