"""Questions about rendered scenes whose answers are known: what a judge is calibrated on and examined with.

A question has a sort. "shown" is true of the scene; every other sort is false of it, and clearly so:

    random      another thing, place, relation or background
    away        the right thing, between one and two radii of a small object from its place
    edge        the right thing, only just too far from its place: these keep the threshold where it belongs
    colour      one attribute another
    shape       the same
    swapped     the colour of one object of the scene with the shape of another
    exchanged   a thing of the scene at the place of another; of a relation, its two things exchanged
    inverse     the inverse relation
    axis        a relation along another axis
    between     neither clearly true nor clearly false, so counted apart: within the margins of a relation
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from evaluate.components import BACKGROUNDS, COLOURS, NEAR, RELATIONS, SHAPES, Component, Place, Thing

AWAY = (0.12, 0.20)  # of the picture
EDGE = (1.05 * NEAR, 1.3 * NEAR)
INSIDE = 0.95 * NEAR  # most that a thing that is shown is from its place
CLEARLY = 0.5  # a relation is clearly false beyond so much of its margin the other way
SIDE_MARGIN, DEPTH_MARGIN = 0.08, 0.9  # tools/scenes/scene/scene.go
TRIES = 20


@dataclass(frozen=True)
class Question:
    component: Component
    sort: str  # "shown" is the only one to be answered yes


def other(names, name: str, rng) -> str:
    """Another of names."""
    return str(rng.choice([n for n in names if n != name]))


def thing_of(o: dict) -> Thing:
    return Thing(o["shape"], o["colour"])


def some_of(o: dict, rng) -> Thing:
    """An object by both its attributes, or sometimes by one."""
    k = rng.random()
    return Thing(o["shape"] if k < 0.85 else None, o["colour"] if k < 0.7 or k >= 0.85 else None)


def distance(a: Place, b: Place) -> float:
    return float(np.hypot(a[0] - b[0], a[1] - b[1]))


def around(place: Place, least: float, most: float, rng) -> Place | None:
    """A place so far from another, within the picture."""
    for _ in range(TRIES):
        angle, r = rng.uniform(0, 2 * np.pi), np.sqrt(rng.uniform(least**2, most**2))
        u, v = place[0] + r * np.cos(angle), place[1] + r * np.sin(angle)
        if 0.05 < u < 0.95 and 0.25 < v < 0.95:
            return float(u), float(v)
    return None


def clear_of(thing: Thing, place: Place, truth: dict, least: float = AWAY[0]) -> bool:
    """Whether no such thing is anywhere near a place."""
    return all(distance(o["centre"], place) >= least for o in truth["objects"] if thing.fits(o))


def changed(thing: Thing, truth: dict, rng) -> Iterator[tuple[str, Thing]]:
    """Things that the scene does not hold, but nearly."""
    here = truth["objects"]
    nearly = []
    if thing.colour:
        nearly.append(("colour", replace(thing, colour=other(COLOURS, thing.colour, rng))))
    if thing.shape:
        nearly.append(("shape", replace(thing, shape=other(SHAPES, thing.shape, rng))))
    if thing.shape and thing.colour and len(here) > 1:
        nearly.append(("swapped", replace(thing, colour=str(rng.choice([o["colour"] for o in here])))))
    for sort, t in nearly:
        if not any(t.fits(o) for o in here):
            yield sort, t


def random_thing(rng) -> Thing:
    return Thing(str(rng.choice(SHAPES)), str(rng.choice(COLOURS)))


def of_places(truth: dict, elsewhere: Place, rng) -> Iterator[Question]:
    """Questions of kinds place and placed; elsewhere is where another scene has an object."""
    here = truth["objects"]
    anything = Thing()
    if clear_of(anything, elsewhere, truth):
        yield Question(Component("place", place=elsewhere), "random")
    t = random_thing(rng)
    if clear_of(t, elsewhere, truth):
        yield Question(Component("placed", t, elsewhere), "random")
    if not here:
        return
    o = here[rng.integers(len(here))]
    t, where = some_of(o, rng), around(o["centre"], 0, INSIDE, rng) or tuple(o["centre"])
    yield Question(Component("place", place=where), "shown")
    yield Question(Component("placed", t, where), "shown")
    for sort, band in (("away", AWAY), ("edge", EDGE)):
        beside = around(o["centre"], *band, rng)
        if beside and clear_of(anything, beside, truth, band[0]):
            yield Question(Component("place", place=beside), sort)
        if beside and clear_of(t, beside, truth, band[0]):
            yield Question(Component("placed", t, beside), sort)
    for sort, nearly in changed(t, truth, rng):
        yield Question(Component("placed", nearly, where), sort)
    p = here[rng.integers(len(here))]
    if p is not o and clear_of(t, p["centre"], truth):
        yield Question(Component("placed", t, tuple(p["centre"])), "exchanged")


def of_things(truth: dict, rng) -> Iterator[Question]:
    here = truth["objects"]
    t = random_thing(rng)
    if not any(t.fits(o) for o in here):
        yield Question(Component("thing", t), "random")
    if here:
        t = some_of(here[rng.integers(len(here))], rng)
        yield Question(Component("thing", t), "shown")
        for sort, nearly in changed(t, truth, rng):
            yield Question(Component("thing", nearly), sort)


def by_margin(truth: dict, a: int, relation: str, b: int) -> float:
    """How far beyond its margin a relation holds of two objects, in margins: 0 is just so, -1 is on a level. Depth is
    ground z's, so nearly the camera's. Of above and below, 0 or -inf."""
    if [a, relation, b] in truth["relations"]:
        return 0.0
    p, q = truth["objects"][a], truth["objects"][b]
    if relation in ("above", "below") or p["on"] == b or q["on"] == a:
        return -np.inf
    flat = relation in ("left of", "right of")
    d = (q["centre"][0] - p["centre"][0]) / SIDE_MARGIN if flat else (q["ground"][1] - p["ground"][1]) / DEPTH_MARGIN
    return (d if relation in ("left of", "in front of") else -d) - 1


def relation_sort(component: Component, truth: dict, sort: str) -> str:
    """sort if the relation is clearly false of the scene, "between" if it isn't, and "shown" if true."""
    fit = lambda t: [i for i, o in enumerate(truth["objects"]) if t.fits(o)]
    pairs = [(a, b) for a in fit(component.thing) for b in fit(component.other) if a != b]
    best = max((by_margin(truth, a, component.relation, b) for a, b in pairs), default=-np.inf)
    return "shown" if component.shown(truth) else sort if best < -1 - CLEARLY else "between"


def of_relations(truth: dict, rng) -> Iterator[Question]:
    here, all_ = truth["objects"], truth["relations"]
    names = list(RELATIONS)
    asked = [
        ("random", Component("relation", random_thing(rng), relation=str(rng.choice(names)), other=random_thing(rng)))
    ]
    if len(here) > 1:
        a, b = rng.choice(len(here), 2, replace=False)
        pair = [r for r in all_ if r[0] == a and r[2] == b]
        name = pair[rng.integers(len(pair))][1] if pair else str(rng.choice(names))
        t, s = thing_of(here[a]), thing_of(here[b])
        c = Component("relation", t, relation=name, other=s)
        axes = [n for n in names if n not in (name, RELATIONS[name]) and [a, n, b] not in all_]
        asked += [("shown", c), ("inverse", replace(c, relation=RELATIONS[name]))]
        asked.append(("exchanged", replace(c, thing=s, other=t)))
        asked += [("axis", replace(c, relation=str(rng.choice(axes))))] if axes else []
        if t.colour != s.colour and t.shape != s.shape:
            asked.append(("swapped", replace(c, thing=replace(t, colour=s.colour), other=replace(s, colour=t.colour))))
        first = rng.random() < 0.5
        for sort, nearly in changed(t if first else s, truth, rng):
            asked.append((sort, replace(c, thing=nearly) if first else replace(c, other=nearly)))
    for sort, c in asked:
        yield Question(c, relation_sort(c, truth, sort))


def questions(truth: dict, elsewhere: Place, rng: np.random.Generator) -> list[Question]:
    """A question of every kind and sort that a scene allows; elsewhere is where another scene has an object."""
    found = [*of_places(truth, elsewhere, rng), *of_things(truth, rng), *of_relations(truth, rng)]
    found.append(Question(Component("background", background=truth["background"]), "shown"))
    found.append(Question(Component("background", background=other(BACKGROUNDS, truth["background"], rng)), "random"))
    return found


def examination(truths: list[dict], seed: int) -> list[list[Question]]:
    """Questions about each scene."""
    rng = np.random.default_rng(seed)
    places = [tuple(o["centre"]) for t in truths for o in t["objects"]] or [(0.5, 0.65)]
    return [questions(t, places[rng.integers(len(places))], rng) for t in truths]
