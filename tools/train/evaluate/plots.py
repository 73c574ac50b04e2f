"""The plots of RESULTS.md: small PNGs, a colour a source."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from evaluate.published import HEADLINE
from evaluate.tables import Share, error

if TYPE_CHECKING:
    from evaluate.measured import Measured

DPI = 110
OURS, PLAIN, PALETTE, JOINED, PAPER, TOKENS, FAINT = "#1b5fc1", "#8a5fc1", "#7aa6e0", "#c1571b", "#555555", "#2c8a4b", "#b9b9b9"
TASKS = {"places": (1, 2, 3, 5), "relations": (1, 2, 3), "background": (1, 2, 3)}
TITLES = {"places": "places", "relations": "relations", "background": "background AND objects"}


def draw(m: Measured, folder: Path):
    """Those plots for which there is something to draw, as NAME.png."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    for name, plot in PLOTS.items():
        if (figure := plot(m)) is not None:
            save(figure, folder / f"{name}.png")


def save(figure, path: Path):
    """As a PNG of few colours, which is half of the bytes."""
    import io

    from PIL import Image

    from common import replace_file

    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=DPI)
    with replace_file(path) as temporary:
        Image.open(drawn).convert("RGB").quantize(128, dither=Image.Dither.NONE).save(temporary, "png", optimize=True)


def figure_of(columns: int, height: float, **options):
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, columns, figsize=(9, height), layout="constrained", **options)
    pyplot.close(figure)
    return figure, [axes] if columns == 1 else list(axes)


def curve(axis, xs: Sequence[float], shares: Sequence[Share | None], **style):
    """Rates with their errors, where there are any."""
    points = [(x, 100 * s["rate"], 100 * error(s)) for x, s in zip(xs, shares) if s]
    if points:
        at, rates, errors = zip(*points)
        within = [[min(e, r) for r, e in zip(rates, errors)], [min(e, 100 - r) for r, e in zip(rates, errors)]]
        axis.errorbar(at, rates, yerr=within, capsize=3, marker="o", markersize=4, **style)


def numbers(axis, xs: Sequence[int], values: Sequence[float | None], **style):
    points = [(x, v) for x, v in zip(xs, values) if v is not None]
    if points:
        axis.plot(*zip(*points), marker="s", ms=4, **style)


def headline_name(task: str, n: int) -> str:
    return f"{task}-{n}"


def accuracy(m: Measured):
    """Accuracy against the number of components."""
    if not any(m.share(headline_name(t, n)) for t, ns in TASKS.items() for n in ns):
        return None
    figure, axes = figure_of(3, 3.3, sharey=True)
    for axis, (task, ns) in zip(axes, TASKS.items()):
        beside = [HEADLINE[headline_name(task, n)] for n in ns]
        numbers(axis, ns, [b.tokens for b in beside], color=TOKENS, label="Stirling et al.", linestyle="--")
        numbers(axis, ns, [b.paper for b in beside], color=PAPER, label="the paper", linestyle="--")
        numbers(axis, ns, [b.goal for b in beside], color=FAINT, label="goal", linestyle=":", zorder=0)
        curve(axis, ns, [m.share(f"{task}-{n}-paper") for n in ns], color="#999933", label="its recipe, small, here")
        curve(axis, ns, [m.share(f"{task}-{n}-components") for n in ns], color="#882255", label="component models")
        curve(axis, ns, [m.share(f"{task}-{n}-joined") for n in ns], color=JOINED, label="one caption")
        if m.judge != "palette":
            shares = [m.share(headline_name(task, n), "palette") for n in ns]
            curve(axis, ns, shares, color=PALETTE, label="composed, simple judge", linewidth=1)
        curve(axis, ns, [m.share(headline_name(task, n)) for n in ns], color=OURS, label="composed", linewidth=2)
        axis.set(title=TITLES[task], xlabel="components n", xticks=ns, ylim=(-4, 106))
        axis.grid(axis="y", color="#eeeeee")
    axes[0].set_ylabel("pictures that show all, %")
    seen = {}
    for axis in axes:
        seen |= {label: handle for handle, label in zip(*axis.get_legend_handles_labels())}
    figure.legend(seen.values(), seen.keys(), loc="outside lower center", ncols=4, frameon=False, fontsize=8)
    return figure


def sweeps(m: Measured):
    """Guidance, and steps by evaluations, by the right things at their places: something is there by nearly any rule."""
    weights = ["places-3" if g == 4 else f"places-3-guidance-{g}" for g in (1, 2, 3, 4, 6, 8)]  # 4 is as shipped
    weights = [c for c in weights if m.share(c)]
    means = [c for c in ("places-3-mean-4", "places-3-mean-12") if m.share(c)]
    steps = [c for c in ("places-3-steps-5", "places-3", "places-3-steps-20") if m.share(c)]
    plain = [c for c in ("places-3-plain-10", "places-3-plain", "places-3-plain-50") if m.share(c)]
    joined = [c for c in ("places-3-joined", "places-3-joined-20-steps") if m.share(c)]
    if len(weights) + len(means) < 2 and len(steps) < 2:
        return None
    figure, (left, right) = figure_of(2, 2.9, sharey=True)
    guidance = lambda cells: [m.results[c]["rule"]["guidance"] for c in cells]
    shares = lambda cells: [m.share(c).get("beside") for c in cells]
    curve(left, guidance(weights), shares(weights), color=OURS, label="sum of the terms")
    thirds = [g / 3 for g in guidance(means)]
    curve(left, thirds, shares(means), color=JOINED, label="mean of the terms", linestyle="none")
    left.set(xlabel="guidance of each of three terms", ylabel="the right things, n = 3, %", ylim=(-4, 106))
    cost = lambda cells: [m.results[c]["evaluations"] for c in cells]
    curve(right, cost(steps), shares(steps), color=OURS, label="composed, 5, 10 and 20 steps with moves")
    curve(right, cost(plain), shares(plain), color=PLAIN, label="composed, 10, 20 and 50 steps alone")
    curve(right, cost(joined), shares(joined), color=JOINED, label="one caption, 10 and 20 steps with moves")
    right.set(xlabel="network evaluations a picture", xscale="log")
    right.set_xticks((40, 80, 160), ("40", "80", "160"))
    right.minorticks_off()
    right.set_visible(len(steps) + len(joined) > 1)
    for axis in (left, right):
        axis.grid(axis="y", color="#eeeeee")
        axis.legend(frameon=False, fontsize=8)
    return figure


def smoothed(values: Sequence[float], beside: int = 4) -> list[float]:
    """Means over each value and those beside it."""
    near = [values[max(0, i - beside) : i + beside + 1] for i in range(len(values))]
    return [sum(v) / len(v) for v in near]


def loss(m: Measured):
    """The loss, and what conditions gain over saying nothing."""
    log, probed = (m.said.get("training", {}).get(name, []) for name in ("log", "probe"))
    if not log:
        return None
    figure, (left, right) = figure_of(2, 2.9)
    thousands = lambda rows: [row["samples"] / 1000 for row in rows]
    values = [row["loss"] for row in log]
    left.plot(thousands(log), values, color=FAINT, linewidth=0.6)
    left.plot(thousands(log), smoothed(values), color=OURS, linewidth=1.5)
    left.set(xlabel="thousand samples", ylabel="loss of the velocity")
    if max(values) > 2 * min(values):
        left.set_yscale("log")
        ticks = [t for t in (0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1.0) if min(values) / 1.3 < t < max(values) * 1.3]
        left.set_yticks(ticks, [f"{t:g}" for t in ticks])
        left.minorticks_off()
    kinds = {"right": OURS, "text": TOKENS, "wrong_shape": PALETTE, "wrong_colour": JOINED, "wrong_place": PAPER}
    for kind, colour in kinds.items():
        if told := [row for row in probed if f"{kind}_600" in row]:
            gain = [row[f"{kind}_600"] for row in told]
            right.plot(thousands(told), gain, color=colour, marker=".", ms=4, label=kind.replace("_", " "))
    right.set(xlabel="thousand samples", ylabel="loss gained over the null row, 1e-4")
    right.axhline(0, color=FAINT, linewidth=0.8)
    if probed:
        right.legend(frameon=False, fontsize=8, title="one object, as told", title_fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


PLOTS = {"accuracy": accuracy, "sweeps": sweeps, "loss": loss}
