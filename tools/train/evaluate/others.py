"""Samplers of models other than the shipped one: the paper's recipe, and two component models composed.

    python -m evaluate.run ... --model-of paper=others:RUN             # of paper.py
    python -m evaluate.run ... --model-of components=others:FOLDER     # holds backgrounds/ and objects/, exported

The component models were trained apart and share only the autoencoder: one saw grounds without objects, one saw objects
in the studio. Both are asked about the same noisy latent, and their answers are composed as those of one model are,

    eps = base + Σ g_b (eps_b - eps_B) + Σ g_i (eps_i - eps_O)

with eps_B the null row of the backgrounds' model. What a model's terms are measured against must come from that model:
a difference between models would hold all that they disagree on. What is open is the base, and eps_O.

The theorem (Bradley et al., arXiv 2502.04549) wants each p_i to differ from the base only where its own object is. Over
the whole picture no base allows that: the backgrounds' model says no object is anywhere, and the objects' model says all
is studio. Neither is wrong on the part that it knows, so `place` takes each model's word where the other knows nothing.
FOLDER/components.json, {"variant": NAME}, chooses another than the default; VARIANTS has them all.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor

import common
import data
import paper
import tokenizer
from evaluate.cells import Rule
from evaluate.components import BACKGROUNDS, Condition, Place
from evaluate.pictures import ROWS, Row, TorchSampler, calls, guided, identity
from model import PATCH, bumps
from sample import trajectory

EMPTY = "an empty scene"
COMPONENTS_FILE = "components.json"

# Where an object's word counts, as a multiple of a bump cut off at 1: all of a large object and its shadow's near end.
REACH, HEIGHT = 0.12, 2.0


@dataclass(frozen=True)
class Variant:
    """base: whose null row the others are added to: the backgrounds' model's, half of each model's, the objects'
    model's, or, where objects are placed, each model's on its own part of the picture, its terms too.
    against: the text of the objects' model's row that its terms are measured against."""

    base: Literal["backgrounds", "half", "objects", "place"]
    against: str = ""


VARIANTS = {
    "backgrounds": Variant("backgrounds"),
    "backgrounds-empty": Variant("backgrounds", EMPTY),
    "half": Variant("half"),
    "objects": Variant("objects"),
    "place": Variant("place"),
    "place-empty": Variant("place", EMPTY),
}
DEFAULT = "place"


def separate(condition: Condition, rule: Rule) -> list[tuple[str, tuple[Place, ...], float]]:
    """guided's terms, which must be terms of their own."""
    if rule.how == "joined":
        raise ValueError("rule joined: want terms, since no single model knows a caption of all")
    return guided(condition, rule)


def reach(places: Sequence[Place], side: int) -> Tensor:
    """1 where an object at one of places may be, falling to 0 around, [1,side,side]; 1 everywhere if there is none."""
    if not places:
        return torch.ones(1, side, side)
    return (HEIGHT * bumps(torch.tensor(places), side, side, REACH)).clamp(max=1).amax(0)


@dataclass
class Part:
    """A row of one of the models, and what its score is multiplied by at every cell, [1,side,side]."""

    model: Literal["backgrounds", "objects"]
    row: Row
    map: Tensor


def parts(condition: Condition, rule: Rule, variant: Variant, side: int) -> list[Part]:
    """The rows of a condition; their maps add up to 1 at every cell."""
    if rule.background:
        raise ValueError(f"background {rule.background!r}: want none, the variant says what terms are measured against")
    terms = separate(condition, rule)
    everywhere = torch.ones(1, side, side)
    placed = [p for _, places, _ in terms for p in places]
    at_place = variant.base == "place"
    objects_share = {"backgrounds": 0.0, "half": 0.5, "objects": 1.0}.get(variant.base, 0.0) * everywhere
    if at_place and placed:
        objects_share = reach(placed, side)
    bases = {"backgrounds": 1 - objects_share, "objects": objects_share}
    found = []
    for text, places, coefficient in terms:
        model = "backgrounds" if text in BACKGROUNDS.values() else "objects"
        where = everywhere
        if at_place:
            where = bases["backgrounds"] if model == "backgrounds" else reach(places, side)
        found.append(Part(model, Row(text, places, coefficient), coefficient * where))
        bases[model] = bases[model] - found[-1].map
    # A base that is the other model's, with a text of its own, is a row apart from what terms are measured against.
    if variant.against:
        found.append(Part("objects", Row(variant.against, (), 1.0), bases["objects"] - objects_share))
        bases["objects"] = objects_share
    found += [Part(model, Row("", (), 1.0), share) for model, share in bases.items()]
    return [p for p in found if p.map.any()]


class ComponentsSampler:
    """Two exported folders, FOLDER/backgrounds and FOLDER/objects, by DDIM, from the engine's noise."""

    def __init__(self, folder: Path):
        config = folder / COMPONENTS_FILE
        name = json.loads(config.read_text()).get("variant") if config.exists() else DEFAULT
        if name not in VARIANTS:
            raise ValueError(f"{config}: variant {name!r}, want one of {', '.join(VARIANTS)}")
        self.variant = VARIANTS[name]
        hashes = {k: identity(folder / k)[1] for k in ("backgrounds", "objects")}
        self.identity = " ".join([*hashes.values(), name, "PyTorch"])
        self.models = {k: TorchSampler(folder / k, hashes[k]) for k in hashes}
        a, b = (m.vae.state_dict() for m in self.models.values())
        if not all(torch.equal(a[k], b[k]) for k in a):
            raise ValueError(f"{folder}: the models' autoencoders differ, so they do not speak of the same latents")

    def pictures(self, conditions: Sequence[Condition], rule: Rule, size: int) -> np.ndarray:
        with torch.inference_mode():
            z = self.latents(conditions, rule, size // PATCH)
            return data.to_pixels(torch.cat([self.models["objects"].vae.decode(part) for part in z.split(16)]))

    def latents(self, conditions: Sequence[Condition], rule: Rule, side: int) -> Tensor:
        """[N,C,side,side]"""
        asked = [(i, p) for i, c in enumerate(conditions) for p in parts(c, rule, self.variant, side)]
        first = self.models["objects"]
        shape = (first.denoiser.arch.latent_channels, side, side)
        batches = [b for k in self.models for b in self.batches(k, [(i, p) for i, p in asked if p.model == k], side)]

        def predict(x: Tensor, t: Tensor) -> Tensor:
            total = torch.zeros_like(x)
            for model, owner, ids, bump, share in batches:
                with common.autocast(first.where):
                    v = model.denoiser(x[owner], t.expand(len(owner)).to(first.where), ids, bump)
                total.index_add_(0, owner, share * v.float())
            return total

        fresh = calls([c.seed for c in conditions], shape, first.where)
        return trajectory(first.schedule(), fresh(), rule.steps, rule.moves, predict, fresh)

    def batches(self, name: str, asked: Sequence[tuple[int, Part]], side: int):
        """(model, owner [R], ids [R,LENGTH], bump [R,1,side,side], map [R,1,side,side]), so many rows at a time."""
        model = self.models[name]
        limit = max(1, ROWS * 16**2 // side**2)
        for k in range(0, len(asked), limit):
            some = asked[k : k + limit]
            rows = [p.row for _, p in some]
            ids = model.tok([r.text for r in rows], padding="max_length", max_length=tokenizer.LENGTH).input_ids
            owner = torch.tensor([i for i, _ in some], device=model.where)
            share = torch.stack([p.map for _, p in some]).to(model.where)
            yield model, owner, torch.tensor(ids, device=model.where), model.places(rows, side), share


class PaperSampler:
    """A run of paper.py: only places can be asked for, whatever the texts beside them. Its 64 pixels are enlarged."""

    def __init__(self, run: Path):
        self.model = paper.load(run)
        digest = hashlib.sha256((run / paper.EMA).read_bytes()).hexdigest()[:10]
        self.identity = f"{digest} ancestral PyTorch"

    def pictures(self, conditions: Sequence[Condition], rule: Rule, size: int) -> np.ndarray:
        if rule.background:
            raise ValueError(f"background {rule.background!r}: the paper's recipe has a null embedding alone")
        terms = [separate(c, rule) for c in conditions]
        for text, places, _ in (t for picture in terms for t in picture):
            if len(places) != 1:
                raise ValueError(f"{text!r}: the paper's recipe is told a place and nothing else")
        at = [[places[0] for _, places, _ in picture] for picture in terms]
        weights = [[w for _, _, w in picture] for picture in terms]
        seeds = [c.seed for c in conditions]
        small = data.to_pixels(paper.compose(self.model, at, seeds, weights, rule.steps))
        return np.stack([np.asarray(Image.fromarray(p).resize((size, size), Image.Resampling.BICUBIC)) for p in small])


def sampler(folder: Path):
    """The sampler of what folder holds."""
    if (folder / paper.ARCHITECTURE_FILE).exists():
        return PaperSampler(folder)
    if (folder / "objects").is_dir() and (folder / "backgrounds").is_dir():
        return ComponentsSampler(folder)
    raise ValueError(f"{folder}: neither a run of paper.py ({paper.ARCHITECTURE_FILE}) nor backgrounds/ and objects/")
