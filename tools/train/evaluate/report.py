"""RESULTS.md, from what evaluate.run has measured.

    python -m evaluate.report OUT --judges JUDGES --run RUN -o evaluate/RESULTS.md
    python -m evaluate.report -o evaluate/RESULTS.md             # its words anew, from what it was written from before
    python -m evaluate.report -o evaluate/RESULTS.md --row       # the headline as the README quotes it

OUT is evaluate.run's, JUDGES evaluate.judge's, RUN train.py's. RESULTS.json beside RESULTS.md keeps what was measured: cells that
OUT doesn't have stay as they were. What was never measured is named, with the command that does it. Plots and sheets of
pictures go to a folder plots beside the output.
"""

import argparse
from pathlib import Path

from common import replace_file
from evaluate import plots, sections, sheets
from evaluate.measured import Measured, MeasuredError


def kept(path: Path) -> Path:
    """Of RESULTS.md, what it is written from."""
    return path.with_suffix(".json")


def pictures(path: Path) -> dict[str, str]:
    """The links of RESULTS.md to the plots and sheets that are there, by name."""
    names = {f"sheet-{cell}": f"{cell}.jpg" for cell in sheets.CELLS} | {name: f"{name}.png" for name in plots.PLOTS}
    return {name: f"plots/{file}" for name, file in names.items() if (path.parent / "plots" / file).exists()}


def text(m: Measured, links: dict[str, str]) -> str:
    """RESULTS.md."""
    return "\n\n".join(block for section in sections.ALL for block in section(m, links)) + "\n"


def write(m: Measured, path: Path):
    """RESULTS.md, its plots and sheets, and what they are written from."""
    folder = path.parent / "plots"
    folder.mkdir(parents=True, exist_ok=True)
    plots.draw(m, folder)
    sheets.draw(m, folder)
    m.keep(kept(path))
    with replace_file(path) as temporary:
        temporary.write_text(text(m, pictures(path)), "utf-8")
    print(f"{path}: {len(m.results)} cells; {', '.join(pictures(path).values()) or 'no pictures'}")


def main(a: argparse.Namespace):
    path = a.output.resolve()
    measured = Measured.of(kept(path), a.out, a.judges, a.run, a.ablation)
    if a.row:
        print(sections.readme_row(measured))
    else:
        write(measured, path)


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("out", type=Path, nargs="?", help="folder of evaluate.run")
    p.add_argument("--judges", type=Path)
    p.add_argument("--run", type=Path)
    p.add_argument("--ablation", type=Path, help="folder of ablate.py")
    p.add_argument("-o", "--output", type=Path, required=True, help="RESULTS.md")
    p.add_argument("--row", action="store_true", help="print the headline as the README quotes it, and write nothing")
    options = p.parse_args()
    if options.out and not options.out.is_dir():
        raise SystemExit(f"report: error: {options.out}: no such folder, want one that evaluate.run has filled")
    try:
        main(options)
    except MeasuredError as e:
        raise SystemExit(f"report: error: {e}")
