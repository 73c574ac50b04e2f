"""python -m unittest test_loop: what a run goes on from, and two processes that learn as one. Ten seconds."""

import contextlib
import io
import os
import tempfile
import unittest
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn

from loop import EMA, LAST, Chore, Loop, Settings
from ranks import Ranks

SETTINGS = Settings(batch=8, learning_rate=1e-2, warm_up=4, log_steps=3, checkpoint_minutes=60)


class Steps:
    """A clock that counts how often it is read: a budget of steps."""

    hours = 0.5

    def __init__(self, count: int):
        self.at, self.count = 0, count

    @property
    def part(self) -> float:
        self.at += 1
        return (self.at - 1) / self.count


def samples(step: int) -> torch.Tensor:
    """The batch of a step [8,3]."""
    return torch.randn(8, 3, generator=torch.Generator().manual_seed(step))


def learn(run: Path, steps: int, ranks: Ranks, chores=(), spoilt: int | None = None) -> Loop:
    """Sums of three numbers, by a model of one layer; the loss of step `spoilt` is no number."""
    torch.manual_seed(ranks.rank)
    model = nn.Linear(3, 1)
    loop = Loop(model, run, SETTINGS, dict(images=1), ranks)
    forward = ranks.together(model)

    def loss_of(step: int, part: float) -> tuple[torch.Tensor, int]:
        x = samples(step).chunk(ranks.world)[ranks.rank % ranks.world]
        loss = (forward(x)[:, 0] - x.sum(1)).square().mean()
        return loss * float("nan") if step == spoilt else loss, len(x)

    loop.train(Steps(steps), loss_of, list(chores))
    return loop


def one_of_two(rank: int, folder: str, port: int):
    """A process of two, whose clock says half of what the first one's does."""
    os.environ |= {"RANK": f"{rank}", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": f"{port}"}
    torch.set_num_threads(1)
    with contextlib.redirect_stdout(io.StringIO()):
        loop = learn(Path(folder, "two"), 6 * (rank + 1), Ranks.start())
    torch.save((loop.step, loop.samples, loop.model.state_dict()), Path(folder, f"{rank}.pt"))
    torch.distributed.destroy_process_group()


class LoopTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        quiet = contextlib.redirect_stdout(io.StringIO())
        quiet.__enter__()
        self.addCleanup(quiet.__exit__, None, None, None)

    def test_two_learn_as_one(self):
        """Two processes take the steps that the first one's clock allows, at its rates, and end with the weights of one
        that has the whole batch."""
        one = learn(self.folder / "one", 6, Ranks())
        port = 20_000 + os.getpid() % 20_000
        torch.multiprocessing.spawn(one_of_two, (str(self.folder), port), nprocs=2)
        for rank in range(2):
            step, count, weights = torch.load(self.folder / f"{rank}.pt")
            self.assertEqual((step, count), (one.step, one.samples), (6, 48))
            torch.testing.assert_close(weights, dict(one.model.state_dict()), rtol=0, atol=1e-6)
        torch.testing.assert_close(load_file(self.folder / "two" / EMA), one.average, rtol=0, atol=1e-6)
        rows = [(self.folder / run / "log.csv").read_text().splitlines() for run in ("one", "two")]
        columns = lambda lines, *which: [[line.split(",")[k] for k in which] for line in lines]
        self.assertEqual(columns(rows[0], 0, 1, 3), columns(rows[1], 0, 1, 3))

    def test_goes_on_from_smoothed_weights_alone(self):
        before = learn(self.folder, 10, Ranks())
        (self.folder / LAST).unlink()
        after = Loop(nn.Linear(3, 1), self.folder, SETTINGS, {}, Ranks())
        self.assertEqual((after.step, after.samples, after.hours), (10, 80, 0.5))
        torch.testing.assert_close(dict(after.model.state_dict()), before.average)
        rates = [after.learn(0.0, lambda *_: (after.model(samples(0)).mean(), 8))[1] for _ in range(5)]
        self.assertEqual([round(400 * r, 6) for r in rates], [1, 2, 3, 4, 4], "no warm-up")

    def test_no_number_is_not_kept(self):
        with self.assertRaisesRegex(FloatingPointError, "loss is nan at step 6"):
            learn(self.folder, 10, Ranks(), spoilt=4)
        self.assertFalse((self.folder / LAST).exists())
        learn(self.folder, 2, Ranks())
        kept = load_file(self.folder / EMA)
        with self.assertRaisesRegex(FloatingPointError, "loss is nan at step 5"):  # at the checkpoint after the last
            learn(self.folder, 3, Ranks(), spoilt=4)
        torch.testing.assert_close(load_file(self.folder / EMA), kept, rtol=0, atol=0)

    def test_chores(self):
        """Of every process or of the first alone, by the clock, and after the last step if they say so."""
        for rank, want in ((0, ["all"] * 3 + ["mine"] * 4), (1, ["all"] * 3)):
            did = []
            chores = [
                Chore(0, lambda: did.append("all"), every_rank=True, at_end=False),
                Chore(0, lambda: did.append("mine")),
            ]
            learn(self.folder / f"{rank}", 3, Ranks(rank), chores)
            self.assertEqual(sorted(did), want)
            self.assertEqual((self.folder / f"{rank}" / EMA).exists(), rank == 0)
        with safe_open(self.folder / "0" / EMA, "pt") as f:
            self.assertEqual(f.metadata(), {"images": "1", "samples": "24", "hours": "0.5"})


if __name__ == "__main__":
    unittest.main()
