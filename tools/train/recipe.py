"""From nothing to a packed and measured model, in one command that can be stopped and gone on with anywhere.

    python recipe.py WORK --preset gpu          # all stages, under WORK
    python recipe.py WORK --preset gpu --list   # what would run, and what is done
    python recipe.py WORK --preset gpu --measure weights/scenes   # only the evaluation, of another model

WORK/recipe.json keeps which stages are done, by their commands. A stage runs if it isn't there, if its command is
another, if what it makes is missing, or if a stage it needs was done after it. All that take long go on where they were
stopped.
"""

import argparse
import csv
import importlib.metadata
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from common import replace_file

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
JUDGE = ROOT / "weights" / "judge"  # what the results of the tree are of
NEEDED = ("go",)  # programs
COMPONENT_WIDTHS = "64,80"  # of the component models' UNets
COMPONENT_BYTES = 5_000_000  # of a component model, packed, at most


@dataclass(frozen=True)
class Preset:
    """How much of everything. Hours are of training alone."""

    small: int  # scenes of `side` pixels
    large: int  # and of twice as many
    judged: int  # scenes that the judge learns from
    test: int  # scenes that nothing is trained on
    unet_hours: float
    decoder_hours: float
    judge_hours: float
    other_hours: float  # of each of the models beside: the paper's recipe, and two component models
    count: int  # conditions of each cell of the evaluation
    trainer: str  # preset of train.py
    side: int = 128
    component: str = "core"  # preset of train.py for the component models
    part: int = 4000  # scenes of each of those
    cells: str = "*"  # of the evaluation
    matched: int = 64  # pictures made by the engine and by PyTorch
    compared: bool = True  # with the models beside, in the evaluation
    # Scenes that conditions are drawn from, seen and never seen, as many as evaluate.run wants for count; from other numbers they
    # would be other conditions. Of 16 pixels, since their truth alone is read.
    sources: tuple[int, int] = (20_000, 20_000)


PRESETS = {
    # Half a GPU hour of training, 20 + 4 + 4 minutes, and 12 for models that it is compared with.
    "gpu": Preset(
        small=40_000,
        large=20_000,
        judged=20_000,
        test=4000,
        unet_hours=20 / 60,
        decoder_hours=4 / 60,
        judge_hours=4 / 60,
        other_hours=4 / 60,
        count=2000,
        trainer="gpu",
        component="gpu",
        part=20_000,
        sources=(70_000, 16_000),
    ),
    "cpu": Preset(
        small=40_000,
        large=12_000,
        judged=12_000,
        test=2000,
        unet_hours=18,
        decoder_hours=1,
        judge_hours=0.75,
        other_hours=1,
        count=300,
        trainer="cpu",
    ),
    # That all stages fit together, in minutes on one core. What it makes is noise.
    "tiny": Preset(
        small=320,
        large=272,
        judged=200,
        test=64,
        unet_hours=15 / 3600,
        decoder_hours=5 / 3600,
        judge_hours=5 / 3600,
        other_hours=5 / 3600,
        count=4,
        trainer="tiny",
        component="tiny",
        part=272,
        side=64,
        sources=(1000, 1000),
        matched=4,
        cells="places-1,not-shape,places-1-paper,background-1-components",
    ),
}


@dataclass(frozen=True)
class Stage:
    name: str
    says: str
    command: list[str]
    makes: list[Path]
    needs: tuple[str, ...] = ()
    folder: Path = HERE  # that it runs in
    # Arguments that depend on how far an earlier start came, so that they don't make it another command.
    further: Callable[[], list[str]] = field(default=lambda: [])
    always: bool = False  # it finds out by itself what is left to do
    most_bytes: int | None = None  # of the folder that it makes


def stages(work: Path, preset: Preset, processes: int) -> list[Stage]:
    """All of them, in order: of training, then of measuring."""
    run, model, packed = work / "run", work / "model", work / "packed"
    return [
        *training(work, run, model, preset, processes),
        engine_stage(work),
        pack_stage("pack", work, model, packed, "export"),
        *beside(work, run, preset),
        *measuring(work, run, packed, work / "evaluation", work / "RESULTS.md", preset),
    ]


def measuring_alone(work: Path, packed: Path, preset: Preset) -> list[Stage]:
    """The stages that measure a packed model which is there, by the judge of the tree, so that figures of different models
    and days are of one judge. What is said of the shipped model is part of the tree."""
    shipped = packed == ROOT / "weights" / "scenes" and preset.trainer != "tiny"
    results = HERE / "evaluate" / "RESULTS.md" if shipped else work / f"RESULTS-{packed.name}.md"
    others = "paper/ema.safetensors", "components/objects", "components/backgrounds"
    preset = replace(preset, compared=all((work / name).exists() for name in others))
    todo = measuring(work, work / "run", packed, work / f"evaluation-{packed.name}", results, preset, JUDGE)
    todo.insert(0, engine_stage(work))
    names = {s.name for s in todo}
    return [replace(s, needs=tuple(n for n in s.needs if n in names)) for s in todo]


def scenes(work: Path, name: str, says: str, n: int, pixels: int, seed: int, split: str) -> Stage:
    folder = work / "data" / name
    command = ["go", "run", "./tools/scenes", "-n", f"{n}", "-size", f"{pixels}", "-seed", f"{seed}", "-split", split]
    return Stage(name, says, [*command, "-o", f"{folder}"], [folder / "index.json"], folder=ROOT)


def training(work: Path, run: Path, model: Path, preset: Preset, processes: int) -> list[Stage]:
    data, python, side = work / "data", sys.executable, preset.side
    many = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", f"{processes}"] if processes > 1 else []
    train = [python, *many, "train.py", f"{data}/train", f"{run}", "--large", f"{data}/train-large"]
    return [
        scenes(work, "train", "scenes to train on", preset.small, side, 1, "train"),
        scenes(work, "train-large", "larger scenes to train on", preset.large, 2 * side, 7, "train"),
        Stage(
            "encoder",
            "autoencoder: the encoder, and the linear decoder",
            [python, "autoencoder.py", "fit", f"{data}/train", f"{run}"],
            [run / "vae.safetensors"],
            ("train",),
        ),
        Stage(
            "unet",
            f"UNet and text encoder, {preset.unet_hours:.3g} hours",
            [*train, "--preset", preset.trainer, "--budget", f"{preset.unet_hours:.6g}"],
            [run / "ema.safetensors"],
            ("train", "train-large", "encoder"),
        ),
        Stage(
            "decoder",
            f"the autoencoder's decoder, {preset.decoder_hours:.3g} hours",
            [python, "autoencoder.py", "decoder", f"{data}/train", f"{run}", "--large", f"{data}/train-large"],
            [run / "decoder.csv"],
            ("train-large", "encoder"),
            further=lambda: ["--hours", f"{max(preset.decoder_hours - decoder_hours(run), 0):.6g}"],
        ),
        Stage(
            "export",
            "the model as diffusers' folder",
            [python, "export.py", f"{run}", f"{model}"],
            [model / "model_index.json"],
            ("unet", "decoder"),
        ),
    ]


def beside(work: Path, run: Path, preset: Preset) -> list[Stage]:
    """Models that the one is compared with: the paper's recipe, and two that were trained apart."""
    data, python, budget = work / "data", sys.executable, f"{preset.other_hours:.6g}"
    paper = [python, "paper.py", f"{data}/train", f"{work}/paper"]
    hours, weights = lambda: ["--hours", budget], work / "paper" / "ema.safetensors"
    small = work / "components-packed"
    todo = [Stage("paper", "the paper's recipe, small", paper, [weights], ("train",), further=hours)]
    for part, seed in (("backgrounds", 30), ("objects", 31)):
        own, folder = work / f"component-{part}", work / "components" / part
        render = ["go", "run", "./tools/scenes", "-n", f"{preset.part}", "-seed", f"{seed}", "-size", f"{preset.side}"]
        render += ["-only", part, "-o", f"{data}/{part}"]
        share = ["install", "-D", "-m", "644", f"{run}/vae.safetensors", f"{own}/vae.safetensors"]
        train = [python, "train.py", f"{data}/{part}", f"{own}", "--preset", preset.component]
        train += ["--widths", COMPONENT_WIDTHS, "--budget", budget]
        export = [python, "export.py", f"{own}", f"{folder}", "--name", part]
        todo += [
            Stage(part, f"scenes of {part} alone", render, [data / part / "index.json"], folder=ROOT),
            Stage(f"{part}-share", "the one autoencoder", share, [own / "vae.safetensors"], ("decoder",)),
            Stage(
                f"{part}-model",
                f"a small model of {part} alone",
                train,
                [own / "ema.safetensors"],
                (part, f"{part}-share"),
            ),
            Stage(f"{part}-export", "as diffusers' folder", export, [folder / "model_index.json"], (f"{part}-model",)),
            pack_stage(f"{part}-pack", work, folder, small / part, f"{part}-export", COMPONENT_BYTES),
        ]
    return todo


def engine_stage(work: Path) -> Stage:
    engine = work / "counterpoint"
    build = ["go", "build", "-trimpath", "-o", f"{engine}", "./tools/counterpoint"]
    return Stage("engine", "the engine's command", build, [engine], folder=ROOT)


def pack_stage(name: str, work: Path, model: Path, packed: Path, export: str, most_bytes: int | None = None) -> Stage:
    """export: the stage that makes the model."""
    pack = [f"{work}/counterpoint", "pack", f"{model}", "-o", f"{packed}", "--group", "16"]
    says = f"in int8 shards, {most_bytes / 1e6:g} MB at most" if most_bytes else "the model in int8 shards"
    return Stage(name, says, pack, [packed / "manifest.json"], (export, "engine"), most_bytes=most_bytes)


def judging(work: Path, run: Path, judges: Path, preset: Preset) -> list[Stage]:
    """The stages that make a judge."""
    data, python = work / "data", sys.executable
    train = [python, "-m", "evaluate.judge", "train", f"{data}/judged", f"{judges}"]
    train += ["--preset", "gpu" if preset.trainer == "gpu" else "cpu"]

    def so_far() -> list[str]:
        """The judge learns from pictures that went through the autoencoder too, where there is one."""
        worse = ["--autoencoder", f"{run}"] if (run / "vae.safetensors").exists() else []
        return ["--hours", f"{preset.judge_hours:.6g}", *worse]

    return [
        # The judge knows all combinations, those too that the model never saw.
        scenes(work, "judged", "scenes that the judge learns from", preset.judged, 128, 20, "all"),
        Stage(
            "judge",
            f"the judge that is learnt, {60 * preset.judge_hours:.3g} minutes",
            train,
            [judges / "judge.safetensors"],
            ("judged", "decoder"),
            further=so_far,
        ),
        Stage(
            "examine",
            "how far the judges can be trusted",
            [python, "-m", "evaluate.judge", "examine", f"{data}/test", f"{judges}"],
            [judges / "judge.json"],
            ("test", "judge"),
        ),
    ]


def measuring(
    work: Path, run: Path, packed: Path, measured: Path, results: Path, preset: Preset, judge: Path | None = None
) -> list[Stage]:
    """judge: one that is there; without it, one is made."""
    data, python, judges = work / "data", sys.executable, judge or work / "judges"
    evaluate = [python, "-m", "evaluate.run", f"{packed}", f"{measured}", "--engine", f"{work}/counterpoint"]
    evaluate += ["--judges", f"{judges}", "--scenes", f"{data}/seen", "--unseen", f"{data}/unseen"]
    evaluate += ["--count", f"{preset.count}", "--cells", preset.cells]
    for name, folder in {"paper": work / "paper", "components": work / "components"}.items():
        evaluate += ["--model-of", f"{name}=others:{folder}"] if preset.compared else []
    given_back = [python, "-m", "evaluate.reconstruction", f"{packed}", f"{measured}"]
    given_back += ["--engine", f"{work}/counterpoint", "--scenes", f"{data}/test", "--scenes", f"{data}/test-large"]
    report = [python, "-m", "evaluate.report", f"{measured}", "--judges", f"{judges}", "--run", f"{run}"]
    report += ["--ablation", f"{work}/ablation"]

    return [
        scenes(work, "test", "scenes that the judges are examined on", preset.test, 128, 1000, "all"),
        *([] if judge else judging(work, run, judges, preset)),
        scenes(work, "seen", "conditions of combinations seen in training", preset.sources[0], 16, 1002, "train"),
        scenes(work, "unseen", "conditions of combinations never seen", preset.sources[1], 16, 1003, "heldout"),
        Stage(
            "evaluate",
            f"composition, {preset.count} conditions a cell",
            evaluate,
            [measured],
            ("engine", "pack", "examine", "seen", "unseen", "paper", "backgrounds-export", "objects-export"),
            always=True,
        ),
        scenes(work, "test-large", "larger scenes to test the autoencoder on", preset.test, 2 * 128, 1004, "all"),
        Stage(
            "reconstruction",
            "what the autoencoder gives back",
            given_back,
            [measured / "reconstruction.json"],
            ("engine", "pack", "test", "test-large"),
        ),
        Stage(
            "match",
            "whether PyTorch's pictures are the engine's",
            [python, "-m", "evaluate.run", "match", f"{packed}", "--engine", f"{work}/counterpoint"]
            + ["--count", f"{preset.matched}", "--out", f"{measured}/match.json"],
            [measured / "match.json"],
            ("evaluate",),
        ),
        Stage(
            "report",
            "tables, plots and pictures of it",
            [*report, "-o", f"{results}"],
            [results],
            ("evaluate", "reconstruction", "match"),
            always=True,
        ),
    ]


def decoder_hours(run: Path) -> float:
    """How long the decoder was trained so far, all starts together; each logs minutes from its own start."""
    path = run / "decoder.csv"
    if not path.exists():
        return 0.0
    with path.open() as f:
        minutes = [float(row["minutes"]) for row in csv.DictReader(f)]
    return sum(a for a, b in zip(minutes, [*minutes[1:], -1.0]) if b < a) / 60


def missing_packages() -> list[str]:
    """What of requirements.txt isn't installed here, and, as a warning only, what is of another version."""
    missing = []
    for line in (HERE / "requirements.txt").read_text().splitlines():
        name, _, want = line.partition("#")[0].strip().partition("==")
        if not name:
            continue
        try:
            got = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
            continue
        if got.split("+")[0] != want:
            print(f"warning: {name} is {got}; the recipe was tried with {want}", file=sys.stderr)
    return missing


def check_machine():
    """Ends with what to do where something is missing."""
    if missing := missing_packages():
        raise SystemExit(
            f"recipe: error: Python at {sys.executable} lacks {', '.join(missing)}\n"
            f"hint: python3 -m venv .venv && .venv/bin/pip install -r {HERE.relative_to(ROOT)}/requirements.txt, "
            "then make train PYTHON=$PWD/.venv/bin/python"
        )
    for program in NEEDED:
        if shutil.which(program) is None:
            raise SystemExit(f"recipe: error: {program} isn't on the PATH; it renders scenes and packs models")


class Record:
    """Which stages are done, in WORK/recipe.json."""

    def __init__(self, work: Path):
        self.path = work / "recipe.json"
        self.done: dict[str, dict] = json.loads(self.path.read_text()) if self.path.exists() else {}

    def why(self, stage: Stage) -> str:
        """Why the stage must run; empty if it need not."""
        if stage.always:
            return "what is left of it"
        entry = self.done.get(stage.name)
        if entry is None:
            return "not done yet"
        if entry["command"] != stage.command:
            return "its command is another"
        if gone := [str(p) for p in stage.makes if not p.exists()]:
            return f"{gone[0]} is gone"
        if newer := [n for n in stage.needs if self.done.get(n, entry)["finished"] > entry["finished"]]:
            return f"{newer[0]} was done after it"
        return ""

    def keep(self, stage: Stage, seconds: float):
        before = self.done.get(stage.name, {}).get("seconds", 0.0)
        self.done[stage.name] = dict(command=stage.command, seconds=round(before + seconds, 1), finished=time.time())
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with replace_file(self.path) as temporary:
            temporary.write_text(json.dumps(self.done, indent=1) + "\n")


def run_stage(stage: Stage):
    """Runs it to its end. An interrupt reaches the command as well, which leaves what it has."""
    command = [*stage.command, *stage.further()]
    print("+", f"cd {stage.folder} &&", shlex.join(command), flush=True)
    code = subprocess.run(command, cwd=stage.folder).returncode
    if code:
        raise SystemExit(f"recipe: error: {stage.name} ended with {code}; the same command again goes on from there")
    if gone := [str(p) for p in stage.makes if not p.exists()]:
        raise SystemExit(f"recipe: error: {stage.name} ended well, but there is no {gone[0]}")
    made = stage.makes[0].parent
    size = sum(p.stat().st_size for p in made.rglob("*") if p.is_file()) if stage.most_bytes else 0
    if stage.most_bytes and size > stage.most_bytes:
        raise SystemExit(f"recipe: error: {stage.name}: {made} is {size:,} bytes, want at most {stage.most_bytes:,}")


def follow(todo: list[Stage], work: Path, only: set[str]):
    """Runs what must be run, in order."""
    record = Record(work)
    for i, stage in enumerate(todo, 1):
        if only and stage.name not in only:
            continue
        why = record.why(stage)
        print(f"[{i}/{len(todo)}] {stage.name}: {stage.says}: {why or 'done'}", flush=True)
        if why:
            began = time.time()
            run_stage(stage)
            record.keep(stage, time.time() - began)


def main(a: argparse.Namespace):
    work, preset = a.work.resolve(), PRESETS[a.preset]
    given = {"unet_hours": a.hours, "count": a.count, "cells": a.cells}
    preset = replace(preset, **{k: v for k, v in given.items() if v is not None})
    if a.measure:
        if not (a.measure / "manifest.json").exists():
            raise SystemExit(f"recipe: error: {a.measure}: no manifest.json, want a packed model")
        todo = measuring_alone(work, a.measure.resolve(), preset)
    else:
        todo = stages(work, preset, a.processes or devices(a.preset))
    unknown = a.only - {s.name for s in todo}
    if unknown:
        names = " ".join(s.name for s in todo)
        raise SystemExit(f"recipe: error: no stage {', '.join(sorted(unknown))}; there are {names}")
    if a.list:
        record = Record(work)
        for stage in todo:
            print(f"{stage.name:14} {record.why(stage) or 'done':24} {shlex.join([*stage.command, *stage.further()])}")
        return
    check_machine()
    follow(todo, work, a.only)


def devices(preset: str) -> int:
    """Processes to train with: a GPU each, or a core each, which is faster than threads of one process."""
    import torch

    if preset == "tiny":
        return 1
    return torch.cuda.device_count() or min(os.cpu_count() or 1, 8)


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("work", type=Path, help="folder for all that is made")
    p.add_argument("--preset", choices=PRESETS, required=True)
    p.add_argument("--hours", type=float, help="of the UNet's training, instead of the preset's")
    p.add_argument("--count", type=int, help="conditions of a cell of the evaluation, instead of the preset's")
    p.add_argument("--cells", help="of the evaluation, as evaluate.run has them")
    p.add_argument("--measure", type=Path, help="a packed model to measure; nothing is trained")
    p.add_argument("--processes", type=int, help="to train with; a GPU each, or a core each, unless said")
    p.add_argument("--only", type=lambda s: set(s.split(",")), default=set(), help="stages, with commas between")
    p.add_argument("--list", action="store_true", help="say what would run, and run nothing")
    main(p.parse_args())
