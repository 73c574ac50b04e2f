"""A training loop of one process that can be killed at any time and goes on from where RUN stands.

RUN holds

    ema.safetensors   smoothed weights, all that sampling reads; its metadata say how they came about
    last.pt           everything, to go on exactly
    log.csv           step, samples, learning rate, loss
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from common import Clock, csv_log, rate, replace_file

LAST, EMA = "last.pt", "ema.safetensors"


@dataclass(frozen=True)
class Settings:
    """How weights are learnt, whatever they are."""

    learning_rate: float
    warm_up: int = 300  # steps
    decay: float = 0.15  # last part of the budget, over which the learning rate falls to zero
    weight_decay: float = 0.01
    betas: tuple[float, float] = (0.9, 0.99)
    clip: float = 1.0  # of the gradient's norm
    ema: float = 0.999
    log_steps: int = 50
    checkpoint_minutes: float = 5


@dataclass
class Chore:
    """What is done every so many minutes, and once more at the end."""

    minutes: float
    do: Callable[[], None]
    due: float = 0.0  # seconds since the epoch

    def done(self):
        self.do()
        self.due = time.time() + 60 * self.minutes


class Loop:
    """A model, its optimizer and its smoothed weights, new or as RUN/last.pt has them."""

    def __init__(self, model: nn.Module, run: Path, settings: Settings, clock: Clock, facts: dict):
        self.model, self.run, self.settings, self.clock, self.facts = model, run, settings, clock, facts
        scales = [p for p in model.parameters() if p.ndim <= 1]  # norms and biases have no scale to hold down
        matrices = [p for p in model.parameters() if p.ndim > 1]
        self.optimizer = torch.optim.AdamW(
            [{"params": matrices, "weight_decay": settings.weight_decay}, {"params": scales, "weight_decay": 0.0}],
            lr=settings.learning_rate,
            betas=settings.betas,
        )
        self.average = {k: v.clone() for k, v in model.state_dict().items()}
        self.step, self.samples, self.hours = 0, 0, 0.0
        run.mkdir(parents=True, exist_ok=True)
        if (run / LAST).exists():
            last = torch.load(run / LAST, weights_only=True)
            model.load_state_dict(last["model"])
            self.optimizer.load_state_dict(last["optimizer"])
            self.average = last["ema"]
            self.step, self.samples, self.hours = last["step"], last["samples"], last["hours"]

    def train(self, loss_of: Callable[[int], tuple[Tensor, int]], chores: list[Chore], say=print):
        """Until the budget is used. loss_of(step) is the loss of that step's batch, and how many samples it had; what
        it draws should be a function of the step, so that a run that was stopped goes on as if it had not been."""
        s = self.settings
        chores = [Chore(s.checkpoint_minutes, self.save), *chores]
        for c in chores:
            c.due = time.time() + 60 * c.minutes
        losses, log_time, log_samples = [], time.time(), self.samples
        while (part := self.clock.part) < 1:
            for group in self.optimizer.param_groups:
                group["lr"] = s.learning_rate * rate(part, self.step, s.warm_up, s.decay)
            loss, n = loss_of(self.step)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), s.clip)
            self.optimizer.step()
            self.optimizer.zero_grad(set_to_none=True)
            self.step, self.samples = self.step + 1, self.samples + n
            self.smooth()
            losses.append(loss.item())
            if not math.isfinite(losses[-1]):
                raise FloatingPointError(f"loss is {losses[-1]} at step {self.step}")
            if self.step % s.log_steps == 0:
                now = time.time()
                row = dict(step=self.step, samples=self.samples, loss=sum(losses) / len(losses))
                row |= dict(rate=group["lr"], pace=(self.samples - log_samples) / (now - log_time))
                csv_log(self.run / "log.csv", row)
                shown = "  ".join(f"{k} {v:.6g}" for k, v in row.items())
                say(time.strftime("%H:%M:%S"), shown, f" {100 * part:.0f}% of the time")
                losses, log_time, log_samples = [], now, self.samples
            for c in chores:
                if time.time() >= c.due:
                    c.done()
        for c in chores:
            c.done()

    @torch.no_grad()
    def smooth(self):
        keep = min(self.settings.ema, (1 + self.step) / (10 + self.step))  # short at first, when weights move fast
        for k, v in self.model.state_dict().items():
            self.average[k].lerp_(v, 1 - keep) if v.is_floating_point() else self.average[k].copy_(v)

    def save(self):
        hours = self.hours + self.clock.hours
        facts = self.facts | dict(samples=self.samples, step=self.step, hours=round(hours, 4))
        with replace_file(self.run / EMA) as temporary:
            tensors = {k: v.detach().float().cpu().contiguous() for k, v in self.average.items()}
            save_file(tensors, temporary, {k: str(v) for k, v in facts.items()})
        state = dict(model=self.model.state_dict(), optimizer=self.optimizer.state_dict(), ema=self.average)
        with replace_file(self.run / LAST) as temporary:
            torch.save(state | dict(step=self.step, samples=self.samples, hours=hours), temporary)
