"""Trains the UNet and the text encoder of "scenes", in one run that goes on from wherever RUN stands.

    python train.py DATA RUN --preset cpu --until 17:30
    torchrun --nproc-per-node 4 train.py DATA RUN --large DATA256 --preset gpu --hours 1

RUN needs vae.safetensors (autoencoder.py fit). The run writes there:

    tokenizer/        made once; the embedding's rows depend on it
    ema.safetensors   smoothed weights, all that export.py and sample.py read
    last.pt           everything, to go on exactly; without it a run goes on from ema.safetensors with a warm-up
    log.csv           step, samples, learning rate, loss
    probe.csv         what each condition gains over saying nothing, on held-out scenes
    loss.png, samples-*.png
"""

import argparse
import json
import math
import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from safetensors import safe_open
from safetensors.torch import save_file

import autoencoder
import data
import export
import probe
import tokenizer
from common import Clock, autocast, csv_log, device, machine, rate, replace_file
from model import Denoiser, scheduler
from objective import Loss, Objective


@dataclass(frozen=True)
class Preset:
    batch: int  # samples of 128 pixels a step, over all devices; of larger ones as many fewer as they have more pixels
    learning_rate: float
    compile: bool  # a minute and a half of compiling gains a tenth on a CPU, far more on a GPU
    channels_last: bool
    log_steps: int
    large_from: float = 0.5  # part of the run from which some steps are of the larger pictures
    large_share: float = 0.5  # of the steps, from there on
    warm_up: int = 300  # steps; AdamW's second moments are noise before
    decay: float = 0.15  # last part of the run, over which the learning rate falls to zero; longer costs plain samples
    weight_decay: float = 0.01
    betas: tuple[float, float] = (0.9, 0.99)  # 0.999 remembers longer than a run of hours at this pace is worth
    clip: float = 1.0
    ema: float = 0.999
    grow_minutes: float = 2  # how often new chunks are looked for
    probe_minutes: float = 10
    checkpoint_minutes: float = 15
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
        probe_minutes=20,
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


def save_weights(weights: dict[str, torch.Tensor], path: Path, facts: dict):
    with replace_file(path) as temporary:
        tensors = {k: v.detach().float().cpu().contiguous() for k, v in weights.items()}
        save_file(tensors, temporary, {k: str(v) for k, v in facts.items()})


def main(a: argparse.Namespace):
    preset = PRESETS[a.preset]
    rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    where = device()
    if world > 1:
        dist.init_process_group("nccl" if where.type == "cuda" else "gloo")
    if where.type == "cuda":
        torch.cuda.set_device(where)
        torch.set_float32_matmul_precision("high")
    torch.manual_seed(a.seed + rank)
    rng = np.random.default_rng([a.seed, rank, int(time.time())])  # a run that goes on must not draw the same again

    def say(*parts):
        if rank == 0:
            print(time.strftime("%H:%M:%S"), *parts, flush=True)

    # Data: latents in memory, captions tokenized.
    if rank == 0 and not (a.run / "tokenizer").exists():
        vocabulary = tokenizer.words(a.vocabulary.read_text("utf-8"))
        (a.run / "vocabulary.json").write_text(json.dumps(vocabulary))
        (a.run / export.ARCHITECTURE_FILE).write_text(json.dumps({"widths": a.widths} if a.widths else {}))
        tokenizer.save(vocabulary, a.run / "tokenizer")
    if world > 1:
        dist.barrier()
    arch = export.architecture(a.run)
    if a.widths and a.widths != arch.widths:
        raise SystemExit(f"--widths {a.widths}: {a.run} was begun with {arch.widths}")
    tok = tokenizer.load(a.run / "tokenizer")
    vae = autoencoder.load(a.run).to(where).eval()
    encode = torch.inference_mode()(lambda images: vae.encode(images.to(where)).cpu())
    objective = Objective.of(a.run)
    told = dict(mix=data.MIXES[objective.mix], in_words=arch.place == "words")
    scenes = data.Scenes(a.data, encode, tok, **told)
    say(f"{scenes.grow()} scenes, {len(scenes.texts.rows)} different captions")
    large = data.Scenes(a.large, encode, tok, **told) if a.large else None
    if large:
        say(f"{large.grow()} large scenes")

    # Model: fresh, or from a checkpoint.
    model = Denoiser.new(arch, tok).to(where)
    if preset.channels_last:
        model.unet.to(memory_format=torch.channels_last)
    decayed = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]  # norms and biases have no scale to hold down
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": preset.weight_decay}, {"params": others, "weight_decay": 0.0}],
        lr=preset.learning_rate,
        betas=preset.betas,
        fused=True,
    )
    step, samples, hours = 0, 0, 0.0
    first_step = 0  # of this run: the warm-up counts from it, unless the optimizer's state came along
    if (a.run / "last.pt").exists():
        last = torch.load(a.run / "last.pt", map_location=where, weights_only=True)
        model.load_state_dict(last["model"])
        optimizer.load_state_dict(last["optimizer"])
        average = last["ema"]
        step, samples, hours = last["step"], last["samples"], last["hours"]
        first_step = -preset.warm_up
    elif (a.run / "ema.safetensors").exists():
        with safe_open(a.run / "ema.safetensors", "pt", device=str(where)) as f:
            average = {k: f.get_tensor(k) for k in f.keys()}
            samples, hours = int(f.metadata()["samples"]), float(f.metadata()["hours"])
        model.load_state_dict(average)
        step = first_step = samples // preset.batch
    else:
        average = {k: v.clone() for k, v in model.state_dict().items()}
    say(f"{sum(p.numel() for p in model.parameters()) / 1e6:.2f} M parameters, from step {step}, on {where}")
    clock = Clock(a.hours, a.until, a.budget, hours)

    forward = torch.compile(model) if preset.compile else model
    if world > 1:
        forward = torch.nn.parallel.DistributedDataParallel(forward)
    alphas = scheduler(arch.prediction).alphas_cumprod.to(where)
    loss_of = Loss(forward, model, objective, alphas, scenes.texts.ids([scenes.null])[0])

    def checkpoint():
        if rank > 0:
            return
        spent = hours + clock.hours
        facts = dict(samples=samples, hours=spent, images=len(scenes.latents), machine=machine(where, world))
        save_weights(average, a.run / "ema.safetensors", facts)
        state = dict(model=model.state_dict(), optimizer=optimizer.state_dict(), ema=average)
        with replace_file(a.run / "last.pt") as temporary:
            torch.save(state | dict(step=step, samples=samples, hours=spent), temporary)
        probe.plot(a.run)
        if a.export:
            export.write(a.run, a.export)

    def examine():
        """Probe and pictures, with the smoothed weights."""
        if rank > 0:
            return
        smooth = Denoiser.new(arch, tok).to(where).eval()
        smooth.load_state_dict(average)
        row = probe.gains(smooth, scenes, alphas, where, preset.probe_scenes)
        say("probe", "  ".join(f"{k} {v:.4g}" for k, v in row.items()))
        csv_log(a.run / "probe.csv", dict(samples=samples) | row)
        vae_now = autoencoder.load(a.run).to(where).eval()  # its decoder may have become better since
        for name, of, columns in ("samples", scenes, preset.columns), ("large", large, preset.columns // 2):
            if of:  # fewer large ones: they cost more
                path = a.run / f"{name}-{samples:08d}.png"
                probe.pictures(smooth, vae_now, tok, path, where, of.latents[0].shape[-1], max(1, columns))

    losses, log_time, log_samples = [], time.time(), samples
    due = {"grow": preset.grow_minutes, "probe": preset.probe_minutes, "checkpoint": preset.checkpoint_minutes}
    next_at = {k: time.time() + 60 * v for k, v in due.items()}

    def is_due(what: str) -> bool:
        if time.time() < next_at[what]:
            return False
        next_at[what] = time.time() + 60 * due[what]
        return True

    def part_done() -> float:
        """How much of the budget is used, by the first rank's clock: ranks must agree on rates, and on when to stop."""
        part = torch.tensor(clock.part, dtype=torch.float64, device=where)
        if world > 1:
            dist.broadcast(part, 0)
        return part.item()

    def draw(part: float) -> data.Batch:
        """A batch of one size. Ranks draw their sizes alike, or the one with the small pictures would wait."""
        share = preset.large_share if large and part >= preset.large_from else 0
        if np.random.default_rng([a.seed, step]).random() >= share:
            return scenes.draw(rng, preset.batch // world)
        cells = [s.latents[0][0].numel() for s in (scenes, large)]
        return large.draw(rng, max(1, preset.batch * cells[0] // cells[1] // world))

    while (part := part_done()) < 1:
        for group in optimizer.param_groups:
            factor = rate(part, step - first_step, preset.warm_up, preset.decay)
            group["lr"] = preset.learning_rate * factor
        batch = draw(part)
        loss = loss_of(batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), preset.clip)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        step, samples = step + 1, samples + len(batch.latents) * world
        keep = min(preset.ema, (1 + step) / (10 + step))  # short at first, when weights move fast
        with torch.no_grad():
            for k, v in model.state_dict().items():
                average[k].lerp_(v, 1 - keep) if v.is_floating_point() else average[k].copy_(v)
        losses.append(loss.detach())

        if step % preset.log_steps == 0:
            row = dict(step=step, samples=samples, loss=torch.stack(losses).mean().item())
            row |= dict(rate=group["lr"], pace=(samples - log_samples) / (time.time() - log_time))
            say("  ".join(f"{k} {v:.6g}" for k, v in row.items()))
            if rank == 0:
                csv_log(a.run / "log.csv", row)
            if not math.isfinite(row["loss"]):
                raise FloatingPointError(f"loss is {row['loss']} at step {step}")
            losses, log_time, log_samples = [], time.time(), samples
        if is_due("grow"):
            before = len(scenes.latents)
            if scenes.grow() > before:
                say(f"{len(scenes.latents)} scenes")
            if large:
                large.grow()
        if is_due("probe"):
            examine()
        if is_due("checkpoint"):
            checkpoint()
    checkpoint()
    examine()
    say(f"done: {samples} samples in {hours + clock.hours:.2f} hours")


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("data", type=Path)
    p.add_argument("run", type=Path)
    p.add_argument("--large", type=Path, help="scenes of larger pictures, for some of the steps")
    p.add_argument("--preset", choices=PRESETS, default="gpu" if torch.cuda.is_available() else "cpu")
    p.add_argument("--hours", type=float, help="how long to train, from now")
    p.add_argument("--budget", type=float, help="hours in all: what earlier starts on this RUN took counts")
    p.add_argument("--until", help="when to end, as a time of day, HH:MM")
    p.add_argument("--export", type=Path, help="folder that is written anew with every checkpoint")
    widths = lambda text: tuple(map(int, text.split(",")))
    p.add_argument("--widths", type=widths, help="of a new run's UNet, as 64,96; the shipped model's, if not given")
    p.add_argument("--vocabulary", type=Path, default=tokenizer.VOCABULARY)
    p.add_argument("--seed", type=int, default=0)
    main(p.parse_args())
