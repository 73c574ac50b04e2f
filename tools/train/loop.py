"""The training loop of all that is learnt here but judges and decoders: it can be killed at any time, and goes on from
where RUN stands.

RUN holds

    ema.safetensors   smoothed weights, all that sampling reads; its metadata say how they came about
    last.pt           everything, to go on exactly; without it a run goes on from ema.safetensors with a warm-up
    log.csv           step, samples, learning rate, loss
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from common import Clock, csv_log, rate, replace_file
from ranks import Ranks

LAST, EMA = "last.pt", "ema.safetensors"


@dataclass(frozen=True)
class Settings:
    """How weights are learnt, whatever they are."""

    batch: int  # samples a step, over all devices
    learning_rate: float
    warm_up: int = 300  # steps; AdamW's second moments are noise before
    decay: float = 0.15  # last part of the budget, over which the rate falls to zero; longer costs plain samples
    weight_decay: float = 0.01
    betas: tuple[float, float] = (0.9, 0.99)  # 0.999 remembers longer than a run of hours at this pace is worth
    clip: float = 1.0  # of the gradient's norm
    ema: float = 0.999
    log_steps: int = 50
    checkpoint_minutes: float = 5


@dataclass
class Chore:
    """What is done every so many minutes."""

    minutes: float
    do: Callable[[], None]
    every_rank: bool = False  # else by the first alone, while the others wait for it in their next step
    at_end: bool = True  # whether also after the last step
    due: float = 0.0  # seconds since the epoch

    def wait(self):
        self.due = time.time() + 60 * self.minutes

    def done(self):
        self.do()
        self.wait()


def save_weights(weights: dict[str, Tensor], path: Path, facts: dict):
    with replace_file(path) as temporary:
        tensors = {k: v.detach().float().cpu().contiguous() for k, v in weights.items()}
        save_file(tensors, temporary, {k: str(v) for k, v in facts.items()})


class Loop:
    """A model, its optimizer and its smoothed weights, new or as RUN has them."""

    def __init__(self, model: nn.Module, run: Path, settings: Settings, facts: dict, ranks: Ranks | None = None):
        """facts: of the metadata of ema.safetensors, beside samples and hours; they may change on the way."""
        self.model, self.run, self.settings, self.facts, self.ranks = model, run, settings, facts, ranks or Ranks()
        scales = [p for p in model.parameters() if p.ndim <= 1]  # norms and biases have no scale to hold down
        matrices = [p for p in model.parameters() if p.ndim > 1]
        self.optimizer = torch.optim.AdamW(
            [{"params": matrices, "weight_decay": settings.weight_decay}, {"params": scales, "weight_decay": 0.0}],
            lr=settings.learning_rate,
            betas=settings.betas,
            fused=True,
        )
        self.average = {k: v.clone() for k, v in model.state_dict().items()}
        self.step, self.samples = 0, 0
        self.first_step = 0  # the warm-up counts from it
        self.hours = 0.0  # of earlier starts
        self.losses: list[Tensor] = []  # since the last line of the log
        self.clock: Clock | None = None
        run.mkdir(parents=True, exist_ok=True)
        self.go_on()

    def go_on(self):
        """From what RUN has."""
        where = self.ranks.where
        if (self.run / LAST).exists():
            last = torch.load(self.run / LAST, map_location=where, weights_only=True)
            self.model.load_state_dict(last["model"])
            self.optimizer.load_state_dict(last["optimizer"])
            self.average = last["ema"]
            self.step, self.samples, self.hours = last["step"], last["samples"], last["hours"]
        elif (self.run / EMA).exists():
            with safe_open(self.run / EMA, "pt", device=str(where)) as f:
                self.average = {k: f.get_tensor(k) for k in f.keys()}
                self.samples, self.hours = int(f.metadata()["samples"]), float(f.metadata()["hours"])
            self.model.load_state_dict(self.average)
            self.step = self.first_step = self.samples // self.settings.batch

    def train(
        self,
        clock: Clock,
        loss_of: Callable[[int, float], tuple[Tensor, int]],
        chores: list[Chore],
        saved: Callable[[], None] = lambda: None,
    ):
        """Until the budget is used. loss_of(step, part) is the loss of that step's batch of this process, and how many
        samples it had; what it draws should be a function of the step, so that a run that was stopped goes on as if it
        had not been. part is how much of the budget is used. saved is called after every checkpoint."""
        s, ranks, self.clock = self.settings, self.ranks, clock

        def checkpoint():
            self.save()
            saved()

        chores = [c for c in (Chore(s.checkpoint_minutes, checkpoint), *chores) if c.every_rank or ranks.first]
        for c in chores:
            c.wait()
        log_time, log_samples = time.time(), self.samples
        # By the first one's clock: all must agree on rates, and on when to stop.
        while (part := ranks.agree(clock.part)) < 1:
            n, now_rate = self.learn(part, loss_of)
            self.samples += n * ranks.world
            if self.step % s.log_steps == 0:
                row = dict(step=self.step, samples=self.samples, loss=self.loss(), rate=now_rate)
                now = time.time()
                row |= dict(pace=(self.samples - log_samples) / (now - log_time))
                ranks.say("  ".join(f"{k} {v:.6g}" for k, v in row.items()), f" {100 * part:.0f}% of the time")
                if ranks.first:
                    csv_log(self.run / "log.csv", row)
                self.losses, log_time, log_samples = [], now, self.samples
            for c in chores:
                if time.time() >= c.due:
                    c.done()
        for c in chores:
            if c.at_end:
                c.done()
        ranks.say(f"done: {self.samples} samples in {self.hours + clock.hours:.2f} hours")

    def learn(self, part: float, loss_of: Callable[[int, float], tuple[Tensor, int]]) -> tuple[int, float]:
        """One step; how many samples this process had for it, and the learning rate."""
        s = self.settings
        now_rate = s.learning_rate * rate(part, self.step - self.first_step, s.warm_up, s.decay)
        for group in self.optimizer.param_groups:
            group["lr"] = now_rate
        loss, n = loss_of(self.step, part)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), s.clip)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.step += 1
        self.smooth()
        self.losses.append(loss.detach())
        return n, now_rate

    @torch.no_grad()
    def smooth(self):
        keep = min(self.settings.ema, (1 + self.step) / (10 + self.step))  # short at first, when weights move fast
        for k, v in self.model.state_dict().items():
            self.average[k].lerp_(v, 1 - keep) if v.is_floating_point() else self.average[k].copy_(v)

    def loss(self) -> float:
        """The mean since the last line of the log."""
        mean = torch.stack(self.losses).mean().item()
        if not math.isfinite(mean):
            raise FloatingPointError(f"loss is {mean} at step {self.step}; {self.run} is as it was last kept")
        return mean

    def save(self):
        if self.losses:
            self.loss()  # what gave no number must not be kept
        hours = self.hours + self.clock.hours
        save_weights(self.average, self.run / EMA, self.facts | dict(samples=self.samples, hours=hours))
        state = dict(model=self.model.state_dict(), optimizer=self.optimizer.state_dict(), ema=self.average)
        with replace_file(self.run / LAST) as temporary:
            torch.save(state | dict(step=self.step, samples=self.samples, hours=hours), temporary)
