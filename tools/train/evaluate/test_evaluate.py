"""python -m unittest: conditions, rules, samplers and cells that can be stopped anywhere. A few seconds."""

import argparse
import base64
import contextlib
import io
import json
import math
import tempfile
import unittest
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import numpy as np
import torch
from safetensors.torch import save_file

import autoencoder
import export
import model
import sample
import tokenizer
from evaluate import cells, conditions, results
from evaluate.cells import Cell, Rule
from evaluate.components import BACKGROUNDS, COLOURS, NEAR, RELATIONS, SHAPES, Component, Condition, Term, Thing
from evaluate.philox import noise, normal
from evaluate.pictures import TorchSampler, prompt, rows, speakable
from evaluate.results import Verdict
from evaluate.run import CHUNK, Evaluation, judged, main
from model import Architecture, Denoiser

GOLDENS = Path(__file__).parents[3] / "engine" / "sample" / "testdata" / "goldens.json"


def truth(rng: np.random.Generator, seen: bool) -> dict:
    """A scene as tools/scenes might say it, without its picture."""
    background = str(rng.choice(list(BACKGROUNDS)))
    objects, facts = [], []
    for _ in range(rng.integers(0, 6)):
        o = {"shape": str(rng.choice(SHAPES)), "colour": str(rng.choice(COLOURS))}
        combinations = (o["shape"], o["colour"]) in conditions.NEVER["colour"], (
            o["shape"],
            background,
        ) in conditions.NEVER["background"]
        if not (seen and any(combinations)):
            objects.append(
                o | {"centre": [round(float(x), 5) for x in rng.uniform((0.1, 0.4), (0.9, 0.9))], "depth": rng.random()}
            )
    for a, p in enumerate(objects):
        for b, q in enumerate(objects[:a]):
            found = [("left of", q["centre"][0] - p["centre"][0], 0.08), ("in front of", q["depth"] - p["depth"], 0.3)]
            for name, by, margin in found:
                if abs(by) > margin:
                    one = name if by > 0 else RELATIONS[name]
                    facts += [[a, one, b], [b, RELATIONS[one], a]]
    if seen and any((objects[a]["shape"], r, objects[b]["shape"]) in conditions.NEVER["relation"] for a, r, b in facts):
        return truth(rng, seen)
    return {"background": background, "objects": objects, "relations": facts}


def truths(count: int, seen: bool = True) -> list[dict]:
    rng = np.random.default_rng(3)
    return [truth(rng, seen) for _ in range(count)]


SEEN, UNSEEN = truths(800), truths(800, seen=False)
OF = {"seen": SEEN, "unseen": UNSEEN}


class ConditionsTest(unittest.TestCase):
    def test_true_of_their_scenes(self):
        """What a task asks of a scene, that scene shows."""
        for (task, source), choose in conditions.TASKS.items():
            n, made = {"binding": 2}.get(task, 1), 0
            for i, scene in enumerate(OF[source]):
                drawn = choose(np.random.default_rng(i), scene, n)
                if drawn:
                    made += 1
                    terms, want, beside = drawn
                    self.assertTrue(
                        conditions.holds(Condition(tuple(terms), tuple(want + beside), 0), scene), (task, want)
                    )
            self.assertGreater(made, 20, (task, source))

    def test_counts(self):
        for task, n in (("places", 1), ("places", 3), ("relations", 3), ("background", 3)):
            drawn = [
                d for i, s in enumerate(SEEN) if (d := conditions.TASKS[task, "seen"](np.random.default_rng(i), s, n))
            ]
            self.assertGreater(len(drawn), 20)
            for terms, want, _ in drawn:
                self.assertEqual(len(terms), n + (task == "background"))
                self.assertEqual(len(want), len(terms))

    def test_draw(self):
        """Distinct, the same every time, and no condition depends on how many there are."""
        few, many = (conditions.draw("places", 2, SEEN, n) for n in (10, 150))
        self.assertEqual(few, many[:10])
        self.assertEqual(len({frozenset(c.terms) for c in many}), 150)
        self.assertEqual([c.seed for c in many], list(range(many[0].seed, many[0].seed + 150)))
        self.assertNotEqual(few[0].terms, conditions.draw("places", 2, SEEN[::-1], 1)[0].terms)
        with self.assertRaisesRegex(ValueError, "2 scenes hold no condition"), mock.patch.object(
            conditions, "TRIES", 50
        ):
            conditions.draw("places", 2, SEEN[:2], 50)

    def test_places_are_apart(self):
        """One object can't be at two of the places asked for."""
        for c in conditions.draw("places", 3, SEEN, 60):
            centres = [w.place for w in c.want]
            self.assertGreaterEqual(min(math.dist(a, b) for a in centres for b in centres if a != b), 2 * NEAR)
            self.assertEqual([t.place for t in c.terms], centres)
            self.assertEqual([w.thing.noun() for w in c.beside], [t.text for t in c.terms])

    def test_implied(self):
        self.assertTrue(conditions.implied([(0, "left of", 1), (1, "right of", 0)]))
        self.assertTrue(conditions.implied([(0, "left of", 1), (2, "right of", 1), (0, "left of", 2)]))
        self.assertFalse(conditions.implied([(0, "left of", 1), (0, "in front of", 1), (0, "left of", 2)]))
        self.assertFalse(conditions.implied([(0, "left of", 1), (1, "in front of", 2), (0, "left of", 2)]))

    def test_unseen_are_held_out(self):
        """One combination of the kind is held out, and nothing else; in the seen cell, nothing."""
        never = conditions.NEVER
        self.assertIn(("cone", "right of", "cylinder"), never["relation"])
        self.assertEqual(Counter(len(v) for v in never.values()), Counter([6, 4, 24]))
        for source, held in (("unseen", True), ("seen", False)):
            for c in conditions.draw("new colour", 1, OF[source], 20, source):
                self.assertEqual((c.want[0].thing.shape, c.want[0].thing.colour) in never["colour"], held)
            for c in conditions.draw("new background", 1, OF[source], 20, source):
                self.assertEqual((c.want[1].thing.shape, c.want[0].background) in never["background"], held)
                self.assertNotIn((c.want[1].thing.shape, c.want[1].thing.colour), never["colour"])
            for c in conditions.draw("new relation", 1, OF[source], 20, source):
                (w,) = c.want
                self.assertEqual((w.thing.shape, w.relation, w.other.shape) in never["relation"], held)

    def test_wrong_scenes(self):
        with self.assertRaisesRegex(ValueError, "want scenes of -split train"):
            conditions.check(UNSEEN)
        with tempfile.TemporaryDirectory() as name:
            with self.assertRaisesRegex(ValueError, "no truth-"):
                conditions.scenes(Path(name))
            Path(name, "truth-00000.jsonl").write_text('{"background": "sand"}\n')
            with self.assertRaisesRegex(ValueError, "truth-00000.jsonl:1: KeyError"):
                conditions.scenes(Path(name))

    def test_spread(self):
        for seed in range(50):
            placed = conditions.spread(np.random.default_rng(seed), 3)
            for u, v in placed:
                self.assertTrue(0.2 <= u <= 0.8 and 0.56 <= v <= 0.8)
            self.assertGreater(math.dist(placed[0], placed[1]), 0.25)


A, B = Term("a red cube", (0.25, 0.6)), Term("a blue sphere", (0.7, 0.625))
SAND, NOT = Term("on sand"), Term("a tree", weight=-1.0)


def asked(*terms: Term, seed: int = 0) -> Condition:
    return Condition(terms, (), seed)


class RuleTest(unittest.TestCase):
    def test_shipped(self):
        shipped = Rule()
        self.assertEqual(
            (shipped.guidance, shipped.max_guidance, shipped.reach, shipped.steps, shipped.moves),
            (model.GUIDANCE, model.MAX_GUIDANCE, model.REACH, model.STEPS, model.MOVES),
        )

    def coefficients(self, rule: Rule, *terms: Term) -> list[tuple[str, float]]:
        return [(r.text, round(r.coefficient, 6)) for r in rows(asked(*terms), rule)]

    def test_sum(self):
        self.assertEqual(
            self.coefficients(Rule(), A, B, SAND), [("", -11), ("a red cube", 4), ("a blue sphere", 4), ("on sand", 4)]
        )
        five = self.coefficients(Rule(), A, B, SAND, Term("a cone"), Term("a car"))  # 20 are cut to 16
        self.assertEqual(five[:2], [("", -15), ("a red cube", 3.2)])
        self.assertEqual(self.coefficients(Rule(max_guidance=None, guidance=5), A, B, SAND, NOT)[0], ("", -9))
        self.assertEqual(self.coefficients(Rule(guidance=1), A), [("a red cube", 1)])  # the null row has no say

    def test_reach(self):
        """Beside a ground a thing is heard near its place, and the null row has the rest; a caption that says a ground everywhere."""
        cpu = SimpleNamespace(where=torch.device("cpu"))
        shares = lambda rule, *terms: TorchSampler.coefficients(cpu, [rows(asked(*terms), rule)], rule.reach, 16)[:, 0]
        null, a, sand = shares(Rule(reach=0.125), A, SAND)
        torch.testing.assert_close(null + a + sand, torch.ones(16, 16))
        self.assertTrue(a[9, 4] > 3.5 and a[9, 14] < 1e-3, "4 at the place itself, nothing far from it")
        self.assertEqual([x.unique().tolist() for x in (sand, shares(Rule("joined"), A, SAND)[1])], [[4], [4]], "a ground is heard everywhere")
        self.assertEqual([x.unique().tolist() for x in shares(Rule(reach=None), A, SAND)], [[-7], [4], [4]])
        self.assertEqual(shares(Rule("mean", guidance=1), A, SAND).unique().tolist(), [0.5], "no null row to take its place")
        self.assertEqual([x.unique().tolist() for x in shares(Rule(), A, B)], [[-7], [4], [4]], "no ground")

    def test_mean(self):
        self.assertEqual(
            self.coefficients(Rule("mean"), A, B, NOT),
            [("", 1 - 2), ("a red cube", 2), ("a blue sphere", 2), ("a tree", -2)],
        )

    def test_chance(self):
        """Asked for nothing, whatever the condition; the engine can't be, since 0 is a default to it."""
        self.assertEqual(self.coefficients(cells.CHANCE, A, B, NOT), [("", 1)])
        chance = [c for c in cells.TABLE if not c.rule.guidance]
        self.assertEqual([(c.name, c.group) for c in chance if c.model == "scenes"],
                         [("places-1-chance", "baseline"), ("places-3-chance", "baseline")])  # fmt: skip
        (paper,) = (c for c in chance if c.model == "paper")
        (like,) = (c for c in cells.TABLE if c.name == "places-1-paper")
        self.assertEqual((paper.name, paper.group), ("places-1-paper-chance", "paper"))
        self.assertEqual(paper.rule.steps, like.rule.steps)
        self.assertFalse(speakable([asked(A)], cells.CHANCE))

    def test_not(self):
        self.assertEqual(self.coefficients(Rule(), A, NOT), [("", 1), ("a red cube", 4), ("a tree", -4)])
        self.assertEqual(self.coefficients(Rule(negation=0.25), A, NOT), [("", -2), ("a red cube", 4), ("a tree", -1)])
        self.assertEqual(self.coefficients(Rule(negation=0), A, NOT), [("", -3), ("a red cube", 4)])

    def test_background(self):
        self.assertEqual(self.coefficients(Rule(background="an empty scene"), A)[0], ("an empty scene", -3))

    def test_joined(self):
        null, one = rows(asked(SAND, A, B, Term("a car")), Rule("joined"))
        self.assertEqual((null.coefficient, one.coefficient), (-3, 4))
        self.assertEqual(one.text, "a red cube, a blue sphere and a car on sand")
        self.assertEqual(one.places, (A.place, B.place))

    def test_prompt(self):
        self.assertEqual(prompt(asked(A, NOT), Rule()), "a red cube @(0.25000, 0.60000) AND NOT a tree")
        self.assertEqual(
            prompt(asked(SAND, A), Rule("mean", places=False)), "on sand :0.500000000 AND a red cube :0.500000000"
        )
        self.assertFalse(speakable([asked(A, B)], Rule("joined")))
        self.assertTrue(speakable([asked(A, B)], Rule("joined", places=False)))

    def test_table(self):
        names = Counter(c.name for c in cells.TABLE)
        self.assertEqual([n for n, k in names.items() if k > 1], [])
        for c in cells.TABLE:
            self.assertIn((c.task, c.source), conditions.TASKS)
        self.assertEqual({c.group for c in cells.chosen("headline,places-3-mean-4")}, {"headline", "sweep"})
        with self.assertRaisesRegex(ValueError, "no such cell"):
            cells.chosen("nothing*")


class NoiseTest(unittest.TestCase):
    def test_engine(self):
        for case in json.loads(GOLDENS.read_text())["noise"]:
            want = np.frombuffer(base64.b64decode(case["values"]), "<f4")
            got = normal(int(case["seed"]), case["call"], np.array(case["index"]))
            np.testing.assert_allclose(got, want, rtol=3e-7, atol=1e-12)
        self.assertEqual(noise(1, (2, 3, 4))[1, 2, 3], normal(1, 0, np.array([23]))[0])


class TorchSamplerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """A folder of random weights."""
        cls.temporary = tempfile.TemporaryDirectory()
        run, folder = Path(cls.temporary.name, "run"), Path(cls.temporary.name, "model")
        torch.manual_seed(0)
        words = tokenizer.words(tokenizer.VOCABULARY.read_text("utf-8"))
        tokenizer.save(words, run / "tokenizer")
        (run / "vocabulary.json").write_text(json.dumps(words))
        autoencoder.save(autoencoder.fit(torch.rand(16, 3, 32, 32) * 2 - 1, Architecture()), run)
        model = Denoiser.new(Architecture(), tokenizer.load(run / "tokenizer"))
        facts = dict(samples="1", hours="0.5", images="16", machine="test")
        save_file(model.state_dict(), run / "ema.safetensors", facts)
        export.write(run, folder)
        cls.sampler = TorchSampler(folder, "hash", exact=True)

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def test_composition(self):
        """The sum rule is sample.py's."""
        sources = {seed: torch.Generator().manual_seed(seed) for seed in (4, 5)}
        start = lambda seed, shape, call: torch.randn(shape, generator=sources[seed]).numpy()
        with mock.patch("evaluate.pictures.noise", start), torch.inference_mode():
            got = self.sampler.latents([asked(A, B, NOT, seed=4), asked(SAND, seed=5)], Rule(steps=2, reach=None), 8)
        terms = lambda *ts: [sample.Term(t.text, t.place or (math.nan, math.nan), t.weight) for t in ts]
        want = sample.compose(
            self.sampler.denoiser, self.sampler.tok, [terms(A, B, NOT), terms(SAND)], [4, 5], 8, steps=2
        )
        torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-4)

    def test_chance(self):
        """What was not asked for changes nothing."""
        rule = replace(cells.CHANCE, steps=2)
        with torch.inference_mode():
            got = self.sampler.latents([asked(A, B, seed=4), asked(seed=4), asked(SAND, seed=5)], rule, 8)
        torch.testing.assert_close(got[0], got[1], rtol=0, atol=0)
        self.assertGreater((got[2] - got[0]).abs().max(), 0.1)

    def test_neighbours(self):
        """A picture is of its own condition and seed alone, and a row may have several places."""
        rule = Rule("joined", steps=2)
        pictures = [asked(A, B, seed=7), asked(SAND, A, seed=8)]
        together = self.sampler.pictures(pictures, rule, 64)
        self.assertEqual(together.shape, (2, 64, 64, 3))
        alone = self.sampler.pictures(pictures[1:], rule, 64)[0]
        self.assertLessEqual(np.abs(together[1].astype(int) - alone).max(), 1)
        bump = self.sampler.places(rows(pictures[0], rule), 16)
        self.assertEqual(bump[0].abs().max(), 0)
        self.assertGreater(min(bump[1, 0, 9, 4], bump[1, 0, 9, 11]), 0.8)  # near the cells' middles
        with self.assertRaisesRegex(ValueError, "tokens, want at most"):
            self.sampler.pictures([asked(Term("a red cube " * 12))], rule, 64)


class FakeSampler:
    """Pictures that say their seed; stops with an error after so many calls."""

    def __init__(self, calls: int, identity: str = "fake"):
        self.identity, self.left, self.made = identity, calls, 0

    def pictures(self, conditions, rule, size):
        if not self.left:
            raise KeyboardInterrupt
        self.left, self.made = self.left - 1, self.made + len(conditions)
        return np.stack([np.full((size, size, 3), (c.seed + rule.steps) % 256, np.uint8) for c in conditions])


class FakeJudge:
    """Says that what is asked is shown if the picture's grey is even; knows no background."""

    def __init__(self, name: str):
        self.name, self.judged = name, 0

    def supports(self, component: Component) -> bool:
        return component.kind != "background"

    def judge(self, images, asked):
        self.judged += len(images)
        return [[float(image[0, 0, 0] % 2 == 0)] * len(cs) for image, cs in zip(images, asked)]


class Fake(Evaluation):
    def __init__(self, folder: Path, sampler: FakeSampler, key: str = "1", **options):
        model = folder / "model"
        model.mkdir(exist_ok=True)
        (model / "manifest.json").write_text('{"name": "fake"}')
        usual = dict(model=model, out=folder / "out", count=80, budget=None, sampler=None, rejudge=False, model_of={})
        judges = {name: FakeJudge(name) for name in ("learnt", "palette")}
        super().__init__(argparse.Namespace(**usual | options), judges, {"learnt": key, "palette": "1"})
        self.fake = sampler

    def truths(self, source):
        return OF[source]

    def sampler(self, kind):
        return self.fake

    def run(self, *plan: Cell) -> str:
        with contextlib.redirect_stdout(io.StringIO()) as said:
            list(self.fill(list(plan)))
        return said.getvalue()


PLACES = Cell("places-2", "headline", "places", 2, size=16)
GROUND = Cell("background-1", "headline", "background", 1, size=16)


class RunTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def files(self, folder: Path) -> dict[str, bytes]:
        """All that does not tell how long it took."""
        found = {
            p.relative_to(folder).as_posix(): p.read_bytes()
            for p in folder.rglob("*")
            if p.is_file() and p.name != "log.csv"
        }
        for name in [n for n in found if n.endswith("result.json")]:
            found[name] = json.dumps(json.loads(found[name]) | {"seconds": 0}).encode()
        return found

    def test_resumption(self):
        """Stopped after any chunk, it goes on to the very same files."""
        one, two = self.folder / "one", self.folder / "two"
        one.mkdir(), two.mkdir()
        Fake(one, FakeSampler(99)).run(PLACES, GROUND)
        made = 0
        for calls in (1, 3, 99):
            sampler = FakeSampler(calls)
            with contextlib.suppress(KeyboardInterrupt):
                Fake(two, sampler).run(PLACES, GROUND)
            made += sampler.made
        self.assertEqual(made, 160)
        self.assertEqual(self.files(one), self.files(two))

    def test_result(self):
        Fake(self.folder, FakeSampler(99)).run(PLACES, GROUND)
        result = json.loads((self.folder / "out" / "places-2" / "result.json").read_text())
        self.assertEqual(result["count"], 80)
        self.assertEqual(result["evaluations"], 57 / 64)  # in those of 128 pixels
        self.assertEqual(result["judges"]["learnt"]["rate"], 0.5)
        self.assertAlmostEqual(result["judges"]["learnt"]["standard_error"], math.sqrt(0.25 / 80))
        self.assertEqual(result["agreement"]["rate"], 1)
        result = json.loads((self.folder / "out" / "background-1" / "result.json").read_text())
        self.assertEqual(result["judges"]["learnt"]["count"], 0)  # a component that isn't judged
        self.assertEqual(result["judges"]["learnt"]["components"]["thing"]["count"], 80)
        lines = (self.folder / "out" / "background-1" / "conditions.jsonl").read_text().splitlines()
        self.assertEqual(len(lines), 80)
        self.assertEqual(json.loads(lines[0])["want"][0]["kind"], "background")

    def test_changes(self):
        """Another rule or model: made again, and said. Another judge: judged again, of the pictures that are there.
        More conditions: only the new ones are made."""
        Fake(self.folder, FakeSampler(99)).run(PLACES)
        cases = [
            (FakeSampler(99), {}, PLACES, 0, False),
            (FakeSampler(99), {"count": 80 + CHUNK}, PLACES, 16 + CHUNK, False),  # the last chunk was not full
            (FakeSampler(99), {"count": 70}, PLACES, 6, False),
            (FakeSampler(99, "other"), {"count": 64}, PLACES, 64, True),
            (
                FakeSampler(99, "other"),
                {"count": 64},
                Cell("places-2", "", "places", 2, Rule(steps=7), size=16),
                64,
                True,
            ),
        ]
        for sampler, options, cell, made, again in cases:
            said = Fake(self.folder, sampler, **options).run(cell)
            self.assertEqual(sampler.made, made, said)
            self.assertEqual("made again" in said, again)
        evaluation = Fake(self.folder, FakeSampler(0, "other"), key="2", count=64)
        evaluation.run(cell)
        self.assertEqual([j.judged for j in evaluation.judges.values()], [64, 0])
        evaluation = Fake(self.folder, FakeSampler(0, "other"), key="2", count=64, rejudge=True)
        evaluation.run(cell)
        self.assertEqual([j.judged for j in evaluation.judges.values()], [64, 64])

    def test_kind(self):
        """Who makes a cell's pictures: chance can't be said to the engine."""
        evaluation = Fake(self.folder, FakeSampler(99), count=2)
        evaluation.o.sampler = "engine"
        kinds = {}
        for cell in cells.chosen("places-1,places-3-joined,*-chance"):
            kinds[cell.name] = evaluation.kind(cell, evaluation.asked(cell))
        want = {"places-1": "engine", "places-3-joined": "torch", "places-1-paper-chance": "paper"}
        self.assertEqual(kinds, want | {"places-1-chance": "torch", "places-3-chance": "torch"})

    def test_budget(self):
        sampler = FakeSampler(99)
        said = Fake(self.folder, sampler, budget=0.0).run(PLACES, GROUND)
        self.assertEqual(sampler.made, 0)
        self.assertIn("the budget is spent; left: places-2 background-1", said)

    def test_a_judge_of_colours(self):
        """Is not asked whether a swapped thing is absent, whose colour is wanted; but is of a colour that isn't."""
        judge = FakeJudge("palette")
        judge.sees = lambda c: replace(c, thing=replace(c.thing, shape=None))
        thing = lambda *a, **k: Component("thing", Thing(*a), **k)
        want = (thing("cube", "red"), thing("sphere", "red", present=False), thing("sphere", "blue", present=False))
        (verdict,) = judged(judge, np.zeros((1, 16, 16, 3), np.uint8), [Condition((), want, 0)])
        self.assertEqual(verdict.want, [1, None, 1])

    def test_repeats(self):
        cell = Cell("diversity", "diversity", "places", 2, size=16, repeats=16, conditions=3)
        evaluation = Fake(self.folder, FakeSampler(99))
        pictures = evaluation.asked(cell)
        self.assertEqual(len({c.terms for c in pictures}), 3)
        self.assertEqual(len({c.seed for c in pictures}), 48)
        evaluation.run(cell)
        result = json.loads((self.folder / "out" / "diversity" / "result.json").read_text())
        steps = [abs(i - j) / 255 for i in range(16) for j in range(i)]  # greys that count up
        self.assertAlmostEqual(result["diversity"]["distance"], np.mean(steps), places=6)

    def test_errors(self):
        for arguments, says in (
            ([".", str(self.folder / "out"), "--count", "0"], "want at least 1"),
            ([".", str(self.folder / "out"), "--cells", "nothing"], "no such cell"),
        ):
            with self.assertRaisesRegex(ValueError, says):
                main(arguments)


class ResultsTest(unittest.TestCase):
    def test_all_must_hold(self):
        """A picture counts if everything wanted is there and nothing unwanted is."""
        cube = Component("thing", Thing("cube", "red"))
        wanted = Condition((), (cube, Component("thing", Thing("tree"), present=False)), 0)
        said = [[0.9, 0.1], [0.9, 0.8], [0.2, 0.1], [0.5, 0.49]]
        got = results.summary([wanted] * 4, [Verdict(s, []) for s in said])
        self.assertEqual((got["count"], got["successes"]), (4, 2))
        self.assertEqual(got["components"]["thing"]["rate"], 0.75)
        self.assertEqual(got["components"]["not thing"]["rate"], 0.75)
        other = [Verdict(s, []) for s in ([0.9, 0.1], [0.9, 0.1], [0.2, None], [0.1, 0.1])]
        agreed = results.agreement([wanted] * 4, [Verdict(s, []) for s in said], other)
        self.assertEqual((agreed["count"], agreed["successes"]), (3, 1))


if __name__ == "__main__":
    unittest.main()
