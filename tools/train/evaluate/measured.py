"""What RESULTS.md is written from: what evaluate.run, evaluate.judge, train.py and ablate.py measured, in one file.

It lies beside RESULTS.md, as RESULTS.json, so that what was measured outlives the folders it was measured in, and what is
measured again takes the old one's place. RESULTS.json holds

    cells             by name, as OUT/CELL/result.json
    match             whether PyTorch's pictures are the engine's
    reconstruction    what the autoencoder gives back
    fitted            weights for pairs of levels, as fit_weights.py found them
    examined          how far the judges can be trusted
    ablation          variants of training
    training          facts, objective, log, probe and decoder: how the weights came about
"""

import csv
import json
import math
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from common import replace_file
from evaluate.cells import TABLE
from evaluate.tables import Share, difference
from objective import Objective

LOG_ROWS = 400  # of a log that are kept: a plot shows no more


class MeasuredError(ValueError):
    """A file that does not hold what it should."""


def read(path: Path | None):
    """A file's JSON; None where there is none."""
    if path is None or not path.exists():
        return None
    try:
        return json.loads(path.read_text("utf-8"))
    except json.JSONDecodeError as e:
        raise MeasuredError(f"{path}: {e}; want JSON") from None


def rows(path: Path) -> list[dict[str, float]]:
    """A log's; none where there is none."""
    if not path.exists():
        return []
    with path.open() as f:
        whole = [row for row in csv.DictReader(f) if None not in row and all(row.values())]  # a kill may cut a line
    return [{k: float(v) for k, v in row.items()} for row in whole]


def thinned(log: list[dict[str, float]]) -> list[dict[str, float]]:
    """At most LOG_ROWS, each the mean of some that followed one another, but for the samples, which are the last one's."""
    each = max(1, math.ceil(len(log) / LOG_ROWS))
    groups = [log[i : i + each] for i in range(0, len(log), each)]
    mean = lambda group: round(sum(row["loss"] for row in group) / len(group), 6)
    return [{"samples": int(group[-1]["samples"]), "loss": mean(group)} for group in groups]


def gathered(out: Path | None, judges: Path | None, run: Path | None, ablation: Path | None) -> dict:
    """What these folders hold: OUT of evaluate.run, of evaluate.judge, of train.py and of ablate.py."""
    found = {"cells": {}}
    if out:
        for path in sorted(out.glob("*/result.json")):
            result = read(path)
            if not isinstance(result, dict) or "cell" not in result:
                raise MeasuredError(f"{path}: want a result of evaluate.run")
            found["cells"][result["cell"]] = result
        for name, file in {"match": "match", "reconstruction": "reconstruction", "fitted": "fitted/weights"}.items():
            found[name] = read(out / f"{file}.json")
    if judges and (whole := read(judges / "judge.json")):
        found["examined"] = whole.get("test") or next(iter(whole.values()))
    found["ablation"] = read(ablation / "ablation.json") if ablation else None
    found["training"] = trained(run) if run else None
    return {name: value for name, value in found.items() if value}


def trained(run: Path) -> dict | None:
    """How the weights of RUN came about."""
    from safetensors import safe_open

    path = run / "ema.safetensors"
    if not path.exists():
        return None
    with safe_open(path, "pt") as f:
        facts = f.metadata() or {}
    logs = {"log": rows(run / "log.csv"), "probe": rows(run / "probe.csv"), "decoder": rows(run / "decoder.csv")[-1:]}
    return {"facts": facts, "objective": asdict(Objective.of(run))} | logs


def merged(old: dict, new: dict) -> dict:
    """Old with what is new: cells one by one, the rest as a whole. Logs of a training that went on go on."""
    both = old | new | {"cells": old.get("cells", {}) | new.get("cells", {})}
    if "training" in new:
        training = dict(new["training"])
        first = min((row["samples"] for name in ("log", "probe") for row in training[name]), default=math.inf)
        for name in ("log", "probe"):
            before = [row for row in old.get("training", {}).get(name, []) if row["samples"] < first]
            training[name] = before + training[name]
        if not training["decoder"]:
            training["decoder"] = old.get("training", {}).get("decoder", [])
        training["log"] = thinned(training["log"])
        both["training"] = training
    return both


@dataclass(frozen=True)
class Measured:
    """All that was measured."""

    said: dict  # as in RESULTS.json
    out: Path | None = None  # of evaluate.run: pictures are there

    @staticmethod
    def of(file: Path | None, *folders: Path | None) -> "Measured":
        """What file holds, and over it what the folders do, in the order of gathered."""
        return Measured(merged(read(file) or {}, gathered(*folders)), folders[0] if folders else None)

    def keep(self, file: Path):
        with replace_file(file) as temporary:
            temporary.write_text(json.dumps(self.said, indent=1) + "\n", "utf-8")

    @cached_property
    def results(self) -> dict[str, dict]:
        """By cell, in the table's order; unknown ones after."""
        order = {c.name: i for i, c in enumerate(TABLE)}
        return dict(sorted(self.said["cells"].items(), key=lambda item: (order.get(item[0], len(order)), item[0])))

    @cached_property
    def judge(self) -> str:
        """The judge that decides: the one that is learnt, where there is one."""
        names = {name for r in self.results.values() for name in r["judges"]}
        return "learnt" if "learnt" in names else "palette"

    def model(self, cell: str) -> str | None:
        """The first digits of the hash of the model that a cell is of."""
        result = self.results.get(cell)
        return result and result["model"]["identity"].split()[0]

    @cached_property
    def hash(self) -> str:
        """Of the model that the first cell is of, a headline: when that is measured again, the rest is of another version."""
        return next((self.model(name) for name, r in self.results.items() if r["model"]["name"] == "scenes"), "none")

    def others(self) -> list[str]:
        """Cells of another version of the model, which should be measured again."""
        return [n for n, r in self.results.items() if r["model"]["name"] == "scenes" and self.model(n) != self.hash]

    def share(self, cell: str, judge: str | None = None) -> Share | None:
        """How many of a cell's pictures a judge finds right; None if it wasn't measured or can't be told."""
        result = self.results.get(cell)
        share = result and result["judges"].get(judge or self.judge)
        return share if share and share["count"] else None

    def difference(self, cell: str, base: str, key: str | None = None) -> str:
        """Points that a cell is above another of the same conditions and seeds, of all that was wanted or of what key says;
        empty of itself, unknown where one of two cells is of another version of the model."""
        if cell == base:
            return ""
        if set(self.others()) & {cell, base} and self.model(cell) != self.model(base):
            return "–"
        return difference(*((self.share(c) or {}).get(key) if key else self.share(c) for c in (cell, base)), paired=True)

    def part(self, cell: str, component: str, judge: str | None = None) -> Share | None:
        """The same of one kind of component."""
        share = self.share(cell, judge)
        return share and share["components"].get(component)

    @cached_property
    def judged_by(self) -> str:
        """Which judge decides in these results, as far as it was examined: judges that were trained anew differ a little."""
        recall = [self.says_shown(k, "shown") for k in ("place", "thing", "relation", "background")]
        keys = {r["judges"].get(self.judge, {}).get("identity") for r in self.results.values()} - {None}
        if None in recall or len(keys) != 1:
            return ""
        found = ", ".join(f"{100 * r['rate']:.1f}" for r in recall)
        return f"Judge `{keys.pop()}`; of places, things, relations and backgrounds it finds {found}%."

    @property
    def examined(self) -> dict:
        """What the judges' examination says, by judge, kind and sort of question, under "judges"."""
        return self.said.get("examined", {})

    def says_shown(self, kind: str, sort: str, judge: str | None = None) -> dict | None:
        """How often a judge says that something is shown: recall where sort is "shown", else false positives."""
        return self.examined.get("judges", {}).get(judge or self.judge, {}).get(kind, {}).get(sort)

    def perfect(self, task: str, n: int, judge: str | None = None) -> float | None:
        """The share that the judge would find right of pictures that are: its recall of every component, multiplied."""
        recall = {k: self.says_shown(k, "shown", judge) for k in ("place", "thing", "relation", "background")}
        swapped = self.says_shown("thing", "swapped", judge)
        of = {"places": ["place"] * n, "relations": ["relation"] * n}
        of |= {"background": ["background"] + ["thing"] * n, "binding": ["thing"] * 2}
        if task not in of or any(recall[k] is None for k in of[task]):
            return None
        value = math.prod(recall[k]["rate"] for k in of[task])
        if task == "binding":
            return None if swapped is None else value * (1 - swapped["rate"]) ** 2
        return value
