"""Fits what a model's manifest may declare of terms of one level beside another (weights/FORMAT.md, level_weights), and
says on other scenes whether that beats constant weights.

    python fit_weights.py MODEL OUT --engine COUNTERPOINT --judges JUDGES --scenes FIT --test TEST
    python fit_weights.py MODEL OUT ... --cells background-3,binding --pairs background:attributes --apply FOLDER

MODEL is a packed model folder. FIT and TEST are folders of tools/scenes, of seeds that nothing else has. The search is
over the logarithms of multipliers, one coordinate after the other, up and down, with steps that are halved where neither
helps: few parameters, and an objective that is a count, from which no gradient can be had. All candidates make the same
conditions with the same seeds, so that they are compared picture by picture.

    OUT/trials.jsonl    which pictures each candidate got right: a search that was stopped goes on from there
    OUT/weights.json    what was asked and found, and how it did on TEST beside constant weights

--apply writes what was found into an exported model's counterpoint.json, as its default if it won: if it was right on
more of the TEST pictures, by a difference that a fair coin would make in less than one of twenty trials.
"""

import argparse
import functools
import hashlib
import json
import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import Callable, Sequence

from common import replace_file

LEVELS = ("background", "objects", "attributes", "relations")
PAIRS = "background:attributes,attributes:background,attributes:attributes"
MOST = 4.0  # the engine's bound of a multiplier
SIGNIFICANT = 0.05

Vector = tuple[float, ...]  # logarithms of the pairs' multipliers, pair by pair
Right = Callable[[Vector], Sequence[bool]]  # which pictures show all that was asked for


def level_weights(pairs: Sequence[tuple[str, str]], vector: Vector) -> list[dict]:
    """A vector as the manifest has it."""
    knots = len(vector) // len(pairs)
    multipliers = [round(min(math.exp(v), MOST), 4) for v in vector]
    return [
        {"level": level, "beside": beside, "multipliers": multipliers[i * knots : (i + 1) * knots]}
        for i, (level, beside) in enumerate(pairs)
    ]


def search(right: Right, start: Vector, step: float, least: float, tell: Callable[[str], None] = print) -> Vector:
    """The best vector that coordinate search finds from start, with steps from step down to least. A candidate is better
    if it gets more pictures right; one that does as well is not, so that what does not matter stays as it is."""
    best, most = start, sum(right(start))
    tell(f"{most} right at the start")
    while step >= least:
        improved = False
        for i in range(len(start)):
            for sign in (1, -1):
                candidate = (*best[:i], round(best[i] + sign * step, 6), *best[i + 1 :])
                if math.exp(candidate[i]) > MOST:
                    continue
                if (n := sum(right(candidate))) > most:
                    best, most, improved = candidate, n, True
                    tell(f"{most} right at {[round(math.exp(v), 3) for v in best]}")
                    break
        if not improved:
            step /= 2
    return best


def compare(learnt: Sequence[bool], constant: Sequence[bool]) -> dict:
    """Paired answers. p is the chance of as many or more pictures that learnt weights alone get right, if each that the
    two differ in were a fair coin's (sign test, one-sided)."""
    gained = sum(a and not b for a, b in zip(learnt, constant, strict=True))
    lost = sum(b and not a for a, b in zip(learnt, constant, strict=True))
    n = gained + lost
    p = sum(math.comb(n, k) for k in range(gained, n + 1)) / 2**n
    return {
        "pictures": len(learnt),
        "learnt": sum(learnt),
        "constant": sum(constant),
        "gained": gained,
        "lost": lost,
        "p": p,
        "wins": p < SIGNIFICANT,
    }


class Trials:
    """Candidates' answers, kept in a file by what they follow from."""

    def __init__(self, path: Path, measure: Callable[[str, list[dict]], list[bool]], about: str):
        """measure(split, level_weights) makes and judges the pictures; about is what else the answers follow from."""
        self.path, self.measure, self.about = path, measure, about
        self.known: dict[str, list[bool]] = {}
        for line in path.read_text("utf-8").splitlines() if path.exists() else ():
            try:
                trial = json.loads(line)
            except json.JSONDecodeError:
                continue  # a line that was not written to its end
            self.known[trial["of"]] = [c == "1" for c in trial["right"]]

    def right(self, split: str, weights: list[dict]) -> list[bool]:
        of = hashlib.sha256(json.dumps([self.about, split, weights], sort_keys=True).encode()).hexdigest()[:16]
        if of not in self.known:
            self.known[of] = self.measure(split, weights)
            self.path.parent.mkdir(parents=True, exist_ok=True)
            text = "".join("01"[r] for r in self.known[of])
            ends = not self.path.exists() or self.path.read_bytes()[-1:] in (b"", b"\n")
            with self.path.open("a", encoding="utf-8") as f:
                row = {"of": of, "split": split, "level_weights": weights, "right": text}
                f.write(("" if ends else "\n") + json.dumps(row) + "\n")
        return self.known[of]


def candidate(model: Path, folder: Path, weights: list[dict]) -> Path:
    """A packed model that declares weights: another manifest beside the same shards."""
    manifest = json.loads((model / "manifest.json").read_text("utf-8"))
    extra = manifest.setdefault("extra", {})
    if not extra.get("grammar"):
        raise ValueError(f"{model}: the model does not say what its words are, so terms have no levels")
    extra["level_weights"] = weights
    folder.mkdir(parents=True, exist_ok=True)
    for shard in manifest["shards"]:
        name = f"{shard['sha256']}.{shard['compression']}"
        if not (folder / name).exists():
            (folder / name).symlink_to((model / name).resolve())
    with replace_file(folder / "manifest.json") as temporary:
        temporary.write_text(json.dumps(manifest), "utf-8")
    return folder


class Measure:
    """Pictures of the cells' conditions, by the engine, judged by the learnt judge."""

    def __init__(self, o: argparse.Namespace):
        from evaluate import cells, run

        self.o = o
        self.cells = [c for name in o.cells.split(",") for c in cells.chosen(name)]
        self.judges, self.keys = run.load_judges(o.judges)

    @property
    def about(self) -> str:
        """What answers follow from, beside the split and the weights."""
        from evaluate.pictures import identity

        return json.dumps([identity(self.o.model), [repr(c) for c in self.cells], self.o.count, self.keys["learnt"]])

    @functools.cache
    def asked(self, split: str, cell):
        from evaluate import conditions

        truths = conditions.scenes(self.o.scenes if split == "fit" else self.o.test)
        return conditions.draw(cell.task, cell.n, truths, self.o.count, cell.source)

    def __call__(self, split: str, weights: list[dict]) -> list[bool]:
        from evaluate import results
        from evaluate.pictures import EngineSampler, identity
        from evaluate.run import CHUNK, judged

        model = candidate(self.o.model, self.o.out / "candidate", weights)
        sampler, right = EngineSampler(model, identity(model)[1], self.o.engine, self.o.threads), []
        for cell in self.cells:
            asked = self.asked(split, cell)
            for i in range(0, len(asked), CHUNK):
                chunk = asked[i : i + CHUNK]
                images = sampler.pictures(chunk, replace(cell.rule, learnt=True), cell.size)
                said = judged(self.judges["learnt"], images, chunk)
                right += [bool(results.all_right(c.want, v.want)) for c, v in zip(chunk, said)]
        return right


def fit(trials: Trials, pairs: Sequence[tuple[str, str]], knots: int, step: float, least: float) -> dict:
    """What the search finds on the split for fitting, and how it does on the other one."""
    ones = (0.0,) * (knots * len(pairs))
    found = search(lambda v: trials.right("fit", level_weights(pairs, v)), ones, step, least)
    weights = level_weights(pairs, found)
    of = lambda split: compare(trials.right(split, weights), trials.right(split, level_weights(pairs, ones)))
    return {"level_weights": weights, "fit": of("fit"), "test": of("test")}


def apply(found: dict, folder: Path):
    """Declares what was found in an exported model's folder."""
    path = folder / "counterpoint.json"
    extra = json.loads(path.read_text("utf-8"))
    extra["level_weights"] = found["level_weights"]
    extra.setdefault("default", {})["weights"] = "learnt" if found["test"]["wins"] else "constant"
    with replace_file(path) as temporary:
        temporary.write_text(json.dumps(extra, indent=2) + "\n", "utf-8")


def parse_pairs(text: str) -> list[tuple[str, str]]:
    pairs = [tuple(p.split(":")) for p in text.split(",")]
    for p in pairs:
        if len(p) != 2 or not set(p) <= set(LEVELS) or pairs.count(p) > 1:
            raise ValueError(f"--pairs {text}: want LEVEL:BESIDE of {', '.join(LEVELS)}, each once, commas between")
    return pairs


def main(arguments: Sequence[str]):
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("model", type=Path)
    p.add_argument("out", type=Path)
    p.add_argument("--engine", type=Path, required=True, metavar="COUNTERPOINT", help="the counterpoint command")
    p.add_argument("--judges", type=Path, required=True, help="of evaluate.judge")
    p.add_argument("--scenes", type=Path, required=True, metavar="FIT", help="scenes to fit on")
    p.add_argument("--test", type=Path, required=True, metavar="TEST", help="scenes to compare on")
    p.add_argument("--cells", default="background-2,background-3,binding", help="of evaluate.cells")
    p.add_argument("--pairs", default=PAIRS, help="levels that have multipliers, as LEVEL:BESIDE")
    p.add_argument("--knots", type=int, default=2, help="multipliers of a pair, from the start of the run to its end")
    p.add_argument("--count", type=int, default=150, help="conditions of a cell")
    p.add_argument("--step", type=float, default=0.4, help="first step, of a multiplier's logarithm")
    p.add_argument("--least", type=float, default=0.1, help="last step")
    p.add_argument("--threads", type=int, help="of the engine; all cores otherwise")
    p.add_argument("--apply", type=Path, metavar="FOLDER", help="an exported model to write the weights into")
    o = p.parse_args(arguments)
    if o.scenes.resolve() == o.test.resolve():
        raise ValueError(f"--test {o.test}: want other scenes than those of the fit")
    if not 1 <= o.knots <= 16:
        raise ValueError(f"--knots {o.knots}: want 1 to 16")
    measure = Measure(o)
    trials = Trials(o.out / "trials.jsonl", measure, measure.about)
    found = fit(trials, parse_pairs(o.pairs), o.knots, o.step, o.least)
    found["asked"] = {name: getattr(o, name) for name in ("cells", "pairs", "knots", "count", "step", "least")}
    with replace_file(o.out / "weights.json") as temporary:
        temporary.write_text(json.dumps(found, indent=2) + "\n", "utf-8")
    test = found["test"]
    print(f"of {test['pictures']} test pictures learnt weights get {test['learnt']} right, constant ones "
          f"{test['constant']}: {'they win' if test['wins'] else 'no win'}, p = {test['p']:.3g}")  # fmt: skip
    if o.apply:
        apply(found, o.apply)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (ValueError, RuntimeError, OSError) as e:
        raise SystemExit(f"fit_weights: error: {e}")
    except KeyboardInterrupt:
        raise SystemExit("fit_weights: stopped; the same command goes on")
