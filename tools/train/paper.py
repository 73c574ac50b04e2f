"""The paper's own recipe (Liu et al., Composable Diffusion, arXiv 2206.01714, CLEVR positions), small: a baseline.

    python paper.py DATA RUN --hours 1               # goes on from RUN, if there is one
    python paper.py sample RUN -o OUT.png --place 0.3 0.6 --place 0.7 0.6

As in the paper and its code: diffusion of pixels; a label is the place (u, v) of one random object of a picture that
may hold more; it goes through one linear layer of two inputs and is added to the time embedding, and nothing else is
told; a tenth of the labels give way to a learnt null embedding; cosine schedule of 1000 steps, prediction of the noise,
AdamW, batches of 16, smoothed weights; ancestral sampling of 100 steps with the estimate of the picture clipped; places
are composed by

    eps = eps_null + w Σ (eps_i - eps_null),  w = 7.5

Unlike it, so that one CPU core trains it in hours:

- 64×64 pixels, a picture of DATA averaged down, for 128×128; they enter the UNet in blocks of 2×2
- widths (32, 48, 96) for 192 times (1, 1, 2, 3, 4), attention at 8×8 alone: 1.6 M parameters and 0.5 GFLOP a picture
  for 225 M and 350
- a learning rate of 6e-4, warmed up and let fall, for 1e-5; smoothing of 0.999 for 0.9999; times drawn evenly
- a fixed variance without the variational term, and no dropout
- scenes without objects, which CLEVR has not, get the null label
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import DDIMScheduler, DDPMScheduler, UNet2DModel
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

import data
from common import Clock, autocast, device, machine, replace_file
from loop import EMA, Chore, Loop, Settings
from sample import sheet

SIDE = 64  # pixels
WEIGHT = 7.5
STEPS = 100
DROP = 0.1  # of the labels
SETTINGS = Settings(batch=16, learning_rate=6e-4)
ARCHITECTURE_FILE = "paper.json"
SCHEDULE = dict(
    num_train_timesteps=1000,
    beta_schedule="squaredcos_cap_v2",
    prediction_type="epsilon",
    clip_sample=True,
)

Place = tuple[float, float]


@dataclass(frozen=True)
class Architecture:
    widths: tuple[int, ...] = (32, 48, 96)
    layers_per_block: int = 1
    head_width: int = 32
    norm_groups: int = 8
    block: int = 2  # pixels each way that enter the UNet as one


class Model(nn.Module):
    def __init__(self, arch: Architecture):
        super().__init__()
        self.arch = arch
        kinds = ["{}Block2D"] * (len(arch.widths) - 1) + ["Attn{}Block2D"]
        channels = 3 * arch.block**2
        self.unet = UNet2DModel(
            sample_size=SIDE // arch.block,
            in_channels=channels,
            out_channels=channels,
            down_block_types=tuple(k.format("Down") for k in kinds),
            up_block_types=tuple(k.format("Up") for k in reversed(kinds)),
            block_out_channels=arch.widths,
            layers_per_block=arch.layers_per_block,
            attention_head_dim=arch.head_width,
            norm_num_groups=arch.norm_groups,
            class_embed_type="identity",  # added to the time embedding as it is
        )
        embedding = 4 * arch.widths[0]  # of the time, in diffusers as in the paper's code
        self.place = nn.Linear(2, embedding)
        self.null = nn.Parameter(torch.randn(embedding))

    def forward(self, x: Tensor, t: Tensor, places: Tensor) -> Tensor:
        """The noise in x [R,3,SIDE,SIDE] at times t [R], given an object at places [R,2]; NaN is no label."""
        told = self.place(places.nan_to_num())
        label = torch.where(places.isnan().any(1, keepdim=True), self.null.to(told.dtype), told)
        x = F.pixel_unshuffle(x, self.arch.block).contiguous(memory_format=torch.channels_last)
        return F.pixel_shuffle(self.unet(x, t, class_labels=label).sample, self.arch.block)


def average_down(pixels: np.ndarray, side: int) -> np.ndarray:
    """uint8 [N,S,S,3] → uint8 [N,side,side,3], each pixel the mean of the block it covers."""
    n, s = pixels.shape[:2]
    if s % side:
        raise ValueError(f"pictures of {s} pixels cannot be averaged down to {side}: want a multiple")
    sums = pixels.reshape(n, side, s // side, side, s // side, 3).sum((2, 4), dtype=np.uint32)
    count = (s // side) ** 2
    return ((sums + count // 2) // count).astype(np.uint8)


class Pictures:
    """All pictures of a folder, averaged down, and the places of their objects."""

    def __init__(self, folder: Path):
        parts = [data.read_chunk(*c) for c in data.chunks(folder)]
        if not parts:
            raise SystemExit(f"{folder}: no scenes; want images-*.bin and truth-*.jsonl of tools/scenes")
        self.pixels = np.concatenate([average_down(pixels, SIDE) for pixels, _ in parts])
        self.places = [[tuple(o["centre"]) for o in scene["objects"]] for _, scenes in parts for scene in scenes]
        if len(self.places) <= data.HELD_OUT:
            raise SystemExit(f"{folder}: {len(self.places)} scenes, want over {data.HELD_OUT}, which are held out")

    def draw(self, rng: np.random.Generator, n: int) -> tuple[Tensor, Tensor]:
        """n random pictures [n,3,SIDE,SIDE], and for each the place of one random object, or NaN, [n,2]."""
        picks = rng.integers(data.HELD_OUT, len(self.places), n)
        labels = [data.NOWHERE] * n
        for i, pick in enumerate(picks):
            there = self.places[pick]
            if there and rng.random() >= DROP:
                labels[i] = there[rng.integers(len(there))]
        return data.to_float(self.pixels[picks]), torch.tensor(labels)


def fit(folder: Path, run: Path, clock: Clock, seed: int = 0, arch=Architecture(), settings=SETTINGS):
    """Trains RUN until the clock says so."""
    where = device()
    torch.manual_seed(seed)
    pictures = Pictures(folder)
    run.mkdir(parents=True, exist_ok=True)
    with replace_file(run / ARCHITECTURE_FILE) as temporary:
        temporary.write_text(json.dumps(asdict(arch)) + "\n")
    model = Model(arch).to(where).to(memory_format=torch.channels_last)
    loop = Loop(model, run, settings, dict(images=len(pictures.places), machine=machine(where, 1)))
    alphas = DDPMScheduler(**SCHEDULE).alphas_cumprod.to(where)
    size = f"{sum(p.numel() for p in model.parameters()) / 1e6:.2f} M parameters"
    loop.ranks.say(f"{len(pictures.places)} pictures, {size}, from step {loop.step}, on {where}")
    batch = settings.batch

    def loss_of(step: int, part: float) -> tuple[Tensor, int]:
        rng = np.random.default_rng([seed, step])
        x0, places = (x.to(where) for x in pictures.draw(rng, batch))
        noise = torch.from_numpy(rng.standard_normal(x0.shape, np.float32)).to(where)
        # One time out of each of n equal parts: the loss of a batch then tells more about the model than about luck.
        times = (np.arange(batch) + rng.random(batch)) / batch * len(alphas)
        t = torch.from_numpy(times.astype(int)).to(where)
        a = alphas[t][:, None, None, None]
        with autocast(where):
            got = model(a.sqrt() * x0 + (1 - a).sqrt() * noise, t, places)
        return (got.float() - noise).square().mean(), batch

    def show():
        smooth = Model(arch).to(where).eval()
        smooth.load_state_dict(loop.average)
        left, right, front = (0.27, 0.58), (0.73, 0.58), (0.5, 0.76)
        rows = [[]] * 8 + [[(left, right, front)[i % 3]] for i in range(8)] + [[left, right, front]] * 8
        x = compose(smooth, rows, [i % 8 for i in range(24)], steps=20, ancestral=False)
        sheet(data.to_pixels(x), 8).save(run / f"samples-{loop.samples:08d}.png")

    loop.train(clock, loss_of, [Chore(20, show)])


@torch.inference_mode()
def compose(
    model: Model,
    pictures: Sequence[Sequence[Place]],
    seeds: Sequence[int],
    weight: float | Sequence[Sequence[float]] = WEIGHT,
    steps: int = STEPS,
    ancestral: bool = True,
) -> Tensor:
    """Pictures [N,3,SIDE,SIDE] with an object at each of their places, by the sum rule; a weight for all places or one
    for each. All randomness of a picture comes from its seed, so it does not depend on its neighbours."""
    where = next(model.parameters()).device
    rows = [(i, p) for i, places in enumerate(pictures) for p in [data.NOWHERE, *places]]
    owner = torch.tensor([i for i, _ in rows], device=where)
    labels = torch.tensor([p for _, p in rows], device=where)
    each = [[float(weight)] * len(p) for p in pictures] if isinstance(weight, (int, float)) else weight
    if [len(w) for w in each] != [len(p) for p in pictures]:
        raise ValueError(f"weights for {[len(w) for w in each]} places, want {[len(p) for p in pictures]}")
    coefficients = torch.tensor([c for w in each for c in [1 - sum(w), *w]], device=where)[:, None, None, None]

    generators = [torch.Generator().manual_seed(s) for s in seeds]
    x = torch.stack([torch.randn(3, SIDE, SIDE, generator=g) for g in generators]).to(where)
    if ancestral:
        scheduler = DDPMScheduler(**SCHEDULE, timestep_spacing="linspace")
        random = dict(generator=generators)
    else:
        scheduler, random = DDIMScheduler(**SCHEDULE, timestep_spacing="trailing"), {}
    scheduler.set_timesteps(steps)
    for t in scheduler.timesteps:
        with autocast(where):
            parts = torch.arange(len(rows), device=where).split(64)
            eps = torch.cat([model(x[owner[p]], t.expand(len(p)).to(where), labels[p]).float() for p in parts])
        x = scheduler.step(torch.zeros_like(x).index_add(0, owner, coefficients * eps), t, x, **random).prev_sample
    return x


def load(run: Path) -> Model:
    """The smoothed model of a run."""
    config = json.loads((run / ARCHITECTURE_FILE).read_text())
    model = Model(Architecture(**config | {"widths": tuple(config["widths"])}))
    model.load_state_dict(load_file(run / EMA))
    return model.eval().to(device())


def sample(arguments: list[str]):
    p = argparse.ArgumentParser(prog="paper.py sample")
    p.add_argument("run", type=Path)
    p.add_argument("-o", "--out", type=Path, required=True)
    p.add_argument("--place", type=float, nargs=2, action="append", default=[], metavar=("U", "V"))
    p.add_argument("--weight", type=float, default=WEIGHT)
    p.add_argument("--steps", type=int, default=STEPS)
    p.add_argument("--ddim", action="store_true")
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--count", type=int, default=8, help="pictures, of seeds that follow on")
    a = p.parse_args(arguments)
    places, seeds = [tuple(place) for place in a.place], range(a.seed, a.seed + a.count)
    x = compose(load(a.run), [places] * a.count, seeds, a.weight, a.steps, not a.ddim)
    sheet(data.to_pixels(x), min(a.count, 8)).save(a.out)


if __name__ == "__main__":
    if sys.argv[1:2] == ["sample"]:
        sample(sys.argv[2:])
    else:
        p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
        p.add_argument("data", type=Path)
        p.add_argument("run", type=Path)
        p.add_argument("--hours", type=float, help="how long to train")
        p.add_argument("--until", help="when to end, as a time of day, HH:MM")
        p.add_argument("--seed", type=int, default=0)
        a = p.parse_args()
        fit(a.data, a.run, Clock(a.hours, a.until), a.seed)
