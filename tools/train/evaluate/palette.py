"""Whether a picture shows a component: a judge that is not trained, but knows the renderer's colours.

Every background's empty picture follows, row by row, from a few of the renderer's constants, and so does the colour
each object has in its light. A pixel is of the colour whose chromaticity is nearest, unless the empty picture's is
nearer; pixels of a colour that hang together are an object. Shape is not judged: a thing is its colour. Two objects of
one colour that touch count as one, dark and white ones are lost easily: it is there to rank, not to count.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

import tokenizer
from evaluate.components import BACKGROUNDS, COLOURS, NEAR, Component, Thing
from evaluate.detector import SIDE, halved

# tools/scenes/render/environment.go, linear RGB: zenith, horizon, key, light from above, the ground's mean reflectance.
ENVIRONMENTS = {
    "studio": ((0.80, 0.79, 0.78), (0.20, 0.19, 0.185), (0.78, 0.76, 0.72), (0.36, 0.36, 0.38), (0.40, 0.38, 0.36)),
    "grass": ((0.20, 0.42, 0.80), (0.60, 0.74, 0.86), (0.84, 0.80, 0.70), (0.30, 0.34, 0.38), (0.12, 0.215, 0.05)),
    "sand": ((0.24, 0.46, 0.82), (0.78, 0.78, 0.74), (0.86, 0.79, 0.66), (0.33, 0.34, 0.36), (0.56, 0.43, 0.24)),
    "snow": ((0.30, 0.46, 0.70), (0.52, 0.64, 0.78), (0.58, 0.57, 0.55), (0.40, 0.44, 0.50), (0.72, 0.79, 0.86)),
    "water": ((0.22, 0.40, 0.66), (0.62, 0.70, 0.74), (0.80, 0.77, 0.70), (0.32, 0.35, 0.40), (0.015, 0.085, 0.125)),
    "night": ((0.00, 0.01, 0.02), (0.014, 0.02, 0.055), (0.88, 0.87, 0.88), (0.17, 0.18, 0.23), (0.028, 0.032, 0.062)),
}
MIRROR = {"water": 0.1}  # how much the ground mirrors
EYE, TARGET, TAN_HALF = (5.0, -7.6), (2.1, 0.0), 0.425  # tools/scenes/scene/sample.go: y and z of the usual camera
SUN = 0.76  # how much of the main light reaches level ground

CELLS = 64  # blobs are told apart at half the picture's size
DARK = 0.012  # linear light below which a pixel's chromaticity says nothing
WHITE, BRIGHTER, WHITER = 0.25, 1.3, 0.04  # white is so bright, and brighter than the empty picture or far more neutral
LEAST_AREA = 12.0  # cells of a blob that is as likely an object as not
WINDOW = 0.4  # of the area of what it is a window of
BACKGROUND_SOFT = 0.02  # difference of rows, in sRGB, that is clearly another background
PLACE_SOFT = 0.012  # of the picture
SIDE_MARGIN, LEVEL_MARGIN, TOUCHING = 0.08, 0.05, 0.07  # of the picture: beside, nearer, on top of


def palette(vocabulary: str) -> np.ndarray:
    """Linear reflectances [8,3] of COLOURS, from the section of that name."""
    section = vocabulary.split("[colours]")[1].split("[")[0]
    rows = {w[0]: [float(x) for x in w[1:4]] for w in map(str.split, section.splitlines()) if w and w[0] != "#"}
    return np.array([rows[c] for c in COLOURS])


def smooth(x):
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


def empty(background: str, lit: float = 1.0) -> np.ndarray:
    """The empty picture's rows, linear [128,3], as tools/scenes/render/trace.go makes them; in shadow lit is 0."""
    zenith, horizon, key, above, ground = np.array(ENVIRONMENTS[background])
    mirror = MIRROR.get(background, 0)
    forward = np.array(TARGET) - EYE
    forward = forward / np.hypot(*forward)
    v = (np.arange(SIDE) + 0.5) / SIDE
    ray = forward + ((1 - 2 * v) * TAN_HALF)[:, None] * np.array([forward[1], -forward[0]])  # y, z
    ray /= np.hypot(*ray.T)[:, None]
    down = np.clip(-ray[:, 0], 1e-3, 1)
    sky = horizon + (zenith - horizon) * smooth(1.6 * np.abs(ray[:, 0]))[:, None]
    share = (mirror + (1 - mirror) * (1 - down) ** 5)[:, None] * (mirror > 0)
    floor = (ground * (key * SUN * lit + above)) * (1 - share) + sky * share
    haze = smooth((EYE[0] / down - 11) / 40)[:, None]
    return np.where(ray[:, :1] < 0, floor + (horizon - floor) * haze, sky)


def chroma(light: np.ndarray) -> np.ndarray:
    return light / light.sum(-1, keepdims=True).clip(1e-6)


def linear(pixels: np.ndarray) -> np.ndarray:
    x = pixels.astype(np.float32) / 255
    return np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)


@dataclass
class Blobs:
    """What is seen in a picture."""

    colour: np.ndarray  # [K] index
    box: np.ndarray  # [K,4] left, top, right, bottom
    likely: np.ndarray  # [K] by size
    background: np.ndarray  # [6] probabilities

    def __post_init__(self):
        """White blobs in the middle of larger ones are windows."""
        self.centre = (self.box[:, :2] + self.box[:, 2:]) / 2
        area = np.prod(self.box[:, 2:] - self.box[:, :2], axis=1)
        inside = (self.centre[:, None] > self.box[None, :, :2]) & (self.centre[:, None] < self.box[None, :, 2:])
        window = (inside.all(2) & (area[:, None] < WINDOW * area)).any(1) & (self.colour == COLOURS.index("white"))
        self.likely = np.where(window, 0.2, 1) * self.likely


def labelled(masks: torch.Tensor) -> torch.Tensor:
    """Masks [N,8,H,W] → a number for each set of cells that hang together, 0 outside: the largest index spreads."""
    index = torch.arange(1, masks[0, 0].numel() + 1, dtype=torch.float32).view(1, 1, *masks.shape[2:])
    label = index * masks
    while True:
        spread = F.max_pool2d(label, 3, 1, 1) * masks
        if torch.equal(spread, label):
            return label
        label = spread


class PaletteJudge:
    name = "palette"

    def __init__(self, vocabulary: Path = tokenizer.VOCABULARY):
        self.reflectance = palette(vocabulary.read_text("utf-8"))
        self.empty = {b: (empty(b), empty(b, 0.2)) for b in BACKGROUNDS}

    def supports(self, c: Component) -> bool:
        """Backgrounds, places, and things with a colour."""
        coloured = lambda t: t is not None and t.colour is not None
        if c.kind == "relation":
            return coloured(c.thing) and coloured(c.other)
        return c.kind in ("background", "place") or coloured(c.thing)

    def sees(self, c: Component) -> Component:
        bare = lambda t: t and replace(t, shape=None)
        return replace(c, thing=bare(c.thing), other=bare(c.other))

    def backgrounds(self, picture: np.ndarray) -> np.ndarray:
        """Probabilities [6] of a picture [128,128,3] in linear light: the rows' medians against the empty pictures'."""
        rows = np.median(picture, 1) ** (1 / 2.2)
        away = np.array([np.abs(rows - self.empty[b][0] ** (1 / 2.2)).mean() for b in BACKGROUNDS])
        p = np.exp((away.min() - away) / BACKGROUND_SOFT)
        return p / p.sum()

    def masks(self, picture: np.ndarray, background: str) -> np.ndarray:
        """Where a picture in linear light is of each colour [8,128,128]."""
        _, _, key, above, _ = np.array(ENVIRONMENTS[background])
        away = lambda c: np.abs(chroma(picture) - c).sum(2)
        colours = np.stack([away(c) for c in chroma(self.reflectance * (key + above))])
        lit, shadow = self.empty[background]
        ground = np.minimum(away(chroma(lit)[:, None]), away(chroma(shadow)[:, None]))
        white = COLOURS.index("white")
        brightness = picture.mean(2)
        clear = (brightness > BRIGHTER * lit.mean(1)[:, None]) | (ground - colours[white] > WHITER)
        ground = np.where(colours.argmin(0) == white, np.where(clear & (brightness > WHITE), np.inf, 0), ground)
        seen = (colours.min(0) < ground) & (brightness > DARK)
        return (colours.argmin(0) == np.arange(len(COLOURS))[:, None, None]) & seen

    def look(self, pictures: np.ndarray) -> list[Blobs]:
        """The blobs of pictures uint8 [N,128,128,3]."""
        light = linear(pictures)
        backgrounds = np.stack([self.backgrounds(p) for p in light])
        names = list(BACKGROUNDS)
        masks = np.stack([self.masks(p, names[b.argmax()]) for p, b in zip(light, backgrounds)])
        halves = F.avg_pool2d(torch.from_numpy(masks).float(), SIDE // CELLS) >= 0.5
        labels = labelled(halves.float()).numpy()
        found = []
        for picture, b in zip(labels, backgrounds):
            rows = [[], [], []]
            for k, label in enumerate(picture):
                for number in np.unique(label[label > 0]):
                    y, x = np.nonzero(label == number)
                    if len(y) >= LEAST_AREA / 2:
                        rows[0].append(k)
                        rows[1].append([x.min() / CELLS, y.min() / CELLS, (x.max() + 1) / CELLS, (y.max() + 1) / CELLS])
                        rows[2].append(1 / (1 + (LEAST_AREA / len(y)) ** 4))
            colour, box, likely = np.array(rows[0], int), np.array(rows[1]).reshape(-1, 4), np.array(rows[2])
            found.append(Blobs(colour, box, likely, b))
        return found

    def judge(self, images: np.ndarray, asked: Sequence[Sequence[Component]]) -> list[list[float]]:
        images = halved(images)
        if len(images) != len(asked):
            raise ValueError(f"{len(images)} pictures, but components for {len(asked)}")
        unable = next((c for cs in asked for c in cs if not self.supports(c)), None)
        if unable:
            raise ValueError(f"the palette judge knows things by their colour; it cannot judge {unable.text()!r}")
        seen = [b for i in range(0, len(images), 32) for b in self.look(images[i : i + 32])]
        return [[shown(b, c) for c in cs] for b, cs in zip(seen, asked)]


def soft(x):
    return 1 / (1 + np.exp(-np.clip(x / PLACE_SOFT, -60, 60)))


def related(b: Blobs, relation: str) -> np.ndarray:
    """How likely a relation holds of the first blob to the second [K,K]."""
    inverse = {"right of": "left of", "behind": "in front of", "below": "above"}
    if relation in inverse:
        return related(b, inverse[relation]).T
    u, bottom, top = b.centre[:, 0], b.box[:, 3], b.box[:, 1]
    level = soft(TOUCHING - np.abs(u[:, None] - u)) * soft(TOUCHING - np.abs(bottom[:, None] - top))
    on = level * soft(b.centre[None, :, 1] - b.centre[:, None, 1] - TOUCHING)
    if relation == "above":
        return on
    beside, nearer = u[None] - u[:, None] - SIDE_MARGIN, bottom[:, None] - bottom[None] - LEVEL_MARGIN
    return soft(beside if relation == "left of" else nearer) * (1 - on) * (1 - on.T)


def shown(b: Blobs, c: Component) -> float:
    if c.kind == "background":
        return float(b.background[list(BACKGROUNDS).index(c.background)])
    fits = lambda t: b.likely * (b.colour == COLOURS.index(t.colour) if t and t.colour else 1)
    like = fits(c.thing)
    if c.kind == "relation":
        pairs = like[:, None] * fits(c.other)[None] * related(b, c.relation)
        np.fill_diagonal(pairs, 0)
        return float(pairs.max(initial=0))
    if c.place is not None:
        like = like * soft(NEAR - np.hypot(*(b.centre - c.place).T))
    return float(like.max(initial=0))
