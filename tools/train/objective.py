"""What training minimises: the error of the velocity, and what can be changed about it. A run's choices are in
RUN/objective.json; without it, they are those of the shipped model. ablate.py compares them."""

import json
from dataclasses import dataclass, fields
from pathlib import Path

import torch
from torch import Tensor

import data
from common import autocast
from model import bumps, noised

OBJECTIVE_FILE = "objective.json"


@dataclass(frozen=True)
class Objective:
    mix: str = "usual"  # of data.MIXES: how much captions say
    min_snr: float = 0.0  # γ of Hang et al., arXiv 2303.09556; 0 weighs all times alike
    # Weight of CoInD's term (Gaudi et al., ICLR 2025): what a caption of two clauses adds to nothing said should be what
    # its clauses add on their own.
    coind: float = 0.0
    # How much more the error counts where a condition puts a thing. A thing is a few cells of a latent of hundreds, most of
    # whose error is of what no condition is about. What the weight depends on is given, so the answer that has the least
    # error stays the same: it is where a small network and a short training do their best that changes. In one of eight minutes,
    # wrong places and colours cost half as much again, and wrong shapes are told apart at all.
    focus: float = 4.0

    @staticmethod
    def of(run: Path) -> "Objective":
        path = run / OBJECTIVE_FILE
        choices = json.loads(path.read_text()) if path.exists() else {}
        if unknown := set(choices) - {f.name for f in fields(Objective)}:
            raise ValueError(f"{path}: unknown {', '.join(sorted(unknown))}; want fields of objective.Objective")
        return Objective(**choices)


def weights(alphas: Tensor, gamma: float, prediction: str) -> Tensor:
    """What the error at each time counts for [T], 1 on average: min(SNR, γ) as an error of the picture, which the error
    of the velocity is times SNR + 1, and that of the noise times SNR."""
    if not gamma:
        return torch.ones_like(alphas)
    ratio = alphas / (1 - alphas).clamp_min(1e-8)
    scale = ratio + 1 if prediction == "v_prediction" else ratio
    weight = ratio.clamp_max(gamma) / scale.clamp_min(1e-8)
    return weight / weight.mean()


def focused(places: Tensor, laid: data.Laid | None, height: int, width: int, sigma: float, focus: float) -> Tensor:
    """What the error counts for [R,1,height,width]: 1, and 1 + focus where things are put, twice as wide as their bumps."""
    around = lambda where: bumps(where, height, width, 2 * sigma)
    things = around(places)
    if laid:
        things = things.index_add(0, laid.rows.to(places.device), around(laid.places.to(places.device)))
    return 1 + focus * things.clamp_max(1)


def stratified(n: int, times: int) -> Tensor:
    """One time out of each of n equal parts, shuffled [n]: the loss of a batch then tells more of the model than of luck."""
    return ((torch.arange(n) + torch.rand(n)) / n * times).long()[torch.randperm(n)]


class Loss:
    """The loss of a batch; forward is the model, perhaps compiled or on several devices."""

    def __init__(self, forward, model, objective: Objective, alphas: Tensor, null: Tensor):
        """alphas: the schedule's [T]; null: the ids of the empty text [LENGTH]."""
        self.forward, self.arch, self.objective, self.alphas = forward, model.arch, objective, alphas
        self.weight = weights(alphas, objective.min_snr, model.arch.prediction)
        self.null = null.to(alphas.device)

    def __call__(self, batch: data.Batch) -> Tensor:
        where = self.alphas.device
        x0 = batch.latents.to(where)
        t = stratified(len(x0), len(self.alphas)).to(where)
        x, want = noised(x0, torch.randn_like(x0), t, self.alphas, self.arch.prediction)
        ids, bump = batch.ids.to(where), bumps(batch.places.to(where), *x0.shape[2:], self.arch.sigma)
        laid = None
        if batch.laid:
            more = bumps(batch.laid.places.to(where), *x0.shape[2:], self.arch.sigma)
            laid = batch.laid.rows.to(where), batch.laid.ids.to(where), more
        weight = self.weight[t][:, None, None, None]
        if focus := self.objective.focus:
            weight = weight * focused(batch.places.to(where), batch.laid, *x0.shape[2:], self.arch.sigma, focus)
        parts = batch.parts if self.objective.coind else None
        if parts is None or not len(parts.rows):
            with autocast(where):
                got = self.forward(x, t, ids, bump, laid).float()
            return error(got, want, weight)

        # Three more rows for each caption of two clauses, in the one call that several devices allow a step.
        k, rows = len(parts.rows), parts.rows.to(where)
        more = torch.cat([parts.ids.to(where).transpose(0, 1).reshape(2 * k, -1), self.null.expand(k, -1)])
        again = lambda z: torch.cat([z, z[rows].repeat(3, *[1] * (z.ndim - 1))])
        with autocast(where):
            got = self.forward(again(x), again(t), torch.cat([ids, more]), again(bump), laid).float()
        whole, (one, other, null) = got[: len(x)], got[len(x) :].split(k)
        independent = (one + other - whole[rows] - null).square().mean() * k / len(x)
        return error(whole, want, weight) + self.objective.coind * independent


def error(got: Tensor, want: Tensor, weight: Tensor) -> Tensor:
    """The mean square, weighted."""
    return ((got - want).square() * weight).mean()
