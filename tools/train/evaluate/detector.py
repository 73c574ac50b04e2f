"""The learnt judge's eyes: a small network that finds the objects of a picture, and its training on rendered scenes.

A picture of 128×128 becomes a map of 32×32 cells. A cell says whether the middle of an object's box is in it, where
exactly, which shape and colour the object has, how far away it stands, whether it stands on another object and where
that one's middle is (after Zhou et al., Objects as Points, arXiv 1904.07850). The picture as a whole has a background.
"""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import data
from common import Clock, autocast, csv_log, device, rate, replace_file
from evaluate.components import BACKGROUNDS, COLOURS, SHAPES

SIDE = 128  # pixels of a picture
CELLS = 32  # of the map, along a side
MOST_OBJECTS = 5  # in a scene of the renderer
DEPTH_MARGIN = 0.9  # tools/scenes/scene/scene.go: of "in front of", in world units
HELD_OUT_EVERY = 20  # one scene in so many is kept from training, for the calibration and the log

# What a cell says, and in how many numbers.
HEADS = {"heat": 1, "offset": 2, "shape": len(SHAPES), "colour": len(COLOURS), "depth": 1, "stands": 1, "under": 2}
UNDER = 8.0  # cells; a stacked object's middle is about so far above its base's
DEPTH = 2.0  # world units; the spread of depths
DEPTH_SOFT = 0.2  # world units; how sharply training tells pairs beyond the margin from those within
ROUND_TRIPS = 16  # one picture in so many goes through the autoencoder
DECAY = 0.5  # last part of a run, over which the learning rate falls to zero
WARM_UP = 150  # steps
AVERAGE = 0.998  # of the weights that are kept, a step
SAVE_MINUTES = 2.0


@dataclass(frozen=True)
class Preset:
    batch: int
    learning_rate: float


PRESETS = {"cpu": Preset(16, 1.5e-3), "gpu": Preset(256, 4e-3)}


def conv(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )


class Residual(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.first = conv(width, width)
        self.second = nn.Sequential(nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.second(self.first(x)))


class Detector(nn.Module):
    """Three scales, 48, 80 and 128 wide, from fine to coarse and back: 1.2 M parameters."""

    def __init__(self, widths: tuple[int, int, int] = (48, 80, 128)):
        super().__init__()
        fine, middle, coarse = widths
        patches = nn.Conv2d(5, fine, 8, 4, 2, bias=False)
        self.fine = nn.Sequential(patches, nn.BatchNorm2d(fine), nn.ReLU(), Residual(fine))
        self.middle = nn.Sequential(conv(fine, middle, stride=2), Residual(middle), Residual(middle))
        self.coarse = nn.Sequential(conv(middle, coarse, stride=2), Residual(coarse), Residual(coarse))
        self.background = nn.Linear(coarse, len(BACKGROUNDS))
        self.to_middle = conv(coarse, middle, 1)
        self.middle_again = Residual(middle)
        self.to_fine = conv(middle, fine, 1)
        self.fine_again = conv(fine, 64)
        self.heads = nn.Conv2d(64, sum(HEADS.values()), 1)
        self.heads.bias.data[0] = -3.0  # few cells hold an object

    def forward(self, images: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        """Pictures [N,3,128,128] in [-1, 1] → what cells say, each [N,k,32,32], and logits of backgrounds [N,6]."""
        line = torch.linspace(-1, 1, SIDE, device=images.device)
        u, v = line.expand(len(images), 1, SIDE, SIDE), line[:, None].expand(len(images), 1, SIDE, SIDE)
        fine = self.fine(torch.cat([images, u, v], 1))
        middle = self.middle(fine)
        coarse = self.coarse(middle)
        middle = self.middle_again(middle + F.interpolate(self.to_middle(coarse), scale_factor=2.0))
        fine = self.fine_again(fine + F.interpolate(self.to_fine(middle), scale_factor=2.0))
        said = self.heads(fine).float().split(list(HEADS.values()), 1)
        return dict(zip(HEADS, said)), self.background(coarse.mean((2, 3))).float()


@dataclass
class Found:
    """What is believed to be in one picture: K objects, likely ones and unlikely ones."""

    score: np.ndarray  # [K] probability that it is an object at all
    centre: np.ndarray  # [K,2] of its box
    shape: np.ndarray  # [K,7] probabilities
    colour: np.ndarray  # [K,8] probabilities
    depth: np.ndarray  # [K] along the ground, away from the camera, world units
    stands: np.ndarray  # [K] probability that it stands on another
    under: np.ndarray  # [K,2] if so, where the other's centre is
    background: np.ndarray  # [6] probabilities


def halved(images: np.ndarray) -> np.ndarray:
    """uint8 RGB pictures [N,S,S,3] at 128×128, larger ones averaged down; ValueError for anything else."""
    good = isinstance(images, np.ndarray) and images.dtype == np.uint8 and images.ndim == 4 and images.shape[3] == 3
    if not good or images.shape[1] != images.shape[2] or images.shape[1] % SIDE or not images.shape[1]:
        got = f"{images.dtype} {images.shape}" if isinstance(images, np.ndarray) else type(images).__name__
        raise ValueError(f"pictures to judge: got {got}, want uint8 [N,S,S,3], S a multiple of {SIDE}")
    k = images.shape[1] // SIDE
    if k == 1:
        return images
    return images.reshape(-1, SIDE, k, SIDE, k, 3).mean((2, 4), dtype=np.float32).round().astype(np.uint8)


@torch.inference_mode()
def find(detector: Detector, images: np.ndarray, least: float = 0.02, most: int = 12, batch: int = 64) -> list[Found]:
    """The objects of pictures: cells of more heat than their neighbours."""
    where = next(detector.parameters()).device
    found = []
    for start in range(0, len(images), batch):
        part = images[start : start + batch]
        with autocast(where):
            said, background = detector(data.to_float(part).to(where))
        heat = said["heat"].sigmoid()
        heat = torch.where(heat == F.max_pool2d(heat, 3, 1, 1), heat, 0)
        score, cell = heat.flatten(1).topk(most)
        rows = np.arange(len(part))[:, None]
        at = {k: x.flatten(2).transpose(1, 2)[rows, cell] for k, x in said.items()}
        middle = torch.stack([cell % CELLS, cell // CELLS], 2) + 0.5 + at["offset"]
        columns = (
            score,
            middle / CELLS,
            at["shape"].softmax(2),
            at["colour"].softmax(2),
            at["depth"][..., 0] * DEPTH,
            at["stands"][..., 0].sigmoid(),
            (middle + at["under"] * UNDER) / CELLS,
        )
        columns = [c.cpu().numpy() for c in columns]
        for i, b in enumerate(background.softmax(1).cpu().numpy()):
            keep = columns[0][i] >= least
            found.append(Found(*(c[i][keep] for c in columns), b))
    return found


@dataclass
class Truths:
    """Truths of S scenes as arrays; rows beyond a scene's objects are not there."""

    there: np.ndarray  # [S,5]
    centre: np.ndarray  # [S,5,2]
    size: np.ndarray  # [S,5] of the box, the mean of both sides
    shape: np.ndarray  # [S,5]
    colour: np.ndarray  # [S,5]
    depth: np.ndarray  # [S,5] of ground z
    on: np.ndarray  # [S,5] index or -1
    front: np.ndarray  # [S,5,5] whether the first is in front of the second
    background: np.ndarray  # [S]

    @classmethod
    def of(cls, scenes: list[dict]) -> "Truths":
        s, m = len(scenes), MOST_OBJECTS
        t = cls(*(np.zeros((s, m, *more), kind) for more, kind in [
            ((), bool), ((2,), np.float32), ((), np.float32), ((), np.int64), ((), np.int64), ((), np.float32),
            ((), np.int64), ((m,), np.float32)]), np.zeros(s, np.int64))  # fmt: skip
        t.on[:] = -1
        for i, scene in enumerate(scenes):
            if len(scene["objects"]) > m:
                raise ValueError(f"scene {scene['id']}: {len(scene['objects'])} objects, want at most {m}")
            t.background[i] = list(BACKGROUNDS).index(scene["background"])
            for j, o in enumerate(scene["objects"]):
                u0, v0, u1, v1 = o["box"]
                t.there[i, j], t.centre[i, j], t.size[i, j] = True, o["centre"], (u1 - u0 + v1 - v0) / 2
                t.shape[i, j], t.colour[i, j] = SHAPES.index(o["shape"]), COLOURS.index(o["colour"])
                t.depth[i, j], t.on[i, j] = o["ground"][1], o["on"]
            for a, name, b in scene["relations"]:
                if name == "in front of":
                    t.front[i, a, b] = 1
        return t

    def take(self, rows: np.ndarray, mirrored: np.ndarray) -> "Truths":
        """Some scenes, those of mirrored with left and right exchanged."""
        t = Truths(*(getattr(self, f.name)[rows] for f in fields(self)))
        t.centre[..., 0] = np.where(mirrored[:, None], 1 - t.centre[..., 0], t.centre[..., 0])
        return t

    def to(self, where: torch.device) -> "Truths":
        return Truths(*(torch.from_numpy(getattr(self, f.name)).to(where) for f in fields(self)))


def loss_of(said: dict[str, Tensor], background: Tensor, t: Truths) -> tuple[Tensor, dict[str, float]]:
    """The training loss, and its parts; t holds tensors."""
    where = background.device
    line = torch.arange(CELLS, device=where) + 0.5
    grid = torch.stack([line.expand(CELLS, CELLS), line[:, None].expand(CELLS, CELLS)], 2)  # [32,32,2]
    away = t.centre[:, :, None, None] * CELLS - grid  # [N,5,32,32,2], in cells
    sigma = (0.13 * CELLS * t.size.clamp(min=0.05))[:, :, None, None]
    bump = torch.exp(-away.square().sum(-1) / (2 * sigma**2)) * t.there[:, :, None, None]
    cell = (t.centre * CELLS).long().clamp(0, CELLS - 1)
    index = (cell[..., 1] * CELLS + cell[..., 0]).clamp(0, CELLS**2 - 1)  # [N,5]
    objects = t.there.sum().clamp(min=1)

    # A cell with an object's middle in it is a positive; others the less negative the nearer they are to one.
    heat, owner = bump.max(1)  # [N,32,32]
    middle = torch.zeros_like(heat).flatten(1).scatter_add(1, index, t.there.float()).clamp(max=1).view_as(heat)
    p = said["heat"][:, 0].sigmoid().clamp(1e-4, 1 - 1e-4)
    hit, miss = middle * (1 - p) ** 2 * p.log(), (1 - middle) * (1 - heat) ** 4 * p**2 * (1 - p).log()
    parts = {"heat": -(hit + miss).sum() / objects}

    # Cells near a middle say what they know of the object.
    weight = (heat * (heat > 0.5)).flatten()
    flat = lambda x: x.gather(1, owner.flatten(1)).flatten()  # [N,5] → [N·32·32]
    near = weight.nonzero()[:, 0]
    weight = weight[near] / weight.sum().clamp(min=1)
    of = lambda k: said[k].permute(0, 2, 3, 1).reshape(-1, HEADS[k])[near]
    mean = lambda x: (x * weight).sum()
    picked = lambda x: torch.stack([flat(c)[near] for c in x.unbind(-1)], 1)  # [N,5,2] → [near,2]
    base = t.centre.gather(1, t.on.clamp(min=0)[..., None].expand(-1, -1, 2))
    centre_error = picked(t.centre) * CELLS - grid.reshape(-1, 2)[near % CELLS**2]
    stacked = flat(t.on)[near] >= 0
    parts["offset"] = mean((of("offset") - centre_error).abs().sum(1))
    parts["shape"] = mean(F.cross_entropy(of("shape"), flat(t.shape)[near], reduction="none"))
    parts["colour"] = mean(F.cross_entropy(of("colour"), flat(t.colour)[near], reduction="none"))
    parts["depth"] = mean(F.smooth_l1_loss(of("depth")[:, 0] * DEPTH, flat(t.depth)[near], reduction="none", beta=0.2))
    parts["stands"] = mean(F.binary_cross_entropy_with_logits(of("stands")[:, 0], stacked.float(), reduction="none"))
    parts["under"] = mean(stacked * (of("under") - (picked(base) - picked(t.centre)) * CELLS / UNDER).abs().sum(1)) * 8

    # Depth is the camera's, which turns a little about the scene: the relations say what ground z alone does not.
    depth = said["depth"].flatten(1).gather(1, index) * DEPTH
    number = torch.arange(MOST_OBJECTS, device=where)
    stack = (t.on[:, :, None] == number) | (t.on[:, None] == number[:, None])
    pair = t.there[:, :, None] & t.there[:, None] & ~stack & (number != number[:, None])
    beyond = (depth[:, None] - depth[:, :, None] - DEPTH_MARGIN) / DEPTH_SOFT
    front = F.binary_cross_entropy_with_logits(beyond, t.front, pair.float(), reduction="sum")
    parts["front"] = front / pair.sum().clamp(min=1)
    parts["background"] = 0.5 * F.cross_entropy(background, t.background)
    total = sum(parts.values())
    return total, {k: x.item() for k, x in parts.items()}


def blurred(images: Tensor) -> Tensor:
    """By the kernel 1 2 1 both ways."""
    kernel = torch.tensor([1.0, 2.0, 1.0], device=images.device) / 4
    kernel = (kernel[:, None] * kernel).expand(3, 1, 3, 3)
    return F.conv2d(F.pad(images, (1, 1, 1, 1), "replicate"), kernel, groups=3)


def weathered(images: Tensor, autoencoder: nn.Module | None) -> Tensor:
    """Renders [N,3,128,128] made a little worse, each otherwise, since generated pictures are softer: through the
    autoencoder with noise on the latents, blurred, of other contrast and brightness, noisy."""
    n, where = len(images), images.device
    draw = lambda: torch.rand(n, 1, 1, 1, device=where)
    images = images.clone()
    if autoencoder is not None:
        k = -(-n // ROUND_TRIPS)
        z = autoencoder.encode(images[:k])
        spread = 0.25 * torch.rand(k, 1, 1, 1, device=where)
        with autocast(where):
            images[:k] = autoencoder.decode(z + spread * torch.randn_like(z)).float()
    soft = blurred(images)
    softer = blurred(soft)
    t = 3 * (draw() - 0.45).clamp(min=0)  # most stay as they are or nearly so
    images = torch.where(t < 1, images.lerp(soft, t.clamp(max=1)), soft.lerp(softer, (t - 1).clamp(0, 1)))
    images = images * (0.85 + 0.3 * draw()) + 0.16 * (draw() - 0.5)
    return (images + 0.1 * draw() ** 2 * torch.randn_like(images)).clamp(-1, 1)


class Scenes:
    """All chunks of a folder read so far; one scene in HELD_OUT_EVERY is not for training."""

    def __init__(self, folder: Path):
        self.folder, self.done, self.pixels = folder, set(), []
        self.truths, self.scenes = [], []
        self.grow()
        if not self.done:
            raise SystemExit(f"{folder}: no chunk of scenes; tools/scenes writes them")

    def grow(self):
        """Reads the chunks that are new."""
        for images, truth in data.chunks(self.folder):
            if truth not in self.done:
                pixels, scenes = data.read_chunk(images, truth)
                self.pixels.append(pixels)
                self.truths.append(Truths.of(scenes))
                self.scenes.append(scenes)
                self.done.add(truth)

    def draw(self, rng: np.random.Generator, n: int) -> tuple[np.ndarray, Truths]:
        """n random scenes of one random chunk, some of them mirrored."""
        sizes = np.array([len(s) for s in self.scenes])
        chunk = rng.choice(len(sizes), p=sizes / sizes.sum())
        rows = rng.integers(0, sizes[chunk], n)
        rows = np.where(rows % HELD_OUT_EVERY == 0, (rows + 1) % sizes[chunk], rows)
        mirrored = rng.random(n) < 0.5
        images = halved(np.array(self.pixels[chunk][rows]))
        images[mirrored] = images[mirrored, :, ::-1]
        return images, self.truths[chunk].take(rows, mirrored)

    def held_out(self, most: int) -> tuple[np.ndarray, list[dict]]:
        """Up to so many scenes that are never trained on."""
        images, scenes = [], []
        for pixels, truth in zip(self.pixels, self.scenes):
            rows = np.arange(0, len(truth), HELD_OUT_EVERY)[: most - len(scenes)]
            images.append(halved(np.array(pixels[rows])))
            scenes += [truth[i] for i in rows]
        return np.concatenate(images), scenes


class Training:
    """A detector, its average and its optimizer; RUN/last.pt holds them."""

    def __init__(self, run: Path, preset: Preset, seed: int):
        torch.manual_seed(seed)
        self.run, self.preset, self.where = run, preset, device()
        self.detector, self.average = Detector().to(self.where), Detector().to(self.where).eval()
        self.optimizer = torch.optim.AdamW(self.detector.parameters(), preset.learning_rate, weight_decay=0.02)
        self.step, self.samples, self.hours = 0, 0, 0.0
        self.rng = np.random.default_rng(seed)
        self.average.load_state_dict(self.detector.state_dict())
        if (run / "last.pt").exists():
            self.restore()

    def restore(self):
        state = torch.load(self.run / "last.pt", map_location=self.where, weights_only=True)
        self.detector.load_state_dict(state["detector"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.samples, self.hours = state["step"], state["samples"], state["hours"]
        self.rng = np.random.default_rng([self.step, 1])

    def save(self, hours: float):
        """Writes last.pt; hours are those since it was started."""
        self.run.mkdir(parents=True, exist_ok=True)
        state = {k: getattr(self, k).state_dict() for k in ("detector", "average", "optimizer")}
        state |= dict(step=self.step, samples=self.samples, hours=self.hours + hours)
        with replace_file(self.run / "last.pt") as temporary:
            torch.save(state, temporary)

    def learn(self, images: np.ndarray, truths: Truths, autoencoder, factor: float) -> dict[str, float]:
        """One step; returns the parts of the loss."""
        pixels = data.to_float(images).to(self.where)
        with torch.no_grad():
            pixels = weathered(pixels, autoencoder)
        with autocast(self.where):
            said, background = self.detector(pixels)
        total, parts = loss_of(said, background, truths.to(self.where))
        total.backward()
        nn.utils.clip_grad_norm_(self.detector.parameters(), 5.0)
        for group in self.optimizer.param_groups:
            group["lr"] = self.preset.learning_rate * factor
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.step, self.samples = self.step + 1, self.samples + len(images)
        keep = min(AVERAGE, self.step / (self.step + 10))
        with torch.no_grad():
            for kept, new in zip(self.average.state_dict().values(), self.detector.state_dict().values()):
                kept.lerp_(new, 1 - keep) if kept.is_floating_point() else kept.copy_(new)
        return parts

    def fit(self, scenes: Scenes, autoencoder: nn.Module | None, clock: Clock, report):
        """Trains until the clock ends. report(average) gives figures for the log, and keeps what it likes."""
        self.detector.train()
        saved, losses = clock.hours, []
        while clock.part < 1:
            factor = rate(clock.part, self.step, WARM_UP, DECAY)
            losses.append(self.learn(*scenes.draw(self.rng, self.preset.batch), autoencoder, factor))
            if (clock.hours - saved) * 60 >= SAVE_MINUTES or clock.part >= 1:
                self.save(clock.hours)
                row = dict(hours=self.hours + clock.hours, step=self.step, samples=self.samples)
                row |= {k: float(np.mean([x[k] for x in losses])) for k in losses[0]} | report(self.average)
                left = max(0.0, (clock.end - clock.start) / 3600 - clock.hours) * 60
                print("  ".join(f"{k} {v:.4g}" for k, v in row.items()), f" {left:.0f} minutes left", flush=True)
                csv_log(self.run / "judge.csv", row)
                scenes.grow()
                saved, losses = clock.hours, []
