"""Scenes on disk, as tools/scenes writes them, and the draws of training.

A folder holds chunks: images-00000.bin (uint8 RGB, N×S×S×3, one S a folder) and truth-00000.jsonl, one scene a line.
Chunks may arrive while training runs. Images are encoded once, when their chunk is read; after that only latents are in
memory.
"""

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import tokenizer

NOWHERE = (float("nan"), float("nan"))
GROUNDS = "in a studio", "on grass", "on sand", "on snow", "on water", "at night"
RELATION_WORDS = "left", "right", "front", "behind", "above", "below", "top", "under"
HELD_OUT = 256  # scenes at the start of the first chunk that are never trained on

# What a sample is conditioned on: a kind of caption, or nothing. Mostly one object at its place, since a composition is made
# of such rows and what is said of a place is learnt several times sooner than what is said of the whole; the null row is
# the background of every composition. A caption names part of a cluttered scene, so "nothing said" means "anything may
# be there" (Bradley et al., arXiv 2502.04549).
MIX = {"null": 0.08, "object": 0.20, "place": 0.30, "relation": 0.18, "background": 0.08, "joined": 0.16}
# Others, for comparison: captions that say more, and captions that say less.
MIXES = {
    "usual": MIX,
    "more": {"null": 0.08, "object": 0.10, "place": 0.17, "relation": 0.20, "background": 0.05, "joined": 0.40},
    "less": {"null": 0.15, "object": 0.29, "place": 0.41, "relation": 0.05, "background": 0.08, "joined": 0.02},
}
# How many of the captions of two or three things come with the places of all of them, each laid on the latent with its own
# noun: what a relation says is then learnt as where things go, and the text alone has to say it the rest of the time.
LAID = 0.6
# How many of the relations are of stacked things, which are in one scene of sixteen: evenly drawn, one caption in 300 would
# be of a stack, and what is hard would be seen least.
STACKED = 0.5
STACK_WORDS = "above", "below", "top", "under"
# A scene without captions of a kind lends one of another: a lone object has no relation, an empty scene no object.
INSTEAD = {"relation": "object", "object": "empty", "place": "empty", "joined": "empty"}


def chunks(folder: Path) -> list[tuple[Path, Path]]:
    """The chunks that are complete, in order."""
    found = []
    for truth in sorted(folder.glob("truth-*.jsonl")):
        images = truth.with_name(truth.name.replace("truth-", "images-")).with_suffix(".bin")
        if images.exists():  # they are put into place after the truth
            found.append((images, truth))
    return found


def read_chunk(images: Path, truth: Path) -> tuple[np.ndarray, list[dict]]:
    """Pixels, as a view of the file, and truth; ValueError if the two do not belong together."""
    scenes = [json.loads(line) for line in truth.read_text("utf-8").splitlines()]
    size = images.stat().st_size
    side = math.isqrt(size // (3 * len(scenes)))
    if size != len(scenes) * side * side * 3:
        raise ValueError(f"{images}: {size} bytes are not {len(scenes)} square pictures of one size")
    return np.memmap(images, np.uint8, "r", shape=(len(scenes), side, side, 3)), scenes


def to_float(pixels: np.ndarray) -> Tensor:
    """uint8 [N,H,W,3] → float [N,3,H,W] in [-1, 1]."""
    return torch.from_numpy(np.array(pixels)).permute(0, 3, 1, 2).float() / 127.5 - 1


def to_pixels(images: Tensor) -> np.ndarray:
    """The inverse of to_float, clipped."""
    return ((images.float().clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).cpu().numpy()


@dataclass
class Parts:
    """The two clauses of those captions of a batch that have two."""

    rows: Tensor  # [K], in the batch
    ids: Tensor  # [K,2,LENGTH]


@dataclass
class Laid:
    """Things of captions that name several, each at its own place."""

    rows: Tensor  # [K], in the batch
    ids: Tensor  # [K,LENGTH], of their nouns
    places: Tensor  # [K,2]


@dataclass
class Batch:
    latents: Tensor  # [N,C,h,w]
    ids: Tensor  # [N,LENGTH]
    places: Tensor  # [N,2]; NaN is anywhere
    parts: Parts | None = None
    laid: Laid | None = None


def clauses(text: str) -> tuple[str, str] | None:
    """The two clauses of "A and B" or of "A on snow"; None if the caption says more or less."""
    if "," in text or any(f" {word} " in f" {text} " for word in RELATION_WORDS):
        return None
    for end in GROUNDS:
        if text.endswith(f" {end}"):
            thing = text.removesuffix(f" {end}")
            return None if " and " in thing or thing == "an empty scene" else (thing, end)
    one, _, other = text.partition(" and ")
    return (one, other) if other else None


BETWEEN = re.compile(
    r",| and | (?:is )?(?:to the )?(?:left|right) of | (?:is )?in front of | (?:is )?(?:behind|above|below|under|on top of) "
)


def nouns(text: str) -> list[str]:
    """The things that a caption names, in its order: "a red cube", "a car" of "a red cube is left of a car on snow"."""
    for end in GROUNDS:
        text = text.removesuffix(f" {end}")
    return [noun.strip() for noun in BETWEEN.split(text)]


def spoken(text: str, place: tuple[float, float]) -> str:
    """A text with its place in words, in hundredths of the picture: tokens that no other caption holds."""
    if math.isnan(place[0]):
        return text
    return f"{text} {' '.join(f'{min(99, max(0, round(100 * x))):02d}' for x in place)}"


class Texts:
    """Token ids of texts, each tokenized once."""

    def __init__(self, tok):
        self.tok, self.index, self.rows = tok, {}, []

    def number(self, text: str) -> int:
        if text not in self.index:
            self.index[text] = len(self.rows)
            row = self.tok(text, padding="max_length", max_length=tokenizer.LENGTH).input_ids
            if len(row) > tokenizer.LENGTH:
                raise ValueError(f"caption of {len(row)} tokens, want at most {tokenizer.LENGTH}: {text!r}")
            self.rows.append(row)
        return self.index[text]

    def ids(self, numbers: list[int]) -> Tensor:
        return torch.tensor([self.rows[n] for n in numbers])


class Scenes:
    """Latents and captions of all chunks read so far."""

    def __init__(self, folder: Path, encode, tok, mix: dict[str, float] = MIX, in_words: bool = False):
        """mix: how often captions are of each kind; in_words: places are told in words."""
        self.folder, self.encode, self.texts = folder, encode, Texts(tok)
        self.mix, self.in_words = mix, in_words
        self.clauses: dict[int, tuple[int, int]] = {}  # of captions of two clauses, by text number
        self.nouns: dict[int, list[int]] = {}  # of captions that name several things, by text number
        self.done: set[Path] = set()
        self.latents: list[Tensor] = []  # a scene each, float16
        self.captions: list[dict[str, list]] = []  # a scene each, by kind: text number, place, objects
        self.centres: list[list[tuple[float, float]]] = []  # of each scene's objects
        self.held_out: list[dict] = []  # truth of the first HELD_OUT scenes
        self.stacks: list[int] = []  # scenes that have captions of kind "stack", which are among their relations
        self.null = self.texts.number("")

    def grow(self) -> int:
        """Reads the chunks that are new; returns how many scenes there are."""
        for images, truth in chunks(self.folder):
            if truth in self.done:
                continue
            pixels, scenes = read_chunk(images, truth)
            if not self.done:
                self.held_out = scenes[:HELD_OUT]
            for i in range(0, len(scenes), 100):
                self.latents += self.encode(to_float(pixels[i : i + 100])).half()
            first = len(self.captions)
            self.captions += map(self.by_kind, scenes)
            self.stacks += [i for i in range(max(first, HELD_OUT), len(self.captions)) if "stack" in self.captions[i]]
            self.centres += [[tuple(o["centre"]) for o in s["objects"]] for s in scenes]
            self.done.add(truth)
        return len(self.latents)

    def by_kind(self, scene: dict) -> dict[str, list]:
        """The scene's captions as (text number, place, objects), by kind."""
        kinds = {"null": [(self.null, NOWHERE, [])]}
        for c in scene["captions"]:
            text, place = c["text"], c.get("place", NOWHERE)
            if self.in_words:
                text, place = spoken(text, place), NOWHERE
            number = self.texts.number(text)
            said = number, place, c["objects"]
            kinds.setdefault(c["kind"], []).append(said)
            if c["kind"] == "relation" and not set(STACK_WORDS).isdisjoint(text.split()):
                kinds.setdefault("stack", []).append(said)
            if len(c["objects"]) > 1 and number not in self.nouns:
                self.nouns[number] = list(map(self.texts.number, nouns(text)))
                if len(self.nouns[number]) != len(c["objects"]):
                    raise ValueError(f"caption {text!r} names {len(self.nouns[number])} things, want {len(c['objects'])}")
            if c["kind"] == "joined" and number not in self.clauses and (two := clauses(text)):
                self.clauses[number] = tuple(map(self.texts.number, two))
        return kinds

    def draw(self, rng: np.random.Generator, n: int) -> Batch:
        """n random scenes, each with a random caption of a random kind; of relations some are picked by caption."""
        picks = rng.integers(HELD_OUT, len(self.latents), n)
        kinds = rng.choice(list(self.mix), n, p=list(self.mix.values()))
        numbers, places, laid = [], [], []
        if self.stacks:
            stacked = (kinds == "relation") & (rng.random(n) < STACKED)
            picks[stacked] = rng.choice(self.stacks, stacked.sum())
            kinds = np.where(stacked, "stack", kinds)
        for pick, kind in zip(picks, kinds):
            there = self.captions[pick]
            while kind not in there:
                kind = INSTEAD[kind]
            number, place, objects = there[kind][rng.integers(len(there[kind]))]
            if len(objects) > 1 and not self.in_words and rng.random() < LAID:
                at = self.centres[pick]
                laid += [(len(numbers), noun, at[o]) for noun, o in zip(self.nouns[number], objects)]
            numbers.append(number)
            places.append(place)
        latents = torch.stack([self.latents[i] for i in picks]).float()
        rows = [i for i, number in enumerate(numbers) if number in self.clauses]
        ids = [self.texts.ids(self.clauses[numbers[i]]) for i in rows]
        parts = Parts(torch.tensor(rows), torch.stack(ids)) if rows else None
        things = None
        if laid:
            where, what, at = zip(*laid)
            things = Laid(torch.tensor(where), self.texts.ids(what), torch.tensor(at))
        return Batch(latents, self.texts.ids(numbers), torch.tensor(places), parts, things)
