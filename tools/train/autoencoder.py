"""The autoencoder of "scenes".

    python autoencoder.py fit DATA RUN                                    # encoder and linear decoder: a minute
    python autoencoder.py decoder DATA RUN --large DATA256 --hours 0.25   # the learnt part; run again to go on

The encoder is the whitened principal components of 8×8 blocks, and frozen: latents are final, and of unit variance,
before anything is trained. So the UNet trains on them at once, and the decoder can get better for ever beside it.
Both commands write RUN/vae.safetensors.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

import data
from common import Clock, autocast, csv_log, device, rate, replace_file
from model import PATCH, Architecture, AutoencoderPatch

FILE = "vae.safetensors"
FIT_SCENES = 2000  # half a million blocks for 192×192 covariances: the components are settled long before
CALM = 0.1  # weight of a block without contrast; one of average contrast weighs 1 more

CROP = 64  # pixels: four times the variety of whole pictures for the same work
ON_OBJECT = 0.6  # share of crops around an object; where none is, the grid of blocks shows longest
BATCH = 16
LEARNING_RATE = 1e-3
WARM_UP = 100  # steps
DECAY = 0.4  # last part of a run, over which the learning rate falls to zero
LATENT_NOISE = 0.2  # most a crop gets, of a spread drawn for it: the UNet's latents are not exact either
SQUARED = 2.0  # weight of the squared error beside the L1-like one
REPORT_MINUTES = 2.5


def load(run: Path) -> AutoencoderPatch:
    tensors = load_file(run / FILE)
    vae = AutoencoderPatch(Architecture(latent_channels=len(tensors["encoder.bias"])))
    vae.load_state_dict(tensors)
    return vae


def save(vae: AutoencoderPatch, run: Path):
    run.mkdir(parents=True, exist_ok=True)
    with replace_file(run / FILE) as temporary:
        save_file({k: v.detach().cpu().contiguous() for k, v in vae.state_dict().items()}, temporary)


def blocks(images: Tensor) -> Tensor:
    """[N,3,H,W] → [N·H/8·W/8, 192], in the order of a convolution's weight."""
    n, c, h, w = images.shape
    x = images.reshape(n, c, h // PATCH, PATCH, w // PATCH, PATCH)
    return x.permute(0, 2, 4, 1, 3, 5).reshape(-1, c * PATCH * PATCH)


def fit(images: Tensor, arch: Architecture) -> AutoencoderPatch:
    """Principal components of blocks, busy ones weighted up, scaled to unit variance over all blocks alike. The linear
    decoder is the least-squares one over blocks as often as they are: most are nearly flat, and on them a pattern of
    two in 255 shows as a grid."""
    x = blocks(images)
    colour = x.reshape(len(x), 3, -1).mean((0, 2))
    pixels = x
    x = x - colour.repeat_interleave(PATCH * PATCH)
    contrast = x.reshape(len(x), 3, -1).std(2).mean(1)
    weighted = x * (CALM + contrast / contrast.mean())[:, None].sqrt()
    _, vectors = torch.linalg.eigh((weighted.T @ weighted).double())
    components = vectors[:, -arch.latent_channels :].flip(1).float()  # [192,C], strongest first
    components *= components[components.abs().argmax(0), torch.arange(arch.latent_channels)].sign()
    z = x @ components
    spread, middle = z.std(0), z.mean(0)

    vae = AutoencoderPatch(arch)
    kernel = (arch.latent_channels, 3, PATCH, PATCH)
    encoder = (components / spread).T
    offset = encoder @ colour.repeat_interleave(PATCH * PATCH)
    vae.encoder.weight.data = encoder.reshape(kernel)
    vae.encoder.bias.data = -offset - middle / spread
    fit_linear(vae, (z - middle) / spread, pixels)
    return vae


def fit_linear(vae: AutoencoderPatch, z: Tensor, pixels: Tensor):
    """Sets the linear decoder to what gives blocks [N,192] back best from latents [N,C]."""
    z = torch.cat([z, torch.ones(len(z), 1)], 1).double()
    best = torch.linalg.solve(z.T @ z, z.T @ pixels.double()).float()  # [C+1,192]
    vae.linear.weight.data = best[:-1].T[:, :, None, None].contiguous()
    vae.linear.bias.data = best[-1]


def crops(rng: np.random.Generator, parts: list, n: int) -> Tensor:
    """n crops as pixels in [-1, 1], on the grid of blocks, most of them around an object."""
    out = np.empty((n, CROP, CROP, 3), np.uint8)
    for i in range(n):
        pixels, scenes = parts[rng.integers(len(parts))]
        k = rng.integers(data.HELD_OUT, len(scenes))
        side = pixels.shape[1]
        corner = rng.integers(0, side - CROP + 1, 2)  # x, y
        objects = scenes[k]["objects"]
        if objects and rng.random() < ON_OBJECT:
            centre = np.array(objects[rng.integers(len(objects))]["centre"]) * side
            corner = centre - CROP / 2 + rng.uniform(-CROP / 4, CROP / 4, 2)
        x, y = (np.clip(corner, 0, side - CROP) / PATCH).round().astype(int) * PATCH
        out[i] = pixels[k, y : y + CROP, x : x + CROP]
    return data.to_float(out)


def decibels(got: Tensor, want: Tensor, scenes: list[dict]) -> tuple[float, float]:
    """Peak signal to noise over pictures, and inside the boxes of objects."""
    squared = (got.clamp(-1, 1) - want).square().mean(1) / 4  # of values in [0, 1]
    inside = torch.zeros_like(squared, dtype=torch.bool)
    for mask, scene in zip(inside, scenes):
        for o in scene["objects"]:
            u0, v0, u1, v1 = (round(float(e) * len(mask)) for e in o["box"])
            mask[v0:v1, u0:u1] = True
    return tuple(-10 * squared[m].mean().log10().item() for m in (squared >= 0, inside))


def train_decoder(folders: list[Path], run: Path, clock: Clock, seed: int):
    """folders: scenes of each size that is to be decoded; what is held out is the first one's."""
    where = device()
    vae = load(run).to(where)
    parts = [data.read_chunk(*c) for folder in folders for c in data.chunks(folder)]
    held_out, truth = data.to_float(parts[0][0][:64]).to(where), parts[0][1][:64]
    params = list(vae.decoder.parameters())
    optimizer = torch.optim.AdamW(params, LEARNING_RATE, betas=(0.9, 0.99), weight_decay=0.0)
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)

    step, reported, losses = 0, -1e9, []
    while True:
        done = clock.part >= 1
        if done or clock.hours * 60 - reported >= REPORT_MINUTES:
            with torch.inference_mode():
                z = vae.encode(held_out)
                linear = decibels(vae.decode_linear(z), held_out, truth)
                learnt = decibels(torch.cat([vae.decode(part) for part in z.split(16)]), held_out, truth)
            row = dict(minutes=clock.hours * 60, step=step, loss=float(np.mean(losses or [np.nan])))
            row |= dict(linear=linear[0], linear_objects=linear[1], learnt=learnt[0], learnt_objects=learnt[1])
            print("  ".join(f"{k} {v:.4g}" for k, v in row.items()), flush=True)
            csv_log(run / "decoder.csv", row)
            save(vae, run)
            reported, losses = clock.hours * 60, []
        if done:
            return
        images = crops(rng, parts, BATCH).to(where)
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * rate(clock.part, step, WARM_UP, DECAY)
        with autocast(where):
            z = vae.encode(images).float()
            spread = LATENT_NOISE * torch.rand(len(z), 1, 1, 1, device=where)
            out = vae.decode(z + spread * torch.randn_like(z))
        squared = (out.float() - images).square()
        loss = (squared + 1e-4).sqrt().mean() + SQUARED * squared.mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(params, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        losses.append(loss.item())
        step += 1


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("command", choices=("fit", "decoder"))
    p.add_argument("data", type=Path)
    p.add_argument("run", type=Path)
    p.add_argument("--large", type=Path, help="scenes of larger pictures, for some of the decoder's crops")
    p.add_argument("--hours", type=float, help="budget of the decoder's training")
    p.add_argument("--until", help="its end as a time of day, HH:MM")
    p.add_argument("--threads", type=int, default=torch.get_num_threads())
    p.add_argument("--seed", type=int, default=0)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    if a.command == "decoder":
        train_decoder([f for f in (a.data, a.large) if f], a.run, Clock(a.hours, a.until), a.seed)
    else:
        parts = [data.read_chunk(*c) for c in data.chunks(a.data)[: -(-FIT_SCENES // 1000)]]
        images = torch.cat([data.to_float(pixels) for pixels, _ in parts])
        vae = fit(images, Architecture())
        save(vae, a.run)
        z = vae.encode(images[:500])
        over, inside = decibels(vae.decode_linear(z), images[:500], parts[0][1][:500])
        print(f"{len(images)} scenes; linear decoder {over:.1f} dB over pictures, {inside:.1f} dB inside objects")
        print("spread of latents", [round(s, 2) for s in z.std((0, 2, 3)).tolist()])
