"""From verdicts to numbers: accuracy with its standard error, how each component fares, how much pictures differ."""

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import Sequence

import numpy as np

from evaluate.components import Component, Condition

THRESHOLD = 0.5


@dataclass(frozen=True)
class Verdict:
    """What a judge says of a picture: the probability that each component is shown; None where it can't tell."""

    want: list[float | None]
    beside: list[float | None]


def right(asked: Sequence[Component], said: Sequence[float | None]) -> list[bool | None]:
    """Whether each component is as it should be."""
    return [None if p is None else (p >= THRESHOLD) == c.present for c, p in zip(asked, said)]


def all_right(asked: Sequence[Component], said: Sequence[float | None]) -> bool | None:
    """Whether every component is as it should be; None if that can't be told of one."""
    each = right(asked, said)
    return None if None in each else all(each)


def label(c: Component) -> str:
    return ("" if c.present else "not ") + (c.relation or c.kind)


def share(answers: Sequence[bool]) -> dict:
    """Successes of so many, and the rate with its standard error."""
    n, k = len(answers), sum(answers)
    if not n:
        return {"count": 0, "successes": 0, "rate": None, "standard_error": None}
    rate = k / n
    return {"count": n, "successes": k, "rate": rate, "standard_error": math.sqrt(rate * (1 - rate) / n)}


def summary(conditions: Sequence[Condition], verdicts: Sequence[Verdict]) -> dict:
    """One judge's result: pictures that show all that is wanted, those that also meet what is asked beside, and each
    component by its kind. A share's "each" has a character a picture: 1, 0, or - where the judge can't tell."""
    wanted = [all_right(c.want, v.want) for c, v in zip(conditions, verdicts)]
    strict = [all_right((*c.want, *c.beside), (*v.want, *v.beside)) for c, v in zip(conditions, verdicts) if c.beside]
    parts = defaultdict(list)
    for c, v in zip(conditions, verdicts):
        for component, ok in zip((*c.want, *c.beside), (*right(c.want, v.want), *right(c.beside, v.beside))):
            if ok is not None:
                parts[label(component)].append(ok)
    each = lambda answers: "".join("-" if a is None else str(int(a)) for a in answers)
    known = lambda answers: share([a for a in answers if a is not None]) | {"each": each(answers)}
    out = known(wanted) | {"components": {k: share(a) for k, a in sorted(parts.items())}}
    return out | ({"beside": known(strict)} if strict else {})


def agreement(conditions: Sequence[Condition], one: Sequence[Verdict], other: Sequence[Verdict]) -> dict:
    """How often two judges say the same of a picture, where both can tell."""
    pairs = [(all_right(c.want, a.want), all_right(c.want, b.want)) for c, a, b in zip(conditions, one, other)]
    return share([a == b for a, b in pairs if None not in (a, b)])


def features(images: np.ndarray, side: int = 16) -> np.ndarray:
    """Mean colours of side×side blocks, in [0, 1], as [N, side·side·3]: layout and colours, no texture or edges."""
    n, h, w, _ = images.shape
    blocks = images.reshape(n, side, h // side, side, w // side, 3)
    return blocks.mean((2, 4)).reshape(n, -1) / 255


def diversity(images: np.ndarray, repeats: int) -> dict:
    """Root mean square difference of features between two pictures of one condition, over all pairs; pictures of a
    condition follow one another. Its standard error is that over conditions."""
    means = []
    for i in range(0, len(images) - repeats + 1, repeats):
        f = features(images[i : i + repeats])
        distance = np.sqrt(np.square(f[:, None] - f[None]).mean(-1))
        means.append(distance[np.triu_indices(repeats, 1)].mean())
    error = np.std(means, ddof=1) / math.sqrt(len(means)) if len(means) > 1 else math.nan
    return {
        "conditions": len(means),
        "pictures": repeats,
        "distance": float(np.mean(means)),
        "standard_error": float(error),
    }
