"""The pictures of conditions: from the engine, or from PyTorch on the same weights and the same noise."""

import hashlib
import itertools
import json
import math
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Protocol, Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor

import common
import data
import tokenizer
from evaluate.cells import Rule
from evaluate.components import BACKGROUNDS, Condition, Place
from evaluate.philox import noise
from model import PATCH, bumps, window
from sample import trajectory

ROWS = 64  # evaluated at a time, of 128 pixels


class Sampler(Protocol):
    """A model and a way to ask it. Other models than the shipped one come with a sampler of their own."""

    identity: str  # changes with the pictures: the hash of the weights, and what else decides

    def pictures(self, conditions: Sequence[Condition], rule: Rule, size: int) -> np.ndarray:
        """uint8 [N,size,size,3], a picture a condition, each of its condition and seed alone."""


@dataclass(frozen=True)
class Row:
    """An evaluation of the network, and what the score is multiplied by."""

    text: str
    places: tuple[Place, ...]
    coefficient: float
    null: bool = False  # the one that others are measured against


def caption(texts: Sequence[str]) -> str:
    """One caption of all texts: things in a row, the background last."""
    grounds = [t for t in texts if t in BACKGROUNDS.values()]
    things = [t for t in texts if t not in BACKGROUNDS.values()]
    listed = " and ".join(filter(None, [", ".join(things[:-1]), *things[-1:]]))
    return " ".join(filter(None, [listed, *grounds]))


def weighted(condition: Condition, rule: Rule) -> list[tuple[str, tuple[Place, ...], float]]:
    """What is asked as (text, places, weight), before guidance."""
    terms = [
        (t.text, (t.place,) if t.place and rule.places else (), t.weight if t.weight > 0 else t.weight * rule.negation)
        for t in condition.terms
    ]
    terms = [t for t in terms if t[2]]
    if rule.how == "joined":
        positive = [t for t in terms if t[2] > 0]
        one = (caption([t[0] for t in positive]), tuple(p for t in positive for p in t[1]), 1.0)
        return [one, *(t for t in terms if t[2] < 0)]
    if rule.how == "mean":
        total = sum(w for _, _, w in terms if w > 0)
        return [(text, places, w / total) for text, places, w in terms]
    return terms


def guided(condition: Condition, rule: Rule) -> list[tuple[str, tuple[Place, ...], float]]:
    """Text, places and coefficient of each term that counts, guidance and its cap included: none, at guidance 0."""
    terms = weighted(condition, rule)
    scale, total = rule.guidance, rule.guidance * sum(w for _, _, w in terms if w > 0)
    if rule.max_guidance is not None and total > rule.max_guidance:
        scale *= rule.max_guidance / total
    return [(text, places, scale * w) for text, places, w in terms if scale * w]


def rows(condition: Condition, rule: Rule) -> list[Row]:
    """The rows of a condition, the one that others are measured against first; coefficients add up to 1. Rows that
    count for nothing are left out."""
    found = [Row(*term) for term in guided(condition, rule)]
    return [r for r in (Row(rule.background, (), 1 - sum(r.coefficient for r in found), True), *found) if r.coefficient]


def calls(seeds: Sequence[int], shape: tuple[int, int, int], where: torch.device) -> Callable[[], Tensor]:
    """The engine's noise of pictures [N,C,H,W]: the first call's is what they start from, and so on."""
    numbers = itertools.count()

    def fresh() -> Tensor:
        call = next(numbers)
        return torch.from_numpy(np.stack([noise(seed, shape, call) for seed in seeds])).to(where)

    return fresh


class TorchSampler:
    """An exported folder in PyTorch. DDIM as the folder's scheduler has it and Langevin moves, with the engine's noise."""

    def __init__(self, folder: Path, identity: str, exact: bool = False):
        """exact: float32 throughout, as on CPUs in any case, also where a GPU would round."""
        from diffusers import DDIMScheduler
        from export import read

        self.where = common.device()
        self.exact = exact or self.where.type == "cpu"  # what was compared with the engine's pictures
        with common.autocast(self.where):
            rounds = torch.is_autocast_enabled(self.where.type) and not self.exact
        self.identity = f"{identity} PyTorch {'bfloat16' if rounds else 'float32'}"
        if self.exact:
            torch.set_float32_matmul_precision("highest")
            torch.backends.cudnn.allow_tf32 = False
        denoiser, vae = read(folder)
        self.denoiser, self.vae = denoiser.to(self.where), vae.to(self.where)
        self.tok = tokenizer.load(folder / "tokenizer")
        schedule = DDIMScheduler.load_config(folder / "scheduler")
        self.schedule = lambda: DDIMScheduler.from_config(schedule)

    def pictures(self, conditions: Sequence[Condition], rule: Rule, size: int) -> np.ndarray:
        if rule.arranged or rule.learnt or rule.hires > 1 or rule.flags:
            asked = " ".join(rule.flags) or "drawn places, learnt weights or smaller pictures first"
            raise ValueError(f"{asked}: the engine's alone; want --sampler engine and a packed model")
        with torch.inference_mode():
            latents = self.latents(conditions, rule, size // PATCH)
            images = [self.vae.decode(z) for z in latents.split(max(1, 16 * 128**2 // size**2))]
        return data.to_pixels(torch.cat(images))

    def latents(self, conditions: Sequence[Condition], rule: Rule, side: int) -> Tensor:
        """[N,C,side,side], all pictures' rows evaluated together."""
        of_picture = [rows(c, rule) for c in conditions]
        flat = [row for picture in of_picture for row in picture]
        owner = torch.tensor([i for i, picture in enumerate(of_picture) for _ in picture], device=self.where)
        coefficient = self.coefficients(of_picture, rule.reach, side)
        ids = self.tok([r.text for r in flat], padding="max_length", max_length=tokenizer.LENGTH).input_ids
        for row, tokens in zip(flat, ids):
            if len(tokens) > tokenizer.LENGTH:
                raise ValueError(f"text of {len(tokens)} tokens, want at most {tokenizer.LENGTH}: {row.text!r}")
        ids, bump = torch.tensor(ids, device=self.where), self.places(flat, side)

        shape = (self.denoiser.arch.latent_channels, side, side)
        parts = torch.arange(len(flat), device=self.where).split(max(1, ROWS * 16**2 // side**2))

        def predict(x: Tensor, t: Tensor) -> Tensor:
            with common.autocast(self.where) if not self.exact else torch.no_grad():
                v = torch.cat(
                    [
                        self.denoiser(x[owner[p]], t.expand(len(p)).to(self.where), ids[p], bump[p]).float()
                        for p in parts
                    ]
                )
            return torch.zeros_like(x).index_add(0, owner, coefficient * v)

        fresh = calls([c.seed for c in conditions], shape, self.where)
        return trajectory(self.schedule(), fresh(), rule.steps, rule.moves, predict, fresh)

    def coefficients(self, of_picture: Sequence[Sequence[Row]], reach: float | None, side: int) -> Tensor:
        """What each row's score is multiplied by in each cell [R,1,side,side]; a picture's add up to 1 everywhere."""
        found = []
        for picture in of_picture:
            things = [r.places if not r.text.endswith(tuple(BACKGROUNDS.values())) else () for r in picture]
            others = any(r.coefficient > 0 and not p and not r.null for r, p in zip(picture, things))
            # Something takes a thing's place where it is not heard: the null row, beside another that is heard there.
            bounds = picture[0].null and others and reach
            places = [torch.tensor(p if bounds else (), device=self.where).reshape(-1, 2) for p in things]
            shares = [r.coefficient * window(p, side, side, reach).to(self.where) for r, p in zip(picture, places)]
            if picture[0].null:
                shares[0] = 1 - sum(shares[1:], torch.zeros_like(shares[0]))
            found += shares
        return torch.stack(found)

    def places(self, flat: Sequence[Row], side: int) -> Tensor:
        """The place maps [R,1,side,side] of rows, a bump for each of a row's places."""
        out = torch.zeros(len(flat), 1, side, side, device=self.where)
        where = [(i, p) for i, r in enumerate(flat) for p in r.places]
        if not where:
            return out
        all_bumps = bumps(torch.tensor([p for _, p in where], device=self.where), side, side, self.denoiser.arch.sigma)
        return out.index_add(0, torch.tensor([i for i, _ in where], device=self.where), all_bumps)


class EngineSampler:
    """A packed model in the engine's command, which makes a batch of prompts a call."""

    def __init__(self, model: Path, identity: str, binary: Path, threads: int | None = None):
        self.model, self.binary, self.threads, self.identity = model, binary, threads, f"{identity} engine"

    def pictures(self, conditions: Sequence[Condition], rule: Rule, size: int) -> np.ndarray:
        first = conditions[0].seed
        if [c.seed for c in conditions] != list(range(first, first + len(conditions))):
            raise ValueError(f"seeds from {first}: want them to follow on, as the engine counts them up")
        if "--particles" in rule.flags and len(conditions) > 1:  # a batch is one population, and of one prompt
            return np.concatenate([self.pictures([c], rule, size) for c in conditions])
        with tempfile.TemporaryDirectory() as name:
            prompts = Path(name, "prompts.txt")
            prompts.write_text("".join(prompt(c, rule) + "\n" for c in conditions), "utf-8")
            run(self.command(prompts, first, rule, size))
            files = sorted(Path(name).glob("*.png"))[: len(conditions)]  # of particles, which are alike, the first
            if len(files) != len(conditions):
                raise ValueError(f"{self.binary}: {len(files)} pictures of {len(conditions)} prompts")
            return np.stack([np.asarray(Image.open(f).convert("RGB")) for f in files])

    def command(self, prompts: Path, seed: int, rule: Rule, size: int) -> list[str]:
        options = self.options(rule) | {
            "--prompts": prompts,
            "--output": prompts.parent / "%05d.png",
            "--seed": seed,
            "--width": size,
            "--height": size,
            "--hires": rule.hires,
            "--device": "cpu",
        }
        if self.threads:
            options["--threads"] = self.threads
        return [str(self.binary), "generate", "--quiet", *(f"{k}={v}" for k, v in options.items()), *rule.flags]

    def options(self, rule: Rule) -> dict:
        return {
            "--model": self.model,
            "--steps": rule.steps,
            "--cfg-scale": rule.guidance,
            "--reach": -1 if rule.reach is None else rule.reach,
            "--max-guidance": -1 if rule.max_guidance is None else rule.max_guidance,
            "--negative-prompt": rule.background,
            "--places": "drawn" if rule.arranged else "given",
            "--sampler": "ddim",
            "--corrector": "ula" if rule.moves else "none",
            **({"--corrector-moves": rule.moves} if rule.moves else {}),
            "--weights": "learnt" if rule.learnt else "constant",
        }

    def evaluations(self, condition: Condition, rule: Rule) -> int:
        """Those that the command itself counts for a picture, or for all of the batch that it is chosen from."""
        batch = [f for f in rule.flags if f.startswith(("--batch-count", "--particles"))]
        flags = [f"{k}={v}" for k, v in self.options(rule).items()] + [f for f in rule.flags if f not in batch]
        said = run([str(self.binary), "explain", prompt(condition, rule), *flags])
        count = int(re.search(r"(\d+) evaluations of the network", said)[1])
        return count * math.prod(int(f.partition("=")[2]) for f in batch if "count" in f)


def prompt(condition: Condition, rule: Rule) -> str:
    """A condition in the engine's language; the rule's guidance and its cap go beside it."""
    parts = []
    for text, places, weight in weighted(condition, rule):
        if len(places) > 1:
            raise ValueError(f"{text!r} at {len(places)} places: want one at most in a prompt")
        at = "".join(f" @({u:.5f}, {v:.5f})" for u, v in places)
        times = "" if abs(weight) == 1 else f" :{abs(weight):.9f}"
        parts.append(("NOT " if weight < 0 else "") + text + at + times)
    return " AND ".join(parts)


def speakable(conditions: Sequence[Condition], rule: Rule) -> bool:
    """Whether the engine has words for them. To it guidance 0 is the model's own."""
    return bool(rule.guidance) and all(len(places) <= 1 for c in conditions for _, places, _ in weighted(c, rule))


def run(command: list[str]) -> str:
    """Runs a command and returns its output; what it says of an error becomes the error."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: exit status {done.returncode}: {done.stderr.strip()[-2000:]}")
    return done.stdout


def identity(model: Path) -> tuple[str, str]:
    """Name and hash of a packed model or of an exported folder. What a packed one declares of defaults and of learnt weights
    has no part in it: no picture here depends on it."""
    if (model / "manifest.json").exists():
        manifest = json.loads((model / "manifest.json").read_text("utf-8"))
        for declared in ("default", "level_weights", "training"):
            manifest.get("extra", {}).pop(declared, None)
        return manifest["name"], hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()[:10]
    if (model / "model_index.json").exists():
        digest = hashlib.sha256()
        for path in sorted(p for p in model.rglob("*") if p.suffix in (".safetensors", ".json", ".txt")):
            digest.update(path.relative_to(model).as_posix().encode() + path.read_bytes())
        return json.loads((model / "counterpoint.json").read_text())["name"], digest.hexdigest()[:10]
    raise ValueError(f"{model}: neither manifest.json (a packed model) nor model_index.json (an exported folder)")


def exported(model: Path, binary: Path | None, folder: Path) -> Path:
    """The model as an exported folder: itself, or written under folder from its packed weights, dequantised."""
    if (model / "model_index.json").exists():
        return model
    out = folder / f"exported-{identity(model)[1]}"
    if not (out / "model_index.json").exists():
        if binary is None:
            raise ValueError(f"{model} is packed: want --engine, the counterpoint command, to read it")
        with tempfile.TemporaryDirectory(dir=folder) as temporary:  # another evaluation may be at it too
            run([str(binary), "inspect", str(model), "--export", f"{temporary}/model"])
            if not out.exists():
                Path(temporary, "model").rename(out)
    return out
