"""The processes of a run: one, or as many as torchrun starts, each with its part of every batch."""

import os
import time
from dataclasses import dataclass, field

import torch
import torch.distributed as dist
from torch import nn

from common import device


@dataclass(frozen=True)
class Ranks:
    """This process among all of them."""

    rank: int = 0
    world: int = 1
    where: torch.device = field(default_factory=device)

    @staticmethod
    def start() -> "Ranks":
        """As torchrun's environment says; without it, one alone."""
        ranks = Ranks(int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1)))
        if ranks.where.type == "cuda":
            torch.cuda.set_device(ranks.where)
            torch.set_float32_matmul_precision("high")
        if ranks.world > 1:
            dist.init_process_group("nccl" if ranks.where.type == "cuda" else "gloo")
        return ranks

    @property
    def first(self) -> bool:
        """Whether this is the one that writes files and speaks."""
        return self.rank == 0

    def say(self, *parts):
        if self.first:
            print(time.strftime("%H:%M:%S"), *parts, flush=True)

    def wait(self):
        """Until all are here."""
        if self.world > 1:
            dist.barrier()

    def agree(self, value: float) -> float:
        """The first one's value, on all."""
        if self.world == 1:
            return value
        told = torch.tensor(value, dtype=torch.float64, device=self.where)
        dist.broadcast(told, 0)
        return told.item()

    def together(self, model: nn.Module) -> nn.Module:
        """The model with gradients that are the mean over all, weights as the first one has them."""
        return nn.parallel.DistributedDataParallel(model) if self.world > 1 else model
