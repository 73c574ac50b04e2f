"""What others measured, and what was aimed at, to stand beside our numbers."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Beside:
    """What a headline cell is compared with, in percent; None where there is no such number."""

    paper: float | None = None  # Liu et al., arXiv 2206.01714, tables 1 and 2: "Composable Diffusion"
    paper_error: float | None = None
    tokens: float | None = None  # Stirling et al. 2026, composed parallel tokens; the paper's classifiers, test files
    goal: float | None = None
    least: float | None = None  # that counts, with a GPU at hand


# CLEVR's positions beside places, relational CLEVR beside relations. The paper gives errors for positions alone.
HEADLINE: dict[str, Beside] = {
    "places-1": Beside(86.42, 0.97, 99.30, 99.5, 98),
    "places-2": Beside(59.20, 1.39, 98.18, 99, 95),
    "places-3": Beside(31.36, 1.31, 95.04, 98, 90),
    "places-5": Beside(goal=90, least=70),
    "relations-1": Beside(60.40, None, 78.16, 95, 85),
    "relations-2": Beside(21.84, None, 43.06, 85, 65),
    "relations-3": Beside(2.80, None, 14.30, 70, 45),
    "background-1": Beside(goal=99, least=95),
    "background-2": Beside(goal=97, least=88),
    "background-3": Beside(goal=94, least=80),
    "binding": Beside(goal=95, least=88),
}

NEGATION_LEFT = (1.0, 4.0)  # percent of pictures that still show B: the goal, and the most that counts
NEGATION_KEPT = (97.0, 92.0)  # that show A: the goal, and the least
UNSEEN_APART = 5.0  # points between combinations seen and never seen, at most
DECIBELS = (36.0, 30.0)  # of reconstructions: over pictures, and inside objects' boxes
