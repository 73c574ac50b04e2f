"""What the commands share: the device, budgets of time, files that are never half-written, logs."""

import contextlib
import csv
import os
import time
from datetime import datetime, timedelta
from pathlib import Path

import torch


def device() -> torch.device:
    if torch.cuda.is_available():
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
    return torch.device("cpu")


def autocast(device: torch.device):
    """bfloat16 where matrix units have it; elsewhere it would be emulated and slow."""
    cpu_flags = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    has = torch.cuda.is_bf16_supported() if device.type == "cuda" else "avx512_bf16" in cpu_flags
    return torch.autocast(device.type, torch.bfloat16, enabled=has)


def machine(device: torch.device, count: int) -> str:
    """The hardware in general words."""
    if device.type == "cuda":
        return f"{count} × {torch.cuda.get_device_name(device)}"
    return f"{os.cpu_count()} CPU cores ({torch.backends.cpu.get_cpu_capability()})"


class Clock:
    """A budget of time: so many hours, or until a time of day, or so many hours of which some are spent already,
    whichever ends first. It is the wall's, or, with cpu, this process's own: of a processor that others use too, so
    much is always the same."""

    def __init__(
        self, hours: float | None, until: str | None, budget: float | None = None, spent: float = 0.0, cpu: bool = False
    ):
        if cpu and until:
            raise SystemExit("--until is a time of day; a processor's time is budgeted by --hours or --budget")
        self.time = time.process_time if cpu else time.time
        now = datetime.fromtimestamp(self.time())
        self.before = 3600 * min(spent, budget) if budget is not None else 0.0  # seconds of the budget used earlier
        ends = [now + timedelta(hours=hours)] if hours is not None else []
        if budget is not None:
            ends.append(now + timedelta(hours=budget, seconds=-self.before))
        if until:
            end = datetime.combine(now.date(), datetime.strptime(until, "%H:%M").time())
            ends.append(end if end > now else end + timedelta(days=1))
        if not ends:
            raise SystemExit("want a budget: --hours, --until or --budget")
        self.start = self.time()
        self.end = min(ends).timestamp()

    @property
    def hours(self) -> float:
        """Hours since the start."""
        return (self.time() - self.start) / 3600

    @property
    def part(self) -> float:
        """How much of the budget is used, 0 to 1."""
        used = self.before + self.time() - self.start
        return min(1.0, used / max(self.before + self.end - self.start, 1e-9))


def rate(part: float, step: int, warm_up: int, decay: float) -> float:
    """Factor on the learning rate: rises over the first steps, is flat, falls to zero over the last part of a run."""
    return min(1.0, (step + 1) / warm_up, (1 - part) / decay)


@contextlib.contextmanager
def replace_file(path: Path):
    """Yields a temporary path beside path, which takes its place if all went well."""
    temporary = path.with_name(path.name + ".tmp")
    yield temporary
    temporary.replace(path)


def csv_log(path: Path, row: dict):
    """Appends a row; the head is written with the first."""
    new = not path.exists()
    with path.open("a", newline="") as f:
        writer = csv.DictWriter(f, row.keys())
        if new:
            writer.writeheader()
        writer.writerow({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()})
