"""RESULTS.md, from what evaluate.run has measured.

    python -m evaluate.report OUT --judges JUDGES --run RUN -o evaluate/RESULTS.md
    python -m evaluate.report OUT --judges JUDGES --row          # the headline as the README quotes it

OUT is evaluate.run's, JUDGES evaluate.judge's, RUN train.py's. What was not measured is named, with the command that
does it. Plots and sheets of pictures go to a folder plots beside the output.
"""

import argparse
import csv
import json
import math
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from safetensors import safe_open

from common import replace_file
from evaluate import plots, sections, sheets
from evaluate.cells import TABLE
from evaluate.tables import Share


@dataclass(frozen=True)
class Measured:
    """All that was measured."""

    out: Path
    judges: Path | None
    run: Path | None
    ablation: Path | None

    @cached_property
    def results(self) -> dict[str, dict]:
        """By cell, in the table's order; unknown ones after."""
        found = {}
        for path in self.out.glob("*/result.json"):
            try:
                result = json.loads(path.read_text("utf-8"))
                found[result["cell"]] = result
            except (json.JSONDecodeError, KeyError) as e:
                raise SystemExit(f"report: error: {path}: {e!r}, want a result of evaluate.run") from None
        order = [c.name for c in TABLE]
        place = lambda name: order.index(name) if name in order else len(order)
        return dict(sorted(found.items(), key=lambda item: (place(item[0]), item[0])))

    @cached_property
    def judge(self) -> str:
        """The judge that decides: the one that is learnt, where there is one."""
        names = {name for r in self.results.values() for name in r["judges"]}
        return "learnt" if "learnt" in names else "palette"

    @cached_property
    def hash(self) -> str:
        """Of the model that most cells are of."""
        of = Counter(r["model"]["identity"].split()[0] for r in self.results.values() if r["model"]["name"] == "scenes")
        return of.most_common(1)[0][0] if of else "none"

    def others(self) -> list[str]:
        """Cells of another version of the model, which should be measured again."""
        ours = [(n, r["model"]["identity"]) for n, r in self.results.items() if r["model"]["name"] == "scenes"]
        return [name for name, identity in ours if identity.split()[0] != self.hash]

    def share(self, cell: str, judge: str | None = None) -> Share | None:
        """How many of a cell's pictures a judge finds right; None if it wasn't measured or can't be told."""
        result = self.results.get(cell)
        share = result and result["judges"].get(judge or self.judge)
        return share if share and share["count"] else None

    def part(self, cell: str, component: str, judge: str | None = None) -> Share | None:
        """The same of one kind of component."""
        share = self.share(cell, judge)
        return share and share["components"].get(component)

    @cached_property
    def judged_by(self) -> str:
        """Which judge decides in these results, as far as it was examined: judges that were trained anew differ a little."""
        recall = [self.says_shown(k, "shown") for k in ("place", "thing", "relation", "background")]
        keys = {r["judges"][self.judge].get("identity") for r in self.results.values() if self.judge in r["judges"]}
        if None in recall or len(keys) != 1:
            return ""
        found = ", ".join(f"{100 * r['rate']:.1f}" for r in recall)
        return f"Judge `{keys.pop()}`; of places, things, relations and backgrounds it finds {found}%."

    @cached_property
    def examined(self) -> dict[str, dict]:
        """What the judges' examination says, by judge, kind and sort of question."""
        path = self.judges / "judge.json" if self.judges else None
        if path is None or not path.exists():
            return {}
        whole = json.loads(path.read_text("utf-8"))
        return whole.get("test") or next(iter(whole.values()))

    def says_shown(self, kind: str, sort: str, judge: str | None = None) -> dict | None:
        """How often a judge says that something is shown: recall where sort is "shown", else false positives."""
        return self.examined.get("judges", {}).get(judge or self.judge, {}).get(kind, {}).get(sort)

    def rows(self, name: str) -> list[dict[str, float]]:
        """A log of RUN's; empty where it isn't."""
        path = self.run / name if self.run else None
        if path is None or not path.exists():
            return []
        with path.open() as f:
            whole = [row for row in csv.DictReader(f) if None not in row and all(row.values())]  # a kill may cut a line
        return [{k: float(v) for k, v in row.items()} for row in whole]

    @cached_property
    def facts(self) -> dict[str, str]:
        """How the weights came about, as their file says."""
        path = self.run / "ema.safetensors" if self.run else None
        if path is None or not path.exists():
            return {}
        with safe_open(path, "pt") as f:
            return f.metadata() or {}

    def json(self, path: Path | None):
        """The content of a file of OUT's; None where it isn't."""
        return json.loads(path.read_text("utf-8")) if path and path.exists() else None


def perfect(m: Measured, task: str, n: int, judge: str | None = None) -> float | None:
    """The share that the judge would find right of pictures that are: its recall of every component, multiplied."""
    recall = {k: m.says_shown(k, "shown", judge) for k in ("place", "thing", "relation", "background")}
    swapped = m.says_shown("thing", "swapped", judge)
    of = {"places": ["place"] * n, "relations": ["relation"] * n}
    of |= {"background": ["background"] + ["thing"] * n, "binding": ["thing"] * 2}
    if task not in of or any(recall[k] is None for k in of[task]):
        return None
    value = math.prod(recall[k]["rate"] for k in of[task])
    if task == "binding":
        return None if swapped is None else value * (1 - swapped["rate"]) ** 2
    return value


def write(m: Measured, path: Path, only: Sequence[str] = ()):
    """RESULTS.md, and its plots and sheets; or of a file that is there some sections alone, by the names of their
    functions: what was measured by itself, later, leaves the rest as it is."""
    if only:
        return rewrite(m, path, only)
    folder = path.parent / "plots"
    folder.mkdir(parents=True, exist_ok=True)
    pictures = plots.draw(m, folder) | sheets.draw(m, folder)
    links = {name: file.relative_to(path.parent).as_posix() for name, file in pictures.items()}
    parts = [section(m, links) for section in sections.ALL]
    text = "\n\n".join(block for blocks in parts for block in blocks) + "\n"
    with replace_file(path) as temporary:
        temporary.write_text(text, "utf-8")
    print(f"{path}: {len(m.results)} cells; {', '.join(links.values()) or 'no pictures'}")


def rewrite(m: Measured, path: Path, only: Sequence[str]):
    known = {section.__name__: section for section in sections.ALL[1:]}  # the head is none
    if unknown := set(only) - set(known):
        raise SystemExit(f"report: error: no section {', '.join(sorted(unknown))}; there are {' '.join(known)}")
    parts = re.split(r"(?m)^(?=## )", path.read_text("utf-8"))
    first_line = lambda text: text.partition("\n")[0]
    titles = [first_line(sections.prose()[name]) for name in known]
    with tempfile.TemporaryDirectory() as name:
        pictures = plots.draw(m, Path(name)) | (sheets.draw(m, Path(name)) if "gallery" in only else {})
        links = {k: f"plots/{file.name}" for k, file in pictures.items()}
        for section in (known[k] for k in known if k in only):
            text = "\n\n".join(section(m, links)) + "\n\n"
            there, title = [first_line(p) for p in parts], first_line(text)
            if title in there:
                parts[there.index(title)] = text
            else:
                before = titles[: titles.index(title)]
                parts.insert(1 + max(i for i, t in enumerate(there) if i == 0 or t in before), text)
            for link in (link for link in links.values() if f"]({link})" in text):
                shutil.copy(Path(name) / Path(link).name, path.parent / link)
    with replace_file(path) as temporary:
        temporary.write_text("".join(parts).rstrip("\n") + "\n", "utf-8")
    print(f"{path}: {', '.join(only)} anew")


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("out", type=Path, help="folder of evaluate.run")
    p.add_argument("--judges", type=Path)
    p.add_argument("--run", type=Path)
    p.add_argument("--ablation", type=Path, help="folder of ablate.py")
    p.add_argument("-o", "--output", type=Path, help="RESULTS.md")
    p.add_argument("--sections", type=lambda s: s.split(","), default=[], help="only these of -o, with commas between")
    p.add_argument("--row", action="store_true", help="print the headline as the README quotes it, and write nothing")
    a = p.parse_args()
    if not a.out.is_dir():
        raise SystemExit(f"report: error: {a.out}: no such folder, want one that evaluate.run has filled")
    measured = Measured(a.out, a.judges, a.run, a.ablation)
    if a.row:
        print(sections.readme_row(measured))
    elif a.output is None:
        raise SystemExit("report: error: want -o RESULTS.md or --row")
    else:
        write(measured, a.output.resolve(), a.sections)
