"""What helps: variants of the training, each for the same time, measured alike.

    python ablate.py SCENES RUN OUT --minutes 10
    python ablate.py SCENES RUN OUT --minutes 10 --variants shipped,coind --from RUN/ema.safetensors
    python ablate.py SCENES RUN OUT --minutes 10 --widths 48,64     # narrower UNets, which learn more in the time
    python ablate.py SCENES RUN OUT --minutes 10 --judges JUDGES --scenes TEST     # and judge pictures

RUN is a run whose autoencoder the variants share. Each variant is a run of its own in OUT/VARIANT, new or, with --from,
one that goes on from those weights, and is gone on with where it was stopped. OUT/ablation.json has the numbers, which
evaluate.report puts into a table; variants that were not run are named there too.
"""

import argparse
import csv
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file

import autoencoder
import data
import export
import objective
import sample
import tokenizer
from common import device, replace_file
from loop import save_weights
from model import PATCH, Denoiser
from train import PRESETS, widths

HERE = Path(__file__).resolve().parent
CHANNELS = 8  # of the shipped latent
DIVERSE = (4, 16)  # conditions, and pictures of each


@dataclass(frozen=True)
class Variant:
    says: str
    architecture: dict = field(default_factory=dict)  # what is other than model.Architecture's default
    objective: dict = field(default_factory=dict)  # what is other than objective.Objective's

    @property
    def from_scratch(self) -> bool:
        """Whether weights of the shipped architecture are no start for it."""
        return bool(self.architecture)


VARIANTS = {
    "shipped": Variant("as shipped"),
    "even": Variant("errors count alike everywhere", objective={"focus": 0.0}),
    "place-bare": Variant("place as a bare map", {"place": "bare"}),
    "place-words": Variant("place as words", {"place": "words"}),
    "mix-more": Variant("captions that say more", objective={"mix": "more"}),
    "mix-less": Variant("captions that say less", objective={"mix": "less"}),
    "coind": Variant("CoInD's independence term, weight 1", objective={"coind": 1.0}),
    "min-snr": Variant("min-SNR weighting, γ = 5", objective={"min_snr": 5.0}),
    "epsilon": Variant("noise predicted, schedule that ends before pure noise", {"prediction": "epsilon"}),
    "latent-4": Variant("4 latent channels", {"latent_channels": 4}),
    "latent-16": Variant("16 latent channels", {"latent_channels": 16}),
    "text-1": Variant("text encoder of 1 layer", {"text_layers": 1}),
    "text-6": Variant("text encoder of 6 layers", {"text_layers": 6}),
}


def prepare(variant: Variant, a: argparse.Namespace, folder: Path):
    """A run that train.py will begin as the variant says. One that has begun is left as it is."""
    run, start = a.run, a.start
    if (folder / "ema.safetensors").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(run / "tokenizer", folder / "tokenizer", dirs_exist_ok=True)
    shutil.copy(run / "vocabulary.json", folder)
    narrower = {"widths": a.widths} if a.widths else {}
    (folder / export.ARCHITECTURE_FILE).write_text(json.dumps(narrower | variant.architecture))
    (folder / objective.OBJECTIVE_FILE).write_text(json.dumps(variant.objective))
    channels = variant.architecture.get("latent_channels", CHANNELS)
    if channels == CHANNELS:
        shutil.copy(run / autoencoder.FILE, folder)
    else:
        images = torch.cat([data.to_float(data.read_chunk(*c)[0]) for c in data.chunks(a.data)[:2]])
        autoencoder.save(autoencoder.fit(images, export.architecture(folder)), folder)
    if start:
        save_weights(load_file(start), folder / "ema.safetensors", dict(samples=0, hours=0.0, images=0, machine=""))


def train(variant: Variant, a: argparse.Namespace, folder: Path):
    """train.py for a.minutes in all; where latents are new, half as long for their decoder."""
    command = ["train.py", a.data, folder, "--preset", a.preset, "--budget", f"{a.minutes / 60:.6g}", "--seed", a.seed]
    command += ["--cpu-time"] if device().type == "cpu" else []  # nothing else that runs here makes it unfair
    subprocess.run([sys.executable, *map(str, command)], cwd=HERE, check=True)
    if "latent_channels" in variant.architecture and not (folder / "decoder.csv").exists():
        decoder = ["autoencoder.py", "decoder", a.data, folder, "--hours", f"{a.minutes / 120:.6g}"]
        subprocess.run([sys.executable, *map(str, decoder)], cwd=HERE, check=True)


def facts(folder: Path) -> dict:
    """Samples and gains of a run that has ended."""
    with safe_open(folder / "ema.safetensors", "pt") as f:
        about = f.metadata()
    with (folder / "probe.csv").open() as f:
        last = list(csv.DictReader(f))[-1]
    gains = {k: float(v) for k, v in last.items() if k != "samples"}
    return {"samples": int(about["samples"]), "machine": about["machine"], "gains": gains}


class Sampler:
    """A run's smoothed weights, asked as evaluate's conditions are."""

    def __init__(self, folder: Path):
        self.tok = tokenizer.load(folder / "tokenizer")
        self.vae = autoencoder.load(folder).to(device()).eval()
        self.denoiser = Denoiser.new(export.architecture(folder), self.tok)
        self.denoiser.load_state_dict(load_file(folder / "ema.safetensors"))
        self.denoiser.to(device()).eval()

    def pictures(self, conditions, seeds: list[int], size: int = 128) -> np.ndarray:
        """uint8 [N,size,size,3]"""
        terms = [[sample.Term(t.text, t.place or data.NOWHERE, t.weight) for t in c.terms] for c in conditions]
        images = []
        for i in range(0, len(terms), 16):
            z = sample.compose(self.denoiser, self.tok, terms[i : i + 16], seeds[i : i + 16], size // PATCH)
            with torch.inference_mode():
                images.append(data.to_pixels(self.vae.decode(z)))
        return np.concatenate(images)


def judged(folder: Path, judges: Path, scenes: Path, count: int) -> dict:
    """Accuracy in places and binding, and how much pictures of one condition differ."""
    from evaluate import conditions, results
    from evaluate.judge import LearntJudge

    judge, sampler, truths = LearntJudge.load(judges), Sampler(folder), conditions.scenes(scenes)
    found = {}
    for name, task, n in (("places-3", "places", 3), ("binding", "binding", 2)):
        asked = conditions.draw(task, n, truths, count)
        images = sampler.pictures(asked, [c.seed for c in asked])
        said = judge.judge(images, [c.want for c in asked])
        found[name] = results.share([bool(results.all_right(c.want, s)) for c, s in zip(asked, said)])
    several, repeats = DIVERSE
    asked = [c for c in conditions.draw("places", 3, truths, several) for _ in range(repeats)]
    images = sampler.pictures(asked, list(range(len(asked))))
    return {"judged": found, "diversity": results.diversity(images, repeats)}


def measure(name: str, a: argparse.Namespace) -> dict:
    """A variant's row, trained and measured if it isn't yet."""
    variant, folder = VARIANTS[name], a.out / name
    path = folder / "ablation.json"
    asked = dict(minutes=a.minutes, judged=a.count if a.judges else 0)
    before = json.loads(path.read_text()) if path.exists() else {"asked": {}}
    if before["asked"] == asked:
        return before
    if before["asked"].get("minutes") != a.minutes:
        prepare(variant, a, folder)
        train(variant, a, folder)
    row = {"variant": name, "says": variant.says, "asked": asked} | facts(folder)
    if a.judges:
        row |= judged(folder, a.judges, a.scenes, a.count)
    write(path, row)
    return row


def write(path: Path, value):
    with replace_file(path) as temporary:
        temporary.write_text(json.dumps(value, indent=1) + "\n")


def main(a: argparse.Namespace):
    if unknown := set(a.variants) - set(VARIANTS):
        raise SystemExit(f"ablate: error: no variant {', '.join(sorted(unknown))}; there are {' '.join(VARIANTS)}")
    if a.start and (wrong := [v for v in a.variants if VARIANTS[v].from_scratch]):
        raise SystemExit(f"ablate: error: {', '.join(wrong)}: another architecture than that of --from; leave it out")
    if a.judges and not a.scenes:
        raise SystemExit("ablate: error: --judges wants --scenes, a folder that conditions are drawn from")
    a.data, a.run, a.out = (p.resolve() for p in (a.data, a.run, a.out))
    start = f"from the weights of {a.start.name}" if a.start else "from nothing"
    start += f", UNets {' and '.join(map(str, a.widths))} wide" if a.widths else ""
    rows = {}
    for name in a.variants:
        rows[name] = measure(name, a)
        about = {"minutes": a.minutes, "start": start, "machine": rows[name]["machine"]}
        every = [rows.get(n) or {"variant": n, "says": v.says} for n, v in VARIANTS.items()]
        write(a.out / "ablation.json", {"facts": about, "variants": every})
        print(f"{name}: {json.dumps(rows[name])}", flush=True)


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("data", type=Path, metavar="SCENES")
    p.add_argument("run", type=Path)
    p.add_argument("out", type=Path)
    p.add_argument("--minutes", type=float, default=10, help="of training, each")
    p.add_argument("--variants", type=lambda s: s.split(","), default=list(VARIANTS), help="with commas between")
    p.add_argument("--widths", type=widths, help="of their UNets, as 48,64; the shipped model's, if not given")
    p.add_argument("--from", dest="start", type=Path, metavar="EMA", help="smoothed weights to go on from")
    usual = "gpu" if torch.cuda.is_available() else "cpu"
    p.add_argument("--preset", choices=PRESETS, default=usual, help="of train.py")
    p.add_argument("--judges", type=Path, help="of evaluate.judge; without them, losses alone are compared")
    p.add_argument("--scenes", type=Path, metavar="TEST", help="scenes that conditions are drawn from")
    p.add_argument("--count", type=int, default=300, help="conditions of a task")
    p.add_argument("--seed", type=int, default=0)
    main(p.parse_args())
