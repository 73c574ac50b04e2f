"""python -m unittest test_fit_weights: the search on a judge that is known, resumption, and the models it makes. Seconds."""

import json
import math
import tempfile
import unittest
from pathlib import Path

import fit_weights
from fit_weights import Trials, compare, level_weights, search

PAIRS = [("background", "attributes"), ("attributes", "background")]


class Peak:
    """A judge to which picture i is right if the multipliers are near enough to those it likes best."""

    def __init__(self, best: list[float], pictures: int = 200):
        self.best, self.pictures, self.calls = best, pictures, 0

    def __call__(self, split: str, weights: list[dict]) -> list[bool]:
        self.calls += 1
        flat = [m for w in weights for m in w["multipliers"]]
        off = sum(abs(math.log(a / b)) for a, b in zip(flat, self.best, strict=True))
        return [off < 4 * (i + 1) / self.pictures for i in range(self.pictures)]


class FitTest(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def fit(self, judge) -> dict:
        return fit_weights.fit(Trials(self.folder / "trials.jsonl", judge, "model"), PAIRS, 2, 0.4, 0.1)

    def test_finds_what_the_judge_likes(self):
        best = [2.0, 1.0, 0.5, 1.5]
        found = self.fit(Peak(best))
        flat = [m for w in found["level_weights"] for m in w["multipliers"]]
        for got, want in zip(flat, best):
            self.assertLess(abs(math.log(got / want)), 0.15)
        self.assertTrue(found["test"]["wins"])
        self.assertGreater(found["test"]["learnt"], found["test"]["constant"])

    def test_leaves_what_does_not_matter(self):
        found = self.fit(lambda split, weights: [True, False])
        self.assertEqual([m for w in found["level_weights"] for m in w["multipliers"]], [1.0] * 4)
        self.assertFalse(found["test"]["wins"])

    def test_goes_on(self):
        class Stopped(Peak):
            def __call__(self, split, weights):
                if self.calls == 5:
                    raise KeyboardInterrupt
                return super().__call__(split, weights)

        with self.assertRaises(KeyboardInterrupt):
            self.fit(Stopped([2.0, 1.0, 0.5, 1.5]))
        with (self.folder / "trials.jsonl").open("a") as f:
            f.write('{"of": "cut')  # as a crash leaves it
        again, whole = Peak([2.0, 1.0, 0.5, 1.5]), Peak([2.0, 1.0, 0.5, 1.5])
        found = self.fit(again)
        (self.folder / "trials.jsonl").unlink()
        self.assertEqual(found, self.fit(whole))
        self.assertEqual(again.calls, whole.calls - 5)
        last = Peak([2.0, 1.0, 0.5, 1.5])
        self.fit(last)
        self.assertEqual(last.calls, 0)

    def test_multipliers_are_bounded(self):
        found = search(lambda v: [v[0] > k / 10 for k in range(100)], (0.0,), 0.5, 0.1, tell=lambda _: None)
        (w,) = level_weights(PAIRS[:1], found)
        self.assertLessEqual(w["multipliers"][0], fit_weights.MOST)
        self.assertGreater(w["multipliers"][0], 3)

    def test_compare(self):
        answers = compare([True] * 9 + [False, True], [False] * 8 + [True, True, True])
        self.assertEqual((answers["gained"], answers["lost"]), (8, 1))
        self.assertAlmostEqual(answers["p"], 10 / 512)
        self.assertTrue(answers["wins"])
        self.assertFalse(compare([True], [False])["wins"])
        self.assertFalse(compare([True, True], [True, True])["wins"])

    def test_candidate(self):
        model = self.folder / "model"
        model.mkdir()
        shard, name = {"sha256": "ab", "compression": "raw"}, "ab.raw"
        (model / name).write_bytes(b"x")
        extra = {"grammar": {"things": []}, "default": {"steps": 20}}
        (model / "manifest.json").write_text(json.dumps({"shards": [shard], "extra": extra}))
        weights = level_weights(PAIRS, (0.0, 0.1, 0.2, -0.1))
        for _ in range(2):
            made = fit_weights.candidate(model, self.folder / "made", weights)
        written = json.loads((made / "manifest.json").read_text())["extra"]
        self.assertEqual(written["level_weights"], weights)
        self.assertEqual(written["default"], {"steps": 20})
        self.assertEqual((made / name).read_bytes(), b"x")
        (model / "manifest.json").write_text(json.dumps({"shards": []}))
        with self.assertRaisesRegex(ValueError, "levels"):
            fit_weights.candidate(model, self.folder / "none", weights)

    def test_apply(self):
        (self.folder / "counterpoint.json").write_text(json.dumps({"default": {"steps": 20}}))
        found = {"level_weights": level_weights(PAIRS, (0.0,) * 4), "test": {"wins": False}}
        for wins, default in ((False, "constant"), (True, "learnt")):
            found["test"]["wins"] = wins
            fit_weights.apply(found, self.folder)
            extra = json.loads((self.folder / "counterpoint.json").read_text())
            self.assertEqual(extra["default"], {"steps": 20, "weights": default})
            self.assertEqual(extra["level_weights"], found["level_weights"])

    def test_pairs(self):
        self.assertEqual(fit_weights.parse_pairs("background:attributes,attributes:background"), PAIRS)
        for bad in ("sky:objects", "objects", "objects:objects,objects:objects"):
            with self.assertRaises(ValueError):
                fit_weights.parse_pairs(bad)


if __name__ == "__main__":
    unittest.main()
