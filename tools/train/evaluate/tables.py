"""What tables are made of: numbers with their errors, rows of markdown, how alike two rankings are, commands."""

import math
import re
import statistics
from collections.abc import Iterable, Sequence

NOT_RUN = "not run"
Share = dict  # of results.share: count, successes, rate, standard_error


def error(share: Share) -> float:
    """The standard error of a rate; of none or all as if one picture more had been right and one more wrong."""
    n, k = share["count"], share["successes"]
    p = k / n if 0 < k < n else (k + 1) / (n + 2)
    return math.sqrt(p * (1 - p) / n)


def percent(share: Share | None) -> str:
    if not share or not share["count"]:
        return "–"
    return f"{100 * share['rate']:.1f} ± {100 * error(share):.1f}"


def complement(share: Share) -> Share:
    """The share of those that did not."""
    others = share["count"] - share["successes"]
    return share | {"successes": others, "rate": others / share["count"]}  # 1 less a rate is a little more than 1 in 100


def difference(a: Share | None, b: Share | None, paired: bool = False) -> str:
    """Points that a is above b, with the error of two independent rates, or, where both are of the same conditions and
    seeds, that of the mean difference of a picture."""
    if not a or not b or not a["count"] or not b["count"]:
        return "–"
    if paired and "each" in a and "each" in b:  # of the conditions that both have, which are the first ones
        each = [int(x) - int(y) for x, y in zip(a["each"], b["each"]) if "-" not in (x, y)]
        return f"{100 * statistics.fmean(each):+.1f} ± {100 * paired_error(each):.1f}"
    return f"{100 * (a['rate'] - b['rate']):+.1f} ± {100 * math.hypot(error(a), error(b)):.1f}"


def paired_error(each: Sequence[int]) -> float:
    """The standard error of the mean of differences, each -1, 0 or 1; where all are alike, as if of more pictures one had been
    otherwise, or one had each way."""
    if len(set(each)) == 1:
        each = [*each, 0] if each[0] else [*each, 1, -1]
    return statistics.pstdev(each) / math.sqrt(len(each))


def number(value: float | None, digits: int = 1) -> str:
    return "–" if value is None or math.isnan(value) else f"{value:.{digits}f}"


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; columns after the first are to the right."""
    align = ["---"] + ["---:"] * (len(head) - 1)
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, align, *rows))


def code(*lines: str) -> str:
    return "\n".join(f"    {line}" for line in lines)


def commands(results: Iterable[dict], globs: str | None = None) -> list[str]:
    """The commands that make results again, one for all cells that differ in name alone; of globs, if one is enough."""
    together: dict[str, list[str]] = {}
    for r in results:
        command = re.sub(r"--cells \S+", "--cells {}", r["command"])
        together.setdefault(command, []).append(r["cell"])
    if globs and len(together) == 1:
        together = {command: [globs] for command in together}
    return [command.format("'" + ",".join(names) + "'") for command, names in together.items()]


def ranks(values: Sequence[float]) -> list[float]:
    """From 1; equal values share the mean of theirs."""
    return [(sum(w < v for w in values) + sum(w <= v for w in values) + 1) / 2 for v in values]


def spearman(a: Sequence[float], b: Sequence[float]) -> float:
    """Correlation of ranks; NaN where one of the two ranks nothing."""
    x, y = ranks(a), ranks(b)
    mx, my = sum(x) / len(x), sum(y) / len(y)
    covariance = sum((p - mx) * (q - my) for p, q in zip(x, y))
    spread = math.sqrt(sum((p - mx) ** 2 for p in x) * sum((q - my) ** 2 for q in y))
    return covariance / spread if spread else math.nan


def kendall(a: Sequence[float], b: Sequence[float]) -> float:
    """Kendall's tau-b: pairs in the same order less those in the other, among those that neither ties."""
    sign = lambda x: (x > 0) - (x < 0)
    pairs = [(sign(a[i] - a[j]), sign(b[i] - b[j])) for i in range(len(a)) for j in range(i)]
    spread = math.sqrt(sum(p != 0 for p, _ in pairs) * sum(q != 0 for _, q in pairs))
    return sum(p * q for p, q in pairs) / spread if spread else math.nan
