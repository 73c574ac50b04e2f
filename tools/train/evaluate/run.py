"""Fills the cells of the evaluation. Killed at any time, it goes on where it was.

    python -m evaluate.run MODEL OUT --judges JUDGES --scenes TEST --unseen UNSEEN --engine COUNTERPOINT
    python -m evaluate.run MODEL OUT ... --cells 'headline,places-*' --count 2000
    python -m evaluate.run match MODEL --engine COUNTERPOINT --count 64

MODEL is a packed model folder, which the engine runs and PyTorch reads dequantised, or an exported one, for PyTorch
alone. TEST and UNSEEN are folders of tools/scenes, of -split train and heldout and of fresh seeds; only their truth
is read, so -size 16 will do. 280 conditions a cell want 12,000 and 3,000 scenes, 2,000 want 70,000 and 16,000: five
things that stand apart are in three scenes of a hundred.

    OUT/CELL/conditions.jsonl        what was asked, a picture a line
    OUT/CELL/pictures-00000.png      32 pictures one above the other, and a hash of all that they follow from
    OUT/CELL/verdicts-JUDGE.jsonl    probabilities, a picture a line
    OUT/CELL/result.json             the numbers

Pictures of another model, rule or condition than the cell's are made again, and it is said; so are verdicts of another
judge, from the pictures that are there.
"""

import argparse
import csv
import functools
import hashlib
import importlib
import json
import sys
import tempfile
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Iterator, Sequence

import numpy as np
import torch
from PIL import Image, PngImagePlugin

import common
from evaluate import cells, conditions, results
from evaluate.cells import Cell, Rule
from evaluate.components import Condition
from evaluate.pictures import EngineSampler, Sampler, TorchSampler, exported, identity, rows, speakable
from evaluate.results import Verdict

CHUNK = 32  # pictures made, judged and written at a time
ENGINE = Path(__file__).parents[3] / "bin" / "counterpoint"
USUAL_EVALUATION = 0.02  # seconds, of 128 pixels on two cores: the estimate before the first chunk


def digest(*parts) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def plain(condition: Condition) -> dict:
    """A condition as JSON, without what it leaves open."""
    bare = lambda d: {k: bare(v) if isinstance(v, dict) else v for k, v in d.items() if v is not None}
    d = asdict(condition)
    return {k: [bare(x) for x in v] if isinstance(v, tuple) else v for k, v in d.items()}


class Store:
    """A cell's folder."""

    def __init__(self, out: Path, cell: Cell, asked: Sequence[Condition], made_by: str):
        """made_by: the sampler's identity."""
        self.folder, self.cell, self.asked = out / cell.name, cell, asked
        self.recipe = digest(made_by, asdict(cell.rule), cell.size)
        self.chunks = [asked[i : i + CHUNK] for i in range(0, len(asked), CHUNK)]
        self.marks = [f"{self.recipe} {digest([plain(c) for c in chunk])}" for chunk in self.chunks]

    def write_conditions(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        with common.replace_file(self.folder / "conditions.jsonl") as temporary:
            temporary.write_text("".join(json.dumps(plain(c)) + "\n" for c in self.asked), "utf-8")

    def picture_file(self, k: int) -> Path:
        return self.folder / f"pictures-{k:05}.png"

    def mark_there(self, k: int) -> str | None:
        """What the pictures that are there were made from."""
        try:
            with Image.open(self.picture_file(k)) as image:
                return image.text.get("made from", "")
        except FileNotFoundError:
            return None

    def missing(self) -> tuple[list[int], bool]:
        """Chunks to be made, and whether some are there that were made by another recipe."""
        there = [self.mark_there(k) for k in range(len(self.chunks))]
        stale = any(mark is not None and not mark.startswith(self.recipe) for mark in there)
        return [k for k, mark in enumerate(there) if mark != self.marks[k]], stale

    def write_pictures(self, k: int, images: np.ndarray):
        want = (len(self.chunks[k]), self.cell.size, self.cell.size, 3)
        if images.shape != want or images.dtype != np.uint8:
            raise ValueError(f"{self.cell.name}: pictures are {images.dtype} {images.shape}, want uint8 {want}")
        facts = PngImagePlugin.PngInfo()
        facts.add_text("made from", self.marks[k])
        with common.replace_file(self.picture_file(k)) as temporary:
            Image.fromarray(images.reshape(-1, self.cell.size, 3)).save(temporary, "png", pnginfo=facts)

    def pictures(self, k: int) -> np.ndarray:
        """[N,S,S,3]"""
        with Image.open(self.picture_file(k)) as image:
            return np.asarray(image.convert("RGB")).reshape(-1, self.cell.size, self.cell.size, 3)

    def verdicts(self, judge: str, key: str) -> dict[int, list[Verdict]]:
        """Verdicts by chunk, those alone that are of the pictures asked for and of the judge that key stands for."""
        path = self.folder / f"verdicts-{judge}.jsonl"
        found: dict[int, list[Verdict]] = {}
        for line in path.read_text("utf-8").splitlines() if path.exists() else ():
            v = json.loads(line)
            k = v["chunk"]
            if k < len(self.marks) and v["of"] == digest(self.marks[k], key):
                found.setdefault(k, []).append(Verdict(v["want"], v["beside"]))
        return {k: vs for k, vs in found.items() if len(vs) == len(self.chunks[k])}

    def write_verdicts(self, judge: str, key: str, verdicts: dict[int, list[Verdict]]):
        with common.replace_file(self.folder / f"verdicts-{judge}.jsonl") as temporary:
            with temporary.open("w") as f:
                for k, chunk in sorted(verdicts.items()):
                    of = digest(self.marks[k], key)
                    f.writelines(json.dumps({"chunk": k, "of": of, **asdict(v)}) + "\n" for v in chunk)


def judgeable(judge, asked: Condition) -> list[bool]:
    """Which of the components wanted and asked beside a judge can tell. One that tells colours alone must not be
    asked for the absence of what it would take for something wanted: a red sphere, where a red cube is to be."""
    sees = getattr(judge, "sees", lambda c: c)
    wanted = [sees(c) for c in asked.want if c.present]
    able = lambda c: judge.supports(c) and (c.present or sees(replace(c, present=True)) not in wanted)
    return [able(c) for c in (*asked.want, *asked.beside)]


def judged(judge, images: np.ndarray, asked: Sequence[Condition]) -> list[Verdict]:
    """A judge's verdicts, None for what it can't tell."""
    able = [judgeable(judge, a) for a in asked]
    questions = [[c for c, ok in zip((*a.want, *a.beside), oks) if ok] for a, oks in zip(asked, able)]
    out = []
    for a, oks, said in zip(asked, able, judge.judge(images, questions)):
        left = iter(said)
        each = [round(float(next(left)), 4) if ok else None for ok in oks]
        out.append(Verdict(each[: len(a.want)], each[len(a.want) :]))
    return out


class Estimate:
    """Seconds an evaluation takes, by sampler, learnt on the way; evaluations are counted in those of 128 pixels."""

    def __init__(self, minutes: float | None):
        self.start, self.end = time.time(), None if minutes is None else time.time() + 60 * minutes
        self.spent: dict[str, tuple[float, float]] = {}  # seconds and evaluations

    def learn(self, kind: str, seconds: float, evaluations: float):
        a, b = self.spent.get(kind, (0.0, 0.0))
        self.spent[kind] = a + seconds, b + evaluations

    def seconds(self, kind: str, evaluations: float) -> float:
        a, b = self.spent.get(kind) or next(iter(self.spent.values()), (USUAL_EVALUATION, 1.0))
        return evaluations * a / b

    def late(self, seconds: float) -> bool:
        """Whether so much more work goes beyond the budget."""
        return self.end is not None and time.time() + seconds > self.end


def cost(asked: Sequence[Condition], cell: Cell) -> float:
    """Evaluations of a row that pictures take, in those of 128 pixels."""
    return sum(len(rows(c, cell.rule)) for c in asked) * cell.rule.evaluations * (cell.size / 128) ** 2


def words(seconds: float) -> str:
    return f"{seconds / 60:.1f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


class Evaluation:
    """All that cells are filled with."""

    def __init__(self, options: argparse.Namespace, judges: dict, judge_keys: dict[str, str]):
        self.o, self.judges, self.judge_keys = options, judges, judge_keys
        self.out: Path = options.out
        self.estimate = Estimate(options.budget)
        self.name, self.hash = identity(options.model)

    @functools.cache
    def truths(self, source: str) -> list[conditions.Truth]:
        folder = self.o.scenes if source == "seen" else self.o.unseen
        if folder is None:
            raise ValueError(f"want --{'scenes' if source == 'seen' else 'unseen'}, a folder of tools/scenes")
        found = conditions.scenes(folder)
        if source == "seen":
            conditions.check(found)
        return found

    @functools.cache
    def drawn(self, task: str, n: int, source: str, count: int) -> list[Condition]:
        return conditions.draw(task, n, self.truths(source), count, source)

    def asked(self, cell: Cell) -> list[Condition]:
        """A cell's conditions, one a picture, with seeds that follow on."""
        count = cell.count(self.o.count)
        drawn = self.drawn(cell.task, cell.n, cell.source, max(1, count // cell.repeats))
        if cell.repeats == 1:
            return drawn
        return [replace(drawn[i // cell.repeats], seed=drawn[0].seed + i) for i in range(count)]

    def kind(self, cell: Cell, asked: Sequence[Condition]) -> str:
        """Which sampler makes a cell's pictures: engine, torch, or the name of another model."""
        if cell.model != "scenes":
            return cell.model
        wanted = self.o.sampler or ("engine" if cell.engine or not torch.cuda.is_available() else "torch")
        packed = (self.o.model / "manifest.json").exists()
        return "engine" if wanted == "engine" and packed and speakable(asked, cell.rule) else "torch"

    @functools.cache
    def sampler(self, kind: str) -> Sampler:
        if kind == "torch":
            self.out.mkdir(parents=True, exist_ok=True)
            return TorchSampler(exported(self.o.model, self.o.engine, self.out), self.hash)
        if kind == "engine":
            if not self.o.engine.exists():
                raise ValueError(
                    f"{self.o.engine}: no such command; want --engine, or --sampler torch and an exported model"
                )
            return EngineSampler(self.o.model, self.hash, self.o.engine, self.o.threads)
        module, path = self.o.model_of[kind]
        return importlib.import_module(f"evaluate.{module}").sampler(path)

    def store(self, cell: Cell) -> tuple[Store, str]:
        """A cell's folder, and who makes its pictures."""
        asked = self.asked(cell)
        kind = self.kind(cell, asked)
        return Store(self.out, cell, asked, self.sampler(kind).identity), kind

    def fill(self, plan: list[Cell]) -> Iterator[Cell]:
        """Fills cells in turn and yields each; stops before a chunk that the budget has no time for."""
        work = [(*self.store(cell), cell) for cell in plan]
        left = [store.missing()[0] for store, _, _ in work]
        for i, (store, kind, cell) in enumerate(work):
            if store.missing()[1]:
                print(f"{cell.name}: made by another model, sampler or rule; made again", flush=True)
            store.write_conditions()
            while left[i]:
                k = left[i][0]
                size = cost(store.chunks[k], cell)
                if self.estimate.late(self.estimate.seconds(kind, size)):
                    print(f"the budget is spent; left: {' '.join(c.name for _, _, c in work[i:])}")
                    return
                start = time.time()
                images = self.sampler(kind).pictures(store.chunks[k], cell.rule, cell.size)
                seconds = time.time() - start
                store.write_pictures(k, images)
                left[i] = left[i][1:]
                row = dict(chunk=k, pictures=len(images), seconds=seconds, sampler=kind, of=store.marks[k])
                common.csv_log(store.folder / "log.csv", row)
                self.estimate.learn(kind, seconds, size)
                here, *later = (
                    sum(self.estimate.seconds(w, cost(s.chunks[x], c)) for x in missing)
                    for (s, w, c), missing in zip(work[i:], left[i:])
                )
                print(
                    f"{cell.name}: {sum(map(len, store.chunks[: k + 1]))} of {len(store.asked)} pictures, "
                    f"{seconds / len(images):.2f} s each by {kind}, {words(here)} left; "
                    f"all cells {words(here + sum(later))}",
                    flush=True,
                )
            self.finish(store, kind)
            yield cell

    def finish(self, store: Store, kind: str):
        """Judges what is not judged yet and writes the result."""
        cell, said = store.cell, {}
        for name, judge in self.judges.items():
            verdicts = {} if self.o.rejudge else store.verdicts(name, self.judge_keys[name])
            for k in sorted(set(range(len(store.chunks))) - set(verdicts)):
                verdicts[k] = judged(judge, store.pictures(k), store.chunks[k])
                store.write_verdicts(name, self.judge_keys[name], verdicts)
            said[name] = [v for k in range(len(store.chunks)) for v in verdicts[k]]
        result = {
            "cell": cell.name,
            "group": cell.group,
            "task": cell.task,
            "n": cell.n,
            "source": cell.source,
            "rule": asdict(cell.rule),
            "size": cell.size,
            "model": {
                "name": self.name if cell.model == "scenes" else cell.model,
                "identity": self.sampler(kind).identity,
            },
            "sampler": kind,
            "count": len(store.asked),
            "conditions": digest([plain(c) for c in store.asked]),
            "evaluations": self.evaluations(store, kind),  # a picture
            "seconds": self.seconds(store),
            "machine": common.machine(common.device(), 1),
            "command": self.command(cell, kind),
            "judges": {
                name: results.summary(store.asked, v) | {"identity": self.judge_keys[name]} for name, v in said.items()
            },
        }
        if len(said) == 2:
            result["agreement"] = results.agreement(store.asked, *said.values())
        if cell.repeats > 1:
            images = np.concatenate([store.pictures(k) for k in range(len(store.chunks))])
            result["diversity"] = results.diversity(images, cell.repeats)
        with common.replace_file(store.folder / "result.json") as temporary:
            temporary.write_text(json.dumps(result, indent=2) + "\n")
        print(f"{cell.name}: {verdict_line(result)}", flush=True)

    def evaluations(self, store: Store, kind: str) -> float:
        """A picture's. What flags cost, the engine knows."""
        if store.cell.rule.flags:
            return self.sampler(kind).evaluations(store.asked[0], store.cell.rule)
        return cost(store.asked, store.cell) / len(store.asked)

    @staticmethod
    def seconds(store: Store) -> float:
        """Sampling time of the pictures that are there, all starts together."""
        path, taken = store.folder / "log.csv", {}
        if path.exists():
            with path.open() as f:
                taken = {row["of"]: float(row["seconds"]) for row in csv.DictReader(f)}
        return round(sum(taken.get(mark, 0.0) for mark in store.marks), 2)

    def command(self, cell: Cell, kind: str) -> str:
        """What makes the cell again, in general names."""
        model_of = (
            f" --model-of {kind}={self.o.model_of[kind][0]}:FOLDER" if kind in self.o.model_of else f" --sampler {kind}"
        )
        given = f"--judges JUDGES --scenes TEST --unseen UNSEEN --count {self.o.count}"
        return f"python -m evaluate.run MODEL OUT {given} --cells {cell.name}{model_of}"


def verdict_line(result: dict) -> str:
    """A result in a line."""
    percent = lambda s: f"{100 * s['rate']:.1f} ± {100 * s['standard_error']:.1f} %" if s["count"] else "not judged"
    parts = []
    for name, s in result["judges"].items():
        inside = ", ".join(f"{k} {100 * c['rate']:.1f}" for k, c in s["components"].items())
        parts.append(f"{name} {percent(s)} ({inside})")
    if "agreement" in result:
        parts.append(f"agree {percent(result['agreement'])}")
    if "diversity" in result:
        parts.append(f"distance {result['diversity']['distance']:.4f}")
    return "; ".join(parts)


def load_judges(folder: Path | None) -> tuple[dict, dict[str, str]]:
    """The judges by name, and of each what changes when its verdicts may."""
    from evaluate.judge import LearntJudge
    from evaluate.palette import PaletteJudge

    judges = ([LearntJudge.load(folder)] if folder else []) + [PaletteJudge()]
    keys = {"palette": file_hash(Path(__file__).with_name("palette.py"))}
    if folder:
        keys["learnt"] = file_hash(folder / "judge.safetensors" if folder.is_dir() else folder)
    return {j.name: j for j in judges}, keys


def file_hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10]


MATCHED = (Rule(), Rule(steps=20, moves=0), Rule("mean", background="an empty scene"), Rule(guidance=6, max_guidance=None, moves=2, reach=None))


def match(options: argparse.Namespace):
    """Compares the engine's pictures with PyTorch's; ends with status 1 unless 99% of values are within 2 of 255."""
    asked = conditions.invented(options.count)
    _, key = identity(options.model)
    engine = EngineSampler(options.model, key, options.engine, options.threads)
    with tempfile.TemporaryDirectory() as folder:
        torch_sampler = TorchSampler(exported(options.model, options.engine, Path(folder)), key, exact=True)
    near, worst, seconds, per = [], 0, [0.0, 0.0], -(-options.count // len(MATCHED))
    for i in range(0, options.count, per):
        rule, part = MATCHED[i // per], asked[i : i + per]
        made = []
        for j, sampler in enumerate((engine, torch_sampler)):
            start = time.time()
            made.append(sampler.pictures(part, rule, options.size).astype(int))
            seconds[j] += time.time() - start
        difference = np.abs(made[0] - made[1])
        near += list((difference <= 2).mean((1, 2, 3)))
        worst = max(worst, int(difference.max()))
        left = sum(seconds) / len(near) * (options.count - len(near))
        print(f"{len(near)} of {options.count} pictures, {words(left)} left", flush=True)
    inside = float(np.mean(near))
    result = {"model": key, "pictures": len(near), "within 2/255": inside, "least of a picture": float(min(near))}
    result |= {
        "greatest difference": worst,
        "engine seconds": round(seconds[0], 1),
        "PyTorch seconds": round(seconds[1], 1),
    }
    print(json.dumps(result))
    if options.out:
        with common.replace_file(options.out) as temporary:
            temporary.write_text(json.dumps(result, indent=2) + "\n")
    if inside < 0.99:
        raise SystemExit(f"match: error: {100 * inside:.2f}% of values are within 2/255, want 99%")


def model_of(text: str) -> tuple[str, tuple[str, Path]]:
    name, _, rest = text.partition("=")
    module, _, path = rest.partition(":")
    if not (name and module and path):
        raise argparse.ArgumentTypeError(f"{text!r}, want NAME=MODULE:FOLDER")
    return name, (module, Path(path))


def main(arguments: Sequence[str]):
    matching = arguments[:1] == ["match"]
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("model", type=Path)
    p.add_argument("--engine", type=Path, default=ENGINE, metavar="COUNTERPOINT", help="the counterpoint command")
    p.add_argument("--threads", type=int, help="of the engine and of PyTorch; all cores otherwise")
    if matching:
        p.add_argument("--count", type=int, default=64)
        p.add_argument("--size", type=int, default=128, help="side of a picture in pixels")
        p.add_argument("--out", type=Path, help="a JSON file to write the result to")
    else:
        p.add_argument("out", type=Path)
        p.add_argument(
            "--judges", type=Path, help="of evaluate.judge; without it, the judge that isn't learnt is alone"
        )
        p.add_argument("--scenes", type=Path, metavar="TEST")
        p.add_argument("--unseen", type=Path, metavar="UNSEEN")
        p.add_argument("--count", type=int, default=300, help="conditions of a cell")
        p.add_argument("--cells", default="*", help="names or groups, with * and ?, commas between")
        p.add_argument("--sampler", choices=("engine", "torch"), help="instead of what the table says")
        p.add_argument("--budget", type=float, metavar="MINUTES", help="stop before it is exceeded")
        p.add_argument("--rejudge", action="store_true", help="judge again what was judged")
        p.add_argument("--model-of", type=model_of, action="append", default=[], metavar="NAME=MODULE:FOLDER",
                       help="who samples cells of another model: evaluate.MODULE.sampler(FOLDER)")  # fmt: skip
    o = p.parse_args(arguments[1:] if matching else arguments)
    if o.threads:
        torch.set_num_threads(o.threads)
    if matching:
        return match(o)
    if o.count < 1:
        raise ValueError(f"--count {o.count}: want at least 1")
    o.model_of = dict(o.model_of)
    plan = cells.chosen(o.cells)
    if skipped := [c.name for c in plan if c.model != "scenes" and c.model not in o.model_of]:
        print(f"left out, for want of --model-of: {' '.join(skipped)}")
        plan = [c for c in plan if c.name not in skipped]
    for _ in Evaluation(o, *load_judges(o.judges)).fill(plan):
        pass


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (ValueError, RuntimeError, OSError) as e:
        raise SystemExit(f"evaluate.run: error: {e}")
    except KeyboardInterrupt:
        raise SystemExit("evaluate.run: stopped; the same command goes on")
