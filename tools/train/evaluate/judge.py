"""Whether a picture shows a component: the judge that is learnt, from rendered scenes alone.

    python -m evaluate.judge train DATA JUDGES --hours 0.5 [--preset cpu|gpu] [--autoencoder RUN]   # again to go on
    python -m evaluate.judge calibrate DATA JUDGES          # the curves alone, where the questions have changed
    python -m evaluate.judge examine DATA JUDGES            # how far both judges can be trusted: JUDGES/judge.json

It finds the objects of a picture (detector.py) and then asks of each, or of each pair, whether it is what was asked:
what a picture shows is decided for the component that was asked, never by naming the picture. Positions are compared as
the renderer compares them, softly by about the error they are found with; that an object or a background is one
becomes a probability by logistic curves, fitted to scenes kept from training and near misses of theirs (questions.py).
Only renders are ever learnt from.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

import autoencoder
import data
from common import Clock, device, replace_file
from evaluate.components import BACKGROUNDS, COLOURS, NEAR, SHAPES, Component, Thing
from evaluate.detector import DEPTH_MARGIN, PRESETS, Detector, Found, Scenes, Training, find, halved
from evaluate.palette import PaletteJudge
from evaluate.questions import SIDE_MARGIN, Question, examination, relation_sort

KINDS = ("place", "placed", "thing", "relation", "background")
CURVES = {"object": "place", "background": "background"}  # and the kind of questions that each is fitted to
CALIBRATION_SCENES = 800
FILE = "judge.safetensors"

# How sharply positions decide: about the errors with which they are found.
NEAR_SOFT = 0.006  # of the picture
SIDE_SOFT = 0.006  # of the picture
DEPTH_SOFT = 0.12  # world units
ALIKE = 0.5  # world units: how alike the depths of a stacked object and its base are
LINE = 0.75  # of a relation's margin: of pairs within it the renderer says nothing, and a line must be drawn somewhere
UNDER_SOFT = 0.03  # of the picture: how near to where a stacked object's base is expected it is

Curve = tuple[float, float]


class Judge(Protocol):
    name: str

    def judge(self, images: np.ndarray, asked: Sequence[Sequence[Component]]) -> list[list[float]]:
        """The probability that component j of picture i is shown, whether it is to be or not; 0.5 is the threshold.
        images is uint8 RGB [N,S,S,3]."""

    def supports(self, component: Component) -> bool:
        """Whether it can judge such a component at all."""

    def sees(self, component: Component) -> Component:
        """The component as far as it is judged; parts that are not looked at are left out."""


def sigmoid(x):
    return 1 / (1 + np.exp(-np.clip(x, -60, 60)))


def curved(curve: Curve, p: np.ndarray) -> np.ndarray:
    """A probability as seen through a logistic curve over its log odds."""
    return sigmoid(curve[0] * log_odds(p) + curve[1])


def log_odds(p) -> np.ndarray:
    p = np.clip(np.asarray(p, np.float64), 1e-6, 1 - 1e-6)
    return np.log(p / (1 - p))


def likeness(found: Found, thing: Thing | None, object_curve: Curve) -> np.ndarray:
    """How likely each object found is such a thing [K]. Attributes are as the network gives them, without a
    curve: an object that is half a cube and half a cylinder is neither, and can never be both."""
    like = curved(object_curve, found.score)
    if thing and thing.shape:
        like = like * found.shape[:, SHAPES.index(thing.shape)]
    if thing and thing.colour:
        like = like * found.colour[:, COLOURS.index(thing.colour)]
    return like


def nearness(found: Found, c: Component) -> np.ndarray:
    """How likely each object found is at the component's place [K]; 1 if it has none."""
    if c.place is None:
        return np.ones(len(found.score))
    return sigmoid((NEAR - np.hypot(*(found.centre - c.place).T)) / NEAR_SOFT)


def stacked(found: Found) -> np.ndarray:
    """How likely the first stands on the second [K,K]."""
    away = np.square(found.under[:, None] - found.centre[None]).sum(2) / UNDER_SOFT**2
    away += np.square(found.depth[:, None] - found.depth[None]) / ALIKE**2
    return found.stands[:, None] * np.exp(-away / 2)


def related(found: Found, relation: str) -> np.ndarray:
    """How likely a relation holds of the first to the second [K,K], as tools/scenes/scene/scene.go has it."""
    on = stacked(found)
    if relation == "above":
        return on
    u, d = found.centre[:, 0], found.depth
    match relation:
        case "below":
            return on.T
        case "left of" | "in front of":
            x, margin, soft = (u, SIDE_MARGIN, SIDE_SOFT) if relation == "left of" else (d, DEPTH_MARGIN, DEPTH_SOFT)
            return sigmoid((x[None] - x[:, None] - LINE * margin) / soft) * np.clip(1 - on - on.T, 0, 1)
        case "right of":
            return related(found, "left of").T
        case "behind":
            return related(found, "in front of").T
    raise ValueError(f"relation {relation!r}: not one of the renderer's")


def probability(found: Found, c: Component, curves: dict[str, Curve]) -> float:
    """How likely a component is shown: by the object or the pair that shows it best."""
    if c.kind == "background":
        return float(curved(curves["background"], found.background[list(BACKGROUNDS).index(c.background)]))
    like = lambda thing: likeness(found, thing, curves["object"])
    if c.kind == "relation":
        pairs = like(c.thing)[:, None] * like(c.other)[None] * related(found, c.relation)
        np.fill_diagonal(pairs, 0)
        return float(pairs.max(initial=0))
    return float((like(c.thing) * nearness(found, c)).max(initial=0))


def fit_curve(x: np.ndarray, yes: np.ndarray) -> Curve:
    """slope, offset of the logistic curve through log odds x and answers, both answers weighing the same; by Newton."""
    weight = np.where(yes, 0.5 / max(1, yes.sum()), 0.5 / max(1, (~yes).sum()))
    design = np.stack([x, np.ones_like(x)], 1)
    curve = np.array([1.0, 0.0])
    pull = np.diag([1e-3, 1e-3])  # towards the identity, which is all there is where the answers are told apart fully
    for _ in range(50):
        p = sigmoid(design @ curve)
        slope = design.T @ (weight * (yes - p)) - pull @ (curve - [1.0, 0.0])
        bend = (design * (weight * p * (1 - p))[:, None]).T @ design + pull
        curve = curve + np.clip(np.linalg.solve(bend, slope), -1, 1)
    return float(curve[0]), float(curve[1])


def calibrate(found: list[Found], asked: list[list[Question]]) -> dict[str, Curve]:
    """The curves, of questions about the pictures in which found was found: whether an object is one at all, and
    whether a background is. Positions need none, being measured."""
    rows = {k: ([], []) for k in CURVES.values()}
    for f, questions in zip(found, asked):
        for q in questions:
            c = q.component
            if c.kind not in rows or q.sort == "edge":
                continue
            there = f.score * (nearness(f, c) > 0.5)
            x = f.background[list(BACKGROUNDS).index(c.background)] if c.kind == "background" else there.max(initial=0)
            rows[c.kind][0].append(x)
            rows[c.kind][1].append(q.sort == "shown")
    return {k: fit_curve(log_odds(x), np.array(yes, bool)) for k, (x, yes) in ((k, rows[v]) for k, v in CURVES.items())}


class LearntJudge:
    name = "learnt"

    def __init__(self, detector: Detector, curves: dict[str, Curve]):
        self.detector, self.curves = detector.eval(), curves

    @classmethod
    def load(cls, path: Path) -> "LearntJudge":
        """From a file of save, or from the folder that holds it."""
        path = path / FILE if path.is_dir() else path
        if not path.exists():
            raise SystemExit(f"{path} is not there: python -m evaluate.judge train DATA JUDGES makes it")
        with safe_open(path, "pt") as f:
            curves = json.loads((f.metadata() or {}).get("curves", "null"))
        if curves is None or set(curves) != set(CURVES):
            raise SystemExit(f"{path}: not a judge's file, its metadata has no curves of {', '.join(CURVES)}")
        detector = Detector()
        detector.load_state_dict(load_file(path))
        return cls(detector.to(device()), {k: tuple(v) for k, v in curves.items()})

    def save(self, path: Path, kind: torch.dtype = torch.float32):
        half = lambda x: x.to(kind) if x.is_floating_point() else x
        tensors = {k: half(v.detach().cpu()).contiguous() for k, v in self.detector.state_dict().items()}
        with replace_file(path) as temporary:
            save_file(tensors, temporary, {"curves": json.dumps(self.curves)})

    def supports(self, component: Component) -> bool:
        return component.kind in KINDS

    def sees(self, component: Component) -> Component:
        return component

    def judge(self, images: np.ndarray, asked: Sequence[Sequence[Component]]) -> list[list[float]]:
        images = halved(images)
        if len(images) != len(asked):
            raise ValueError(f"{len(images)} pictures, but components for {len(asked)}")
        return [[probability(f, c, self.curves) for c in cs] for f, cs in zip(find(self.detector, images), asked)]


Counts = dict[str, dict[str, list[int]]]  # by kind and sort: how many were asked, of how many it was said to be shown


def believed(judge: Judge, truth: dict, q: Question) -> str:
    """The sort of a question as far as a judge sees the component."""
    seen = judge.sees(q.component)
    if seen == q.component:
        return q.sort
    if seen.shown(truth):
        return "unseen"
    return relation_sort(seen, truth, q.sort) if seen.kind == "relation" else q.sort


def examine(judge: Judge, images: np.ndarray, truths: list[dict], asked: list[list[Question]], progress=None) -> Counts:
    """What a judge says of questions, those it supports. Where the answer is no, but yes as far as the judge looks, the
    question's sort is "unseen": it says what the judge is blind to, not how well it sees."""
    counts: Counts = {}
    for start in range(0, len(images), 100):
        some = [[q for q in qs if judge.supports(q.component)] for qs in asked[start : start + 100]]
        said = judge.judge(images[start : start + 100], [[q.component for q in qs] for qs in some])
        of = [truth for truth, qs in zip(truths[start : start + 100], some) for _ in qs]
        for truth, q, p in zip(of, sum(some, []), sum(said, [])):
            sort = q.sort if q.sort == "shown" else believed(judge, truth, q)
            row = counts.setdefault(q.component.kind, {}).setdefault(sort, [0, 0])
            row[0] += 1
            row[1] += p >= 0.5
        if progress:
            progress(min(start + 100, len(images)))
    return counts


def with_errors(counts: Counts) -> dict:
    """Counts as rates with standard errors, near misses and recall as they are published."""

    def row(n: int, shown: int) -> dict:
        p = (shown + 1) / (n + 2)  # so that none of n has an error too
        return {"asked": n, "said_shown": shown, "rate": shown / n, "error": float(np.sqrt(p * (1 - p) / n))}

    return {
        k: {s: row(*counts[k][s]) for s in sorted(counts[k], key=lambda s: s != "shown")} for k in KINDS if k in counts
    }


def summary(counts: Counts) -> dict[str, float]:
    """Recall and near misses of each kind, for the log of training."""
    out = {}
    for kind, sorts in counts.items():
        misses = [v for s, v in sorts.items() if s not in ("shown", "edge", "between", "unseen")]
        out[f"{kind}_recall"] = sorts["shown"][1] / sorts["shown"][0] if "shown" in sorts else float("nan")
        out[f"{kind}_false"] = sum(m[1] for m in misses) / max(1, sum(m[0] for m in misses))
    return out


def table(report: dict) -> str:
    """A report of with_errors by judge, as aligned text."""
    lines = [f"{'judge':8} {'kind':10} {'sort':10} {'asked':>6} {'said shown':>15}"]
    for judge, kinds in report.items():
        for kind, sorts in kinds.items():
            for sort, r in sorts.items():
                rate = f"{100 * r['rate']:6.2f} ± {100 * r['error']:.2f} %"
                lines.append(f"{judge:8} {kind:10} {sort:10} {r['asked']:6} {rate:>15}")
    return "\n".join(lines)


def calibrated(average: Detector, scenes: Scenes, run: Path, seed: int) -> dict[str, float]:
    """Fits the curves to scenes kept from training and saves the judge. Its figures are of half of those scenes, under
    curves fitted to the other half."""
    images, truths = scenes.held_out(CALIBRATION_SCENES)
    asked = examination(truths, seed)
    found = find(average, images)
    judge = LearntJudge(average, calibrate(found[::2], asked[::2]))
    counts = examine(judge, images[1::2], truths[1::2], asked[1::2])
    judge = LearntJudge(average, calibrate(found, asked))
    judge.save(run / FILE)
    judge.save(run / "judge-f16.safetensors", torch.float16)
    return summary(counts)


def train(folder: Path, run: Path, clock: Clock | None, preset: str, seed: int, vae: Path | None):
    """Without a clock, only the curves are fitted again."""
    scenes = Scenes(folder)
    training = Training(run, PRESETS[preset], seed)
    if training.step:
        print(f"goes on from step {training.step}", flush=True)
    if clock is None:
        print("  ".join(f"{k} {v:.4g}" for k, v in calibrated(training.average, scenes, run, seed).items()))
        return
    worse = autoencoder.load(vae).to(training.where).eval() if vae else None
    training.fit(scenes, worse, clock, lambda average: calibrated(average, scenes, run, seed))


def examine_all(folder: Path, run: Path, seed: int, name: str):
    """Adds to judge.json what both judges say of a folder's scenes."""
    parts = [data.read_chunk(*c) for c in data.chunks(folder)]
    if not parts:
        raise SystemExit(f"{folder}: no chunk of scenes; tools/scenes writes them")
    images = np.concatenate([halved(np.array(pixels)) for pixels, _ in parts])
    truths = [t for _, ts in parts for t in ts]
    asked = examination(truths, seed)
    report = {}
    for judge in (LearntJudge.load(run), PaletteJudge()):
        say = lambda done: print(f"\r{judge.name}: {done} of {len(images)}", end="", flush=True)
        report[judge.name] = with_errors(examine(judge, images, truths, asked, say))
        print()
    print(table(report))
    path = run / "judge.json"
    whole = json.loads(path.read_text("utf-8")) if path.exists() else {}
    whole[name] = {
        "scenes": len(truths),
        "scene_seeds": sorted({t["seed"] for t in truths}),
        "seed": seed,
        "judges": report,
    }
    with replace_file(path) as temporary:
        temporary.write_text(json.dumps(whole, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("command", choices=("train", "calibrate", "examine"))
    p.add_argument("data", type=Path, help="scenes; not those, nor the seed, that the other command is given")
    p.add_argument("judges", type=Path)
    p.add_argument("--hours", type=float, help="budget of training")
    p.add_argument("--until", help="its end as a time of day, HH:MM")
    p.add_argument("--preset", choices=PRESETS, default="cpu")
    p.add_argument("--autoencoder", type=Path, help="folder of vae.safetensors, that some renders go through")
    p.add_argument("--name", default="test", help="of the examination, in judge.json")
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--seed", type=int, default=0)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    if a.command != "examine":
        clock = Clock(a.hours, a.until) if a.command == "train" else None
        train(a.data, a.judges, clock, a.preset, a.seed, a.autoencoder)
    else:
        examine_all(a.data, a.judges, a.seed, a.name)
