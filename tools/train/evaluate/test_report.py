"""python -m unittest evaluate.test_report: tables, ranks, sheets, and cells that were not run. Seconds."""

import json
import math
import shutil
import tempfile
import unittest
from pathlib import Path

import numpy as np

from evaluate import measured, report, results, sections, sheets, tables
from evaluate.cells import TABLE, Cell, Rule
from evaluate.components import Component, Condition, Term, Thing
from evaluate.measured import Measured, MeasuredError
from evaluate.run import Store, cost, plain
from fit_weights import compare


def share(k: int, n: int) -> dict:
    return results.share([i < k for i in range(n)])


class TablesTest(unittest.TestCase):
    def test_percent(self):
        self.assertEqual(tables.percent(share(45, 50)), "90.0 ± 4.2")
        self.assertEqual(tables.percent(share(50, 50)), f"100.0 ± {100 * math.sqrt(51 / 52 * 1 / 52 / 50):.1f}")
        self.assertEqual(tables.percent(None), "–")
        self.assertEqual(tables.difference(share(45, 50), share(25, 50)), "+40.0 ± 8.2")
        one, other = share(3, 4) | {"each": "1110"}, share(2, 4) | {"each": "0110-"}
        self.assertEqual(tables.difference(one, other, paired=True), "+25.0 ± 21.7")
        self.assertEqual(tables.difference(one, one, paired=True), "+0.0 ± 23.6")
        all_, none = ({"each": 4 * x} | share(4 * int(x), 4) for x in "10")
        self.assertEqual(tables.difference(none, all_, paired=True), "-100.0 ± 17.9")

    def test_negated(self):
        for left, kept, want in ((1, 97, "goal met"), (2, 97, "least met"), (4, 92, "least met"), (5, 100, "not met")):
            self.assertEqual(sections.negated(tables.complement(share(100 - left, 100)), share(kept, 100)), want)

    def test_ranks(self):
        self.assertEqual(tables.ranks([3, 1, 3, 2]), [3.5, 1, 3.5, 2])
        self.assertAlmostEqual(tables.spearman([1, 2, 3, 4], [1, 4, 9, 16]), 1)
        self.assertAlmostEqual(tables.spearman([1, 2, 3, 4], [1, 3, 2, 4]), 0.8)
        self.assertAlmostEqual(tables.kendall([1, 2, 3, 4], [1, 3, 2, 4]), 4 / 6)
        self.assertAlmostEqual(tables.kendall([1, 1, 2], [1, 2, 3]), 2 / math.sqrt(2 * 3))
        self.assertTrue(math.isnan(tables.kendall([1, 1], [1, 2])))

    def test_commands(self):
        of = lambda cell, count: {"cell": cell, "command": f"run --count {count} --cells {cell} --sampler engine"}
        three = [of("a", 4), of("b", 4), of("c", 5)]
        want = ["run --count 4 --cells 'a,b' --sampler engine", "run --count 5 --cells 'c' --sampler engine"]
        self.assertEqual(tables.commands(three, "x"), want)
        self.assertEqual(tables.commands(three[:2], "x"), ["run --count 4 --cells 'x' --sampler engine"])


class ReportTest(unittest.TestCase):
    """Of one cell with eight pictures, of which a judge finds five right."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.out = Path(folder.name) / "out"
        cell = next(c for c in TABLE if c.name == "places-3")
        place = Component("place", place=(0.3, 0.6))
        red = Component("placed", Thing("cube", "red"), (0.3, 0.6))
        asked = [Condition((Term("a red cube", (0.3, 0.6)),), (place,), 7 + i, (red,)) for i in range(8)]
        store = Store(self.out, cell, asked, "abc engine")
        store.write_conditions()
        store.write_pictures(0, np.full((8, 128, 128, 3), 99, np.uint8))
        verdicts = [results.Verdict([0.9 if i < 5 else 0.1], [0.9 if i < 4 else 0.1]) for i in range(8)]
        store.write_verdicts("learnt", "key", {0: verdicts})
        result = {
            "cell": "places-3",
            "task": "places",
            "n": 3,
            "rule": {"guidance": 4.0},
            "size": 128,
            "model": {"name": "scenes", "identity": "abc engine"},
            "sampler": "engine",
            "count": 8,
            "evaluations": 80.0,
            "seconds": 4.0,
            "machine": "a machine",
            "command": "python -m evaluate.run MODEL OUT --count 8 --cells places-3 --sampler engine",
            "judges": {"learnt": results.summary(asked, verdicts)},
        }
        (self.out / "places-3" / "result.json").write_text(json.dumps(result))
        self.judges = Path(folder.name) / "judges"
        self.judges.mkdir()
        recall = {"place": {"shown": {"asked": 100, "said_shown": 90, "rate": 0.9, "error": 0.03}}}
        examined = {"test": {"scenes": 10, "scene_seeds": [1000], "seed": 0, "judges": {"learnt": recall}}}
        (self.judges / "judge.json").write_text(json.dumps(examined))
        self.measured = Measured.of(None, self.out, self.judges, None, None)

    def test_results(self):
        path = self.out.parent / "RESULTS.md"
        report.write(self.measured, path)
        text = path.read_text()
        error = 100 * math.sqrt(5 / 8 * 3 / 8 / 8)
        row = f"**62.5 ± {error:.1f}** | – | 72.9 | 98 / 90 | not met | 31.4 ± 1.3 | 95.0 | 8 |"
        for line in (
            f"| places, n = 3 | {row}",
            "| places-3 | 62.5 ± 17.1 | 50.0 ± 17.7 |",
            "    python -m evaluate.run MODEL OUT --count 8 --cells 'places-3' --sampler engine",
        ):
            self.assertIn(line, text.splitlines())
        self.assertTrue(any(line.startswith("| places, n = 1 | not run |") for line in text.splitlines()))
        for cell in TABLE:
            self.assertTrue(cell.name in text, f"{cell.name} was not run, and is not named")
        for link in ("plots/accuracy.png", "plots/places-3.jpg"):
            self.assertIn(f"]({link})", text)
            self.assertTrue((path.parent / link).exists())
        self.assertNotIn("{", text.replace("--cells {", ""), "all braces of the template are filled in")

    def test_kept(self):
        """What was measured stays when its folders are gone; what is measured again takes its place."""
        path = self.out.parent / "RESULTS.md"
        report.write(self.measured, path)
        before = path.read_text()
        report.write(Measured.of(report.kept(path), None, None, None, None), path)
        self.assertEqual(path.read_text(), before)

        folder = self.out / "places-1"
        folder.mkdir()
        result = dict(self.measured.results["places-3"], cell="places-1", n=1, count=9)
        (folder / "result.json").write_text(json.dumps(result))
        shutil.rmtree(self.out / "places-3")
        both = Measured.of(report.kept(path), self.out, None, None, None)
        self.assertEqual({n: r["count"] for n, r in both.results.items()}, {"places-3": 8, "places-1": 9})
        (folder / "result.json").write_text("{")
        with self.assertRaisesRegex(MeasuredError, "places-1/result.json: .*want JSON"):
            Measured.of(report.kept(path), self.out, None, None, None)

    def test_of_two_versions(self):
        """Cells of an older version are named, and compared with none of the newer."""
        cells = {}
        for name, version in {"places-3": "new", "places-1": "new", "places-3-joined": "old"}.items():
            cells[name] = self.measured.results["places-3"] | {"model": {"name": "scenes", "identity": f"{version} engine"}}
        m = Measured({"cells": cells})
        self.assertEqual((m.hash, m.others()), ("new", ["places-3-joined"]))
        self.assertIn("with none of this one: places-3-joined.", sections.head(m, {})[-1])
        self.assertEqual(m.difference("places-3-joined", "places-3"), "–")
        self.assertEqual(m.difference("places-1", "places-3"), "+0.0 ± 14.1")
        self.assertEqual(m.difference("places-3", "places-3"), "")

    def test_training_goes_on(self):
        """The log of a run that went on with another folder is that of both; what came after where it went on is not."""
        log = lambda *samples: [{"samples": s, "loss": 1.0} for s in samples]
        old = {"training": {"log": log(1, 2, 3), "probe": [], "decoder": [{"learnt": 30.0}]}}
        new = {"training": {"log": log(3, 4), "probe": log(4), "decoder": []}}
        both = measured.merged(old, new)["training"]
        self.assertEqual([row["samples"] for row in both["log"]], [1, 2, 3, 4])
        self.assertEqual(both["decoder"], [{"learnt": 30.0}])
        many = measured.thinned(log(*range(1000)))
        self.assertLessEqual(len(many), measured.LOG_ROWS)
        self.assertEqual(many[-1]["samples"], 999)

    def test_shipped(self):
        """RESULTS.md says what RESULTS.json does."""
        path = sections.TEMPLATE.with_name("RESULTS.md")
        m = Measured.of(report.kept(path), None, None, None, None)
        self.assertEqual(path.read_text("utf-8"), report.text(m, report.pictures(path)))

    def test_learnt_weights(self):
        asked = {"cells": "background-3", "count": 80}
        weights = [{"level": "background", "beside": "attributes", "multipliers": [1.0, 0.67]}]
        found = {"level_weights": weights, "fit": compare([True], [False]), "test": compare([True] * 3, [True] * 3)}
        (self.out / "fitted").mkdir()
        (self.out / "fitted" / "weights.json").write_text(json.dumps(found | {"asked": asked}))
        _, table, told, command = sections.levels(Measured.of(None, self.out, None, None, None), {})
        self.assertIn("| background | attributes | 1, 0.67 |", table)
        self.assertIn("on the 3\nof the comparison 3 and 3: 0 gained, 0 lost, p = 1. They do not win", told)
        self.assertIn("--cells background-3 --count 80", command)

    def test_readme_row(self):
        row = sections.readme_row(self.measured).splitlines()[2]
        self.assertEqual(row, "| places | not run (86, 99) | not run (59, 98) | **62** ± 17.1 (31, 95) | not run |")

    def test_sheet(self):
        found = sheets.judged(self.measured, "places-3")
        self.assertEqual([j.seed for j in found], list(range(7, 15)))
        self.assertEqual([j.success for j in found], [True] * 5 + [False] * 3)
        self.assertEqual(found[0].lines, [("a red cube @(0.30, 0.60)", True)])

    def test_components_come_back(self):
        for c in (
            Component("relation", Thing("cube", "red"), relation="left of", other=Thing("cone", "blue")),
            Component("background", background="snow", present=False),
            Component("placed", Thing("car", None), (0.25, 0.75)),
        ):
            self.assertEqual(sheets.component(json.loads(json.dumps(plain(Condition((), (c,), 0))))["want"][0]), c)

    def test_cost(self):
        """In evaluations of 128 pixels: of twice the size four times as much, less where a smaller picture is first."""
        asked = [Condition((Term("a red cube"), Term("on sand")), (), 0)]
        costs = {hires: cost(asked, Cell("x", "sweep", "places", 1, Rule(hires=hires), size=256)) for hires in (1, 2)}
        self.assertEqual(costs, {1: 4 * 3 * 19, 2: 3 * 19 + 4 * 3 * 9})


if __name__ == "__main__":
    unittest.main()
