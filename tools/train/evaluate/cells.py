"""The table of cells, as data: what is asked, of which model, by which rule. A cell is a number in RESULTS.md.

Cells are in order of importance, which is the order they are filled in. Those that share task, n and source share
conditions and seeds, so that rules are compared picture by picture.
"""

import fnmatch
from dataclasses import dataclass, replace
from typing import Iterable, Literal

GUIDANCE, MAX_GUIDANCE, REACH, STEPS, MOVES = 4.0, 16.0, 0.2, 10, 1  # as model.py has them, without its imports


@dataclass(frozen=True)
class Rule:
    """How a model is asked for a condition.

    sum     ε̂ = ε_0 + g Σ wᵢ (εᵢ − ε_0): the paper's rule, and what is shipped
    mean    the same with weights divided by the sum of the positive ones
    joined  not composed: one row, its text all texts in one caption, its place map all bumps; baseline (a)
    """

    how: Literal["sum", "mean", "joined"] = "sum"
    guidance: float = GUIDANCE
    max_guidance: float | None = MAX_GUIDANCE  # cap of g Σw⁺
    steps: int = STEPS
    moves: int = MOVES  # of Langevin (ULA) at each level between two steps
    reach: float | None = REACH  # of the window that things are heard in beside a ground; None for everywhere
    background: str = ""  # text of ε_0
    negation: float = 1.0  # what the weights of NOT are multiplied by; 0 leaves NOT out
    places: bool = True  # False: text alone
    learnt: bool = False  # terms count as the model declares for levels beside others
    arranged: bool = False  # things without a place get one that fits what is said of them; the engine draws it
    hires: float = 1.0  # how many times smaller a picture the engine makes first, to begin with it enlarged
    flags: tuple[str, ...] = ()  # more of the engine's command: samplers, correctors and operators that PyTorch has not

    @property
    def evaluations(self) -> float:
        """Of a row, in those of the picture's size."""
        of = lambda steps: steps + self.moves * (steps - 1)
        return of(self.steps) if self.hires == 1 else of(self.steps) / self.hires**2 + of(self.steps // 2)


PLAIN = Rule(steps=20, moves=0)  # as dear as what is shipped, but for one evaluation a row
ARRANGED = Rule(arranged=True)
CHANCE = Rule(guidance=0.0)  # nothing is asked for: the null row alone


@dataclass(frozen=True)
class Cell:
    name: str
    group: str
    task: str  # of conditions.TASKS
    n: int
    rule: Rule = Rule()
    source: Literal["seen", "unseen"] = "seen"
    model: str = "scenes"  # another one is sampled by what --model-of names
    size: int = 128
    engine: bool = False  # by the engine also where a GPU could; --sampler overrules it
    repeats: int = 1  # pictures a condition
    conditions: int | None = None  # at most so many, whatever --count

    def count(self, wanted: int) -> int:
        """Pictures, where so many conditions are wanted."""
        return min(wanted, self.conditions or wanted) * self.repeats


def headline() -> Iterable[Cell]:
    """What is shipped, on every task."""
    yield from (Cell(f"places-{n}", "headline", "places", n, engine=n == 3) for n in (3, 1, 2, 5))
    yield from (Cell(f"relations-{n}", "headline", "relations", n, ARRANGED, engine=True) for n in (3, 1, 2))
    yield from (Cell(f"background-{n}", "headline", "background", n, engine=n == 3) for n in (3, 1, 2))
    yield Cell("binding", "headline", "binding", 2, engine=True)
    yield Cell("binding-text", "headline", "binding", 2, Rule(places=False))
    yield from (Cell(f"relations-{n}-text", "headline", "relations", n) for n in (1, 2, 3))
    for family in ("background", "joined", "shape"):
        yield Cell(f"not-{family}", "negation", f"not {family}", 1)
        yield Cell(f"not-{family}-without", "negation", f"not {family}", 1, Rule(negation=0.0))
    for kind in ("colour", "background", "relation"):
        for source in ("unseen", "seen"):
            rule = ARRANGED if kind == "relation" else Rule()
            yield Cell(f"new-{kind}-{source}", "unseen", f"new {kind}", 1, rule, source, engine=rule.arranged)
    for source in ("unseen", "seen"):  # a thing that is heard everywhere has a say in the ground
        yield Cell(f"new-background-{source}-everywhere", "unseen", "new background", 1, Rule(reach=None), source)


def baselines() -> Iterable[Cell]:
    """Steps alone, without moves. Baseline (a): one caption. A joined picture takes 2 rows where a composed one takes
    n + 1, so n = 3 is also given twice the steps. And chance: pictures that were asked for nothing, judged as the others are."""
    for cell in headline():
        if cell.group == "headline" and cell.rule.places:
            rule = replace(cell.rule, steps=PLAIN.steps, moves=0)
            yield replace(cell, name=f"{cell.name}-plain", group="plain", rule=rule)
    joined = Rule("joined")
    for task, ns in {"places": (3, 2, 5), "relations": (3, 2), "background": (3, 1, 2), "binding": (2,)}.items():
        yield from (Cell(f"{task}-{n}-joined", "baseline", task, n, joined) for n in ns)
    yield Cell("binding-2-joined-text", "baseline", "binding", 2, replace(joined, places=False))
    yield Cell("places-3-joined-20-steps", "baseline", "places", 3, replace(joined, steps=20))
    yield from (Cell(f"places-{n}-chance", "baseline", "places", n, CHANCE) for n in (1, 3))


def sweeps() -> Iterable[Cell]:
    """One thing changed about places-3: 76 evaluations a picture, but for the numbers of steps."""
    for g in (1, 2, 3, 6, 8):
        yield Cell(f"places-3-guidance-{g}", "sweep", "places", 3, Rule(guidance=g, max_guidance=None))
    for g in (4, 12):  # 12 guides as much in all as the sum of three terms at 4
        yield Cell(f"places-3-mean-{g}", "sweep", "places", 3, Rule("mean", guidance=g))
    yield Cell("places-3-empty-scene", "sweep", "places", 3, Rule(background="an empty scene"))
    for steps in (5, 20):
        yield Cell(f"places-3-steps-{steps}", "sweep", "places", 3, Rule(steps=steps))
    for steps in (10, 50):
        yield Cell(f"places-3-plain-{steps}", "sweep", "places", 3, replace(PLAIN, steps=steps))
    for part, families in {2: ("background", "joined", "shape"), 0.5: ("joined", "shape"), 0.25: ("joined", "shape")}.items():
        for family in families:
            yield Cell(f"not-{family}-{part:g}", "sweep", f"not {family}", 1, Rule(negation=part))
    for name, rule in {"guidance-2": replace(ARRANGED, guidance=2), "mean-4": replace(ARRANGED, how="mean")}.items():
        yield Cell(f"relations-3-{name}", "sweep", "relations", 3, rule, engine=True)
    for name, reach in {"everywhere": None, "near": 0.125}.items():
        yield Cell(f"background-3-{name}", "sweep", "background", 3, Rule(reach=reach))
    for end, hires in {"": 2, "-whole": 1}.items():
        yield Cell(f"places-3-256{end}", "sweep", "places", 3, Rule(hires=hires), size=256, engine=True)


def equal() -> Iterable[Cell]:
    """What else 240 evaluations a picture can be spent on than three times the steps: of places-3 60 a row, of
    not-background 80. ULA moves so many times, U-HMC takes three evaluations at each level between two steps, and a
    fresh verification takes 8."""
    ways = {  # flags, and steps of either
        "plain": ("", 60, 80),
        "ula": ("", 20, 20),
        "uhmc": ("--corrector=uhmc --corrector-moves=1", 15, 20),
        "best": ("--best-of={best}", 20, 20),
        "best-fresh": ("--best-of=2 --verify=fresh", 22, 32),
        "particles": ("--particles --eta=1 --batch-count={best}", 20, 20),
        "perp": ("--negation=perp", 0, 80),
        "gated": ("--negation=gated", 0, 80),
    }
    tasks = {"places": (3, dict(moves=2, best=3)), "not background": (1, dict(moves=3, best=4))}
    for at, (task, (n, counts)) in enumerate(tasks.items(), 1):
        for name, way in ways.items():
            if way[at]:
                moves = counts["moves"] if name == "ula" else 0
                rule = Rule(steps=way[at], moves=moves, flags=tuple(way[0].format(**counts).split()))
                yield Cell(f"equal-{task.replace(' ', '-')}-{name}", "equal", task, n, rule, engine=True, conditions=100)


def diversity() -> Iterable[Cell]:
    """16 pictures of each of 8 conditions."""
    rules = {"": Rule(), "-guidance-1": Rule(guidance=1), "-guidance-8": Rule(guidance=8, max_guidance=None)}
    rules |= {"-joined": Rule("joined"), "-empty-scene": Rule(background="an empty scene")}
    for end, rule in rules.items():
        yield Cell(f"diversity-places-3{end}", "diversity", "places", 3, rule, repeats=16, conditions=8)


def others() -> Iterable[Cell]:
    """Other models on the same conditions: the paper's recipe, with its guidance and steps, and component models
    composed."""
    recipe = Rule(guidance=7.5, max_guidance=None, steps=100, moves=0, reach=None)
    for n in (3, 1, 2):
        yield Cell(f"places-{n}-paper", "paper", "places", n, recipe, model="paper")
    yield Cell("places-1-paper-chance", "paper", "places", 1, replace(CHANCE, steps=recipe.steps), model="paper")
    for n in (1, 2, 3):
        yield Cell(f"background-{n}-components", "components", "background", n, model="components")


TABLE: tuple[Cell, ...] = (*headline(), *others(), *baselines(), *equal(), *sweeps(), *diversity())


def chosen(globs: str) -> list[Cell]:
    """The cells whose name or group fits one of the globs, which commas separate."""
    found = [c for c in TABLE if any(fnmatch.fnmatchcase(x, g) for g in globs.split(",") for x in (c.name, c.group))]
    if not found:
        raise ValueError(
            f"--cells {globs}: no such cell; want globs of names or groups of: " + " ".join(c.name for c in TABLE)
        )
    return found
