"""Pictures from an exported folder, composed from concepts.

    python sample.py FOLDER -o OUT.png --prompt "a red cube @ 0.25 0.6" --prompt "a blue sphere @ 0.7 0.6"
    python sample.py FOLDER -o OUT.png --prompt "a tree" --prompt "on grass ^ 0.8" --seed 7 --count 4

A prompt is a text, then optionally "@ u v", its place, and "^ w", its weight; a negative weight is NOT. All prompts
are scored on their own and combined at every step (Liu et al., Composable Diffusion, arXiv 2206.01714, equation 11):

    eps = eps_null + g Σ w_i (eps_i - eps_null)
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import DDIMScheduler
from PIL import Image
from torch import Tensor

import data
import tokenizer
from model import GUIDANCE, MOVES, PATCH, STEPS, bumps, scheduler


@dataclass(frozen=True)
class Term:
    text: str
    place: tuple[float, float] = data.NOWHERE
    weight: float = 1.0

    @staticmethod
    def parse(prompt: str) -> "Term":
        rest, _, weight = prompt.partition("^")
        text, _, place = rest.partition("@")
        u, v = map(float, place.split()) if place else data.NOWHERE
        return Term(text.strip(), (u, v), float(weight or 1))


def trajectory(
    ddim: DDIMScheduler, x: Tensor, steps: int, moves: int, predict: Callable[[Tensor, Tensor], Tensor], noise: Callable[[], Tensor]
) -> Tensor:
    """Latents x [N,...] after so many steps of DDIM, with so many moves of Langevin's (ULA) at each level that a step leads to
    but the last, as the engine makes them (engine/sample/corrector.go). predict(x, t) is what the network says of x, eps or
    velocity; noise() is new at each move."""
    ddim.set_timesteps(steps)
    alphas, stride = ddim.alphas_cumprod.double(), len(ddim.alphas_cumprod) // steps
    for t, following in zip(ddim.timesteps, [*ddim.timesteps[1:], None]):
        x = ddim.step(predict(x, t), t, x).prev_sample
        if following is None:
            return x
        at = alphas[following]
        after = alphas[following - stride] if following >= stride else ddim.final_alpha_cumprod
        delta = min(0.5 * (1 - at / after), (1 - at) / 10)
        for _ in range(moves):
            said = predict(x, following)
            eps = said if ddim.config.prediction_type == "epsilon" else at.sqrt() * said + (1 - at).sqrt() * x
            x = x - (delta / (1 - at).sqrt()).float() * eps + (2 * delta).sqrt().float() * noise()
    raise ValueError(f"{steps} steps, want at least 1")


@torch.inference_mode()
def compose(
    denoiser, tok, pictures: list[list[Term]], seeds: list[int], size: int, steps=STEPS, guidance=GUIDANCE, moves=MOVES
) -> Tensor:
    """Latents [N,C,size,size] of N pictures, each of its own terms. A picture depends on its seed alone, not on its
    neighbours. The velocity is linear in eps and the coefficients sum to 1, so it is combined just as eps is."""
    arch, where = denoiser.arch, next(denoiser.parameters()).device
    rows = [(i, t) for i, terms in enumerate(pictures) for t in [Term("", weight=0.0), *terms]]
    if arch.place == "words":
        rows = [(i, Term(data.spoken(t.text, t.place), weight=t.weight)) for i, t in rows]
    owner = torch.tensor([i for i, _ in rows], device=where)
    ids = torch.tensor(
        tok([t.text for _, t in rows], padding="max_length", truncation=True, max_length=tokenizer.LENGTH).input_ids
    ).to(where)
    weight = torch.tensor([guidance * t.weight for _, t in rows], device=where)
    is_null = torch.tensor([i == 0 or rows[i - 1][0] != rows[i][0] for i in range(len(rows))], device=where)
    total = torch.zeros(len(pictures), device=where).index_add(0, owner, weight)
    coefficient = torch.where(is_null, 1 - total[owner], weight)[:, None, None, None]
    places = torch.tensor([t.place for _, t in rows], device=where)
    bump = bumps(places, size, size, arch.sigma)

    shape = (arch.latent_channels, size, size)
    sources = [torch.Generator().manual_seed(s) for s in seeds]
    noise = lambda: torch.stack([torch.randn(shape, generator=s) for s in sources]).to(where)

    def predict(x: Tensor, t: Tensor) -> Tensor:
        v = torch.cat(
            [
                denoiser(x[owner[part]], t.expand(len(part)).to(where), ids[part], bump[part]).float()
                for part in torch.arange(len(rows), device=where).split(64)
            ]
        )
        return torch.zeros_like(x).index_add(0, owner, coefficient * v)

    return trajectory(scheduler(arch.prediction), noise(), steps, moves, predict, noise)


def sheet(pixels, columns: int) -> Image.Image:
    """Pictures [N,H,W,3] side by side."""
    n, h, w, _ = pixels.shape
    out = Image.new("RGB", (columns * w, -(-n // columns) * h))
    for i, p in enumerate(pixels):
        out.paste(Image.fromarray(p), (i % columns * w, i // columns * h))
    return out


def load(folder: Path):
    """Denoiser, autoencoder and tokenizer of an exported folder."""
    from export import read

    return *read(folder), tokenizer.load(folder / "tokenizer")


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("folder", type=Path)
    p.add_argument("-o", "--out", type=Path, required=True)
    p.add_argument("--prompt", action="append", default=[], help="TEXT [@ u v] [^ weight]; once for each concept")
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--count", type=int, default=1, help="pictures, of seeds that follow on")
    p.add_argument("--size", type=int, default=128, help="side of a picture in pixels")
    p.add_argument("--steps", type=int, default=STEPS)
    p.add_argument("--guidance", type=float)
    a = p.parse_args()
    guidance = a.guidance or json.loads((a.folder / "counterpoint.json").read_text())["default"]["guidance_scale"]
    denoiser, vae, tok = load(a.folder)
    terms = [Term.parse(prompt) for prompt in a.prompt]
    latents = compose(denoiser, tok, [terms] * a.count, [a.seed + i for i in range(a.count)], a.size // PATCH, a.steps, guidance)
    with torch.inference_mode():
        sheet(data.to_pixels(vae.decode(latents)), min(a.count, 8)).save(a.out)
