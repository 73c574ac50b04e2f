"""Trains the UNet and the text encoder of "scenes", in one run that goes on from wherever RUN stands.

    python train.py DATA RUN --preset cpu --until 17:30
    torchrun --nproc-per-node 4 train.py DATA RUN --large DATA256 --preset gpu --hours 1

RUN needs vae.safetensors (autoencoder.py fit). The run writes there what loop.py says, and

    tokenizer/        made once; the embedding's rows depend on it
    probe.csv         what each condition gains over saying nothing, on held-out scenes
    loss.png, samples-*.png
"""

import argparse
import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

import autoencoder
import data
import export
import probe
import tokenizer
from common import Clock, csv_log, machine
from loop import Chore, Loop, Settings
from model import Denoiser, scheduler
from objective import Loss, Objective
from ranks import Ranks


@dataclass(frozen=True, kw_only=True)
class Preset(Settings):
    """batch is of 128 pixels; of larger pictures as many fewer as they have more pixels."""

    compile: bool  # a minute and a half of compiling gains a tenth on a CPU, far more on a GPU
    channels_last: bool
    checkpoint_minutes: float = 15
    large_from: float = 0.5  # part of the run from which some steps are of the larger pictures
    large_share: float = 0.25  # of the steps, from there on: pictures of twice the size begin with ones of this, enlarged
    grow_minutes: float = 2  # how often new chunks are looked for
    probe_minutes: float = 10
    probe_scenes: int = probe.SCENES
    columns: int = 8  # of a sheet of samples


PRESETS = {
    # Two cores: many small steps, since what counts first is the number of updates.
    "cpu": Preset(
        batch=64,
        learning_rate=5e-4,
        compile=False,
        channels_last=True,
        log_steps=50,
        large_from=0.0,
        large_share=0.125,
        probe_minutes=60,  # one takes minutes of one core, for which the other waits
        columns=4,
    ),
    # A small model on one core, for an hour.
    "core": Preset(
        batch=16,
        learning_rate=5e-4,
        compile=False,
        channels_last=True,
        log_steps=50,
        probe_minutes=20,
        checkpoint_minutes=5,
        probe_scenes=64,
        columns=4,
    ),
    "gpu": Preset(
        batch=512,
        learning_rate=1e-3,
        compile=True,
        channels_last=True,
        log_steps=50,
        ema=0.9995,
        probe_minutes=5,
        checkpoint_minutes=3,
    ),
    # Shows in a minute on one core that all parts fit together; its pictures show nothing.
    "tiny": Preset(
        batch=8,
        learning_rate=1e-3,
        compile=False,
        channels_last=False,
        log_steps=2,
        warm_up=5,
        probe_minutes=60,
        checkpoint_minutes=0.05,
        probe_scenes=16,
        columns=1,
    ),
}


def widths(text: str) -> tuple[int, ...]:
    """Of a UNet, as 64,96."""
    return tuple(map(int, text.split(",")))


def share(text: str) -> float:
    """Of a run, as 0.5."""
    if not 0 < (part := float(text)) <= 1:
        raise ValueError(text)
    return part


def begin(a: argparse.Namespace):
    """A new run's tokenizer, vocabulary and architecture."""
    if (a.run / "tokenizer").exists():
        return
    vocabulary = tokenizer.words(a.vocabulary.read_text("utf-8"))
    (a.run / "vocabulary.json").write_text(json.dumps(vocabulary))
    (a.run / export.ARCHITECTURE_FILE).write_text(json.dumps({"widths": a.widths} if a.widths else {}))
    tokenizer.save(vocabulary, a.run / "tokenizer")


class Draws:
    """Batches of one or two sets of scenes, which differ in the size of their pictures."""

    def __init__(self, sets: list[data.Scenes], preset: Preset, seed: int, ranks: Ranks):
        self.sets, self.preset, self.seed, self.ranks = sets, preset, seed, ranks

    def batch(self, step: int, part: float) -> data.Batch:
        """This process's, of one size; its noise is seeded too. Processes draw their sizes alike, or the one with the
        small pictures would wait, and all else each on its own."""
        share = self.preset.large_share if len(self.sets) > 1 and part >= self.preset.large_from else 0
        of = self.sets[np.random.default_rng([self.seed, step]).random() < share]
        usual, here = (s.latents[0][0].numel() for s in (self.sets[0], of))
        rng = np.random.default_rng([self.seed, self.ranks.rank, step])
        torch.manual_seed(int(rng.integers(2**63)))
        return of.draw(rng, max(1, self.preset.batch * usual // here // self.ranks.world))


def examine(a: argparse.Namespace, loop: Loop, fresh: Denoiser, sets: list[data.Scenes], preset: Preset):
    """Probe and pictures, with the smoothed weights, which are put into fresh."""
    where, tok = loop.ranks.where, sets[0].texts.tok
    smooth = fresh.to(where).eval()
    smooth.load_state_dict(loop.average)
    alphas = scheduler(smooth.arch.prediction).alphas_cumprod.to(where)
    row = probe.gains(smooth, sets[0], alphas, where, preset.probe_scenes)
    loop.ranks.say("probe", "  ".join(f"{k} {v:.4g}" for k, v in row.items()))
    csv_log(a.run / "probe.csv", dict(samples=loop.samples) | row)
    vae = autoencoder.load(a.run).to(where).eval()  # its decoder may have become better since
    for name, of, columns in zip(("samples", "large"), sets, (preset.columns, preset.columns // 2)):
        path = a.run / f"{name}-{loop.samples:08d}.png"  # fewer large ones: they cost more
        probe.pictures(smooth, vae, tok, path, where, of.latents[0].shape[-1], max(1, columns))


def main(a: argparse.Namespace):
    preset, ranks = PRESETS[a.preset], Ranks.start()
    if a.decay is not None:
        preset = replace(preset, decay=a.decay)
    where = ranks.where
    if ranks.first:
        begin(a)
    ranks.wait()
    arch, objective = export.architecture(a.run), Objective.of(a.run)
    if a.widths and a.widths != arch.widths:
        raise SystemExit(f"--widths {a.widths}: {a.run} was begun with {arch.widths}")
    tok = tokenizer.load(a.run / "tokenizer")

    # Data: latents in memory, captions tokenized.
    vae = autoencoder.load(a.run).to(where).eval()
    encode = torch.inference_mode()(lambda images: vae.encode(images.to(where)).cpu())
    told = dict(mix=data.MIXES[objective.mix], in_words=arch.place == "words")
    sets = [data.Scenes(folder, encode, tok, **told) for folder in (a.data, a.large) if folder]
    for scenes in sets:
        ranks.say(f"{scenes.grow()} scenes of {scenes.folder.name}, {len(scenes.texts.rows)} different captions")

    torch.manual_seed(a.seed)
    model = Denoiser.new(arch, tok).to(where)
    if preset.channels_last:
        model.unet.to(memory_format=torch.channels_last)
    facts = dict(images=len(sets[0].latents), machine=machine(where, ranks.world))
    loop = Loop(model, a.run, preset, facts, ranks)
    ranks.say(f"{sum(p.numel() for p in model.parameters()) / 1e6:.2f} M parameters, from step {loop.step}, on {where}")

    forward = ranks.together(torch.compile(model) if preset.compile else model)
    alphas = scheduler(arch.prediction).alphas_cumprod.to(where)
    error = Loss(forward, model, objective, alphas, sets[0].texts.ids([sets[0].null])[0])
    draws = Draws(sets, preset, a.seed, ranks)

    def loss_of(step: int, part: float) -> tuple[torch.Tensor, int]:
        batch = draws.batch(step, part)
        return error(batch), len(batch.latents)

    def grow():
        before = len(sets[0].latents)
        facts["images"] = [s.grow() for s in sets][0]
        if facts["images"] > before:
            ranks.say(f"{facts['images']} scenes")

    def saved():
        probe.plot(a.run)
        if a.export:
            export.write(a.run, a.export)

    chores = [
        Chore(preset.grow_minutes, grow, every_rank=True, at_end=False),
        Chore(preset.probe_minutes, lambda: examine(a, loop, Denoiser.new(arch, tok), sets, preset)),
    ]
    loop.train(Clock(a.hours, a.until, a.budget, loop.hours, a.cpu_time), loss_of, chores, saved)


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("data", type=Path)
    p.add_argument("run", type=Path)
    p.add_argument("--large", type=Path, help="scenes of larger pictures, for some of the steps")
    p.add_argument("--preset", choices=PRESETS, default="gpu" if torch.cuda.is_available() else "cpu")
    p.add_argument("--hours", type=float, help="how long to train, from now")
    p.add_argument("--budget", type=float, help="hours in all: what earlier starts on this RUN took counts")
    p.add_argument("--until", help="when to end, as a time of day, HH:MM")
    p.add_argument("--decay", type=share, help="last part of that time, over which the learning rate falls to zero")
    p.add_argument("--cpu-time", action="store_true", help="hours are of this process's own, which others don't take from")
    p.add_argument("--export", type=Path, help="folder that is written anew with every checkpoint")
    p.add_argument("--widths", type=widths, help="of a new run's UNet, as 64,96; the shipped model's, if not given")
    p.add_argument("--vocabulary", type=Path, default=tokenizer.VOCABULARY)
    p.add_argument("--seed", type=int, default=0)
    main(p.parse_args())
