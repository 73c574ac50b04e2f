"""Random conditions of each task, drawn from the truth of rendered scenes: what is asked is true of some scene, so it
can be drawn. Only truth is read; scenes of 16 pixels a side do, and render fast.

    seen      tools/scenes -split train: no combination that is held out of training
    unseen    tools/scenes -split heldout: at least one a scene

Condition i of a task follows from the scenes and from i, whatever the number of conditions.

Where a task says "drawn places", objects are put where the engine puts those that a prompt gives no place: its region
and spacing are those of the shipped model.

Negation. The null row stands for cluttered scenes, so what is usual beside a thing is what such scenes hold. Nothing
is more usual beside a red cube than beside a blue one, since scenes are drawn without correlations; a shape of any
colour is in three scenes of ten, which is what `not shape` is about, and a background in one of six. Two further
families make B all but sure without NOT: the caption that holds both ("a red cube and a blue sphere"), and the one
that holds the background ("a red cube on grass").
"""

import json
import zlib
from pathlib import Path
from typing import Callable, Sequence

import numpy as np

from evaluate.components import (
    BACKGROUNDS,
    COLOURS,
    NEAR,
    RELATIONS,
    SHAPES,
    Component,
    Condition,
    Place,
    Term,
    Thing,
)
from places import REGION, SPACING

HELD_OUT = Path(__file__).parents[2] / "scenes" / "vocab" / "heldout.txt"
APART = 2 * NEAR  # of places: no object is near two of them
TRIES = 20_000  # scenes looked at for one more condition

Truth = dict
Drawn = tuple[list[Term], list[Component], list[Component]]  # terms, wanted, asked beside
Task = Callable[
    [np.random.Generator, Truth, int], Drawn | None
]  # of one scene and n components; None: not of this scene

AXES = {"left of": 0, "right of": 0, "in front of": 1, "behind": 1, "above": 2, "below": 2}


def scenes(folder: Path) -> list[Truth]:
    """The truth of all scenes of a folder, captions left out."""
    found = []
    for path in sorted(folder.glob("truth-*.jsonl")):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            try:
                scene = json.loads(line)
                found.append({k: scene[k] for k in ("background", "objects", "relations")})
            except (json.JSONDecodeError, KeyError) as e:
                raise ValueError(f"{path}:{number}: {e!r}, want a scene's truth as tools/scenes writes it") from None
    if not found:
        raise ValueError(f"{folder}: no truth-*.jsonl, want a folder that tools/scenes has written")
    return found


def held_out(path: Path = HELD_OUT) -> dict[str, set[tuple[str, ...]]]:
    """Combinations that training scenes never hold: (shape, colour), (shape, background) and (shape, relation, shape),
    relations both ways round."""
    found: dict[str, set] = {"colour": set(), "background": set(), "relation": set()}
    section = ""
    for line in path.read_text("utf-8").splitlines():
        words = line.partition("#")[0].split()
        if words and words[0].startswith("["):
            section = " ".join(words).strip("[]")
        elif words and section == "relations":
            subject, name, other = words[0], " ".join(words[1:-1]), words[-1]
            found["relation"] |= {(subject, name, other), (other, RELATIONS[name], subject)}
        elif words:
            found[section.split()[1]].add(tuple(words))
    return found


NEVER = held_out()


def draw(task: str, n: int, truths: Sequence[Truth], count: int, source: str = "seen") -> list[Condition]:
    """count conditions that differ from one another; the seeds of their pictures follow on."""
    made, known = [], set()
    key = zlib.crc32(f"{task} {n} {source}".encode())
    choose = TASKS[task, source]
    for i in range(count):
        rng = np.random.default_rng([key, i])
        for _ in range(TRIES):
            drawn = choose(rng, truths[rng.integers(len(truths))], n)
            if drawn and frozenset(drawn[0]) not in known:
                break
        else:
            raise ValueError(
                f"{task} {n}, {source}: {len(truths)} scenes hold no condition {i + 1} beside those drawn; want more"
            )
        terms, want, beside = drawn
        known.add(frozenset(terms))
        made.append(Condition(tuple(terms), tuple(want), key + i, tuple(beside)))
    return made


def holds(condition: Condition, truth: Truth) -> bool:
    """Whether a scene is as the condition wants its picture."""
    return all(c.shown(truth) == c.present for c in condition.want)


def spread(rng: np.random.Generator, n: int) -> list[Place]:
    """n places as the engine draws them: each the first of some random ones that keeps its distance, or the best."""
    places: list[Place] = []
    for _ in range(n):
        best, distance = (0.0, 0.0), -1.0
        for _ in range(32):
            u, v = (round(float(x), 5) for x in rng.uniform(REGION[:2], REGION[2:]))
            d = min((np.hypot(u - a, v - b) for a, b in places), default=np.inf)
            if d > distance:
                best, distance = (u, v), d
            if d >= SPACING:
                break
        places.append(best)
    return places


def thing(o: dict) -> Thing:
    return Thing(o["shape"], o["colour"])


def some(rng: np.random.Generator, objects: list[dict], n: int) -> list[dict] | None:
    """n objects in random order, no two of one shape and colour."""
    picked: dict[Thing, dict] = {}
    for i in rng.permutation(len(objects)):
        picked.setdefault(thing(objects[i]), objects[i])
    return list(picked.values())[:n] if len(picked) >= n else None


def places(rng: np.random.Generator, scene: Truth, n: int) -> Drawn | None:
    """n objects, each at its place. Wanted is that something stands there; beside it, that it is the right thing."""
    picked = some(rng, scene["objects"], n)
    if not picked or any(
        np.hypot(*np.subtract(a["centre"], b["centre"])) < APART for a in picked for b in picked if a is not b
    ):
        return None
    at = [(thing(o), tuple(o["centre"])) for o in picked]
    terms = [Term(t.noun(), p) for t, p in at]
    return terms, [Component("place", place=p) for _, p in at], [Component("placed", t, p) for t, p in at]


def implied(facts: list[tuple[int, str, int]]) -> bool:
    """Whether a fact follows from others: it is the inverse of one, or a chain of them leads to it."""
    forward = [f if f[1] in ("left of", "in front of", "above") else (f[2], RELATIONS[f[1]], f[0]) for f in facts]
    if len(set(forward)) < len(forward):
        return True
    for a, name, b in forward:
        reached, edges = {a}, [(x, y) for x, other, y in forward if other == name and (x, y) != (a, b)]
        for _ in edges:
            reached |= {y for x, y in edges if x in reached}
        if b in reached:
            return True
    return False


def relations(rng: np.random.Generator, scene: Truth, n: int) -> Drawn | None:
    """n relations of one scene, of which none follows from the others, between things that their names tell apart.
    Sides, depths and stacks are equally likely where a scene has them."""
    objects = scene["objects"]
    alone = [sum(thing(o) == thing(p) for p in objects) == 1 for o in objects]
    left = [tuple(r) for r in scene["relations"] if alone[r[0]] and alone[r[2]]]
    picked: list[tuple[int, str, int]] = []
    while left and len(picked) < n:
        axis = rng.choice(sorted({AXES[r[1]] for r in left}))
        among = [r for r in left if AXES[r[1]] == axis]
        fact = among[rng.integers(len(among))]
        left.remove(fact)
        if not implied([*picked, fact]):
            picked.append(fact)
    if len(picked) < n:
        return None
    want = [Component("relation", thing(objects[a]), relation=name, other=thing(objects[b])) for a, name, b in picked]
    return [Term(c.text()) for c in want], want, []


def binding(rng: np.random.Generator, scene: Truth, n: int) -> Drawn | None:
    """Two things of other shapes and colours, at drawn places. Wanted are both, and neither with the other's colour."""
    picked = some(rng, scene["objects"], 2)
    if n != 2 or not picked:
        return None
    a, b = map(thing, picked)
    swapped = [Component("thing", Thing(x.shape, y.colour), present=False) for x, y in ((a, b), (b, a))]
    if a.shape == b.shape or a.colour == b.colour or any(c.shown(scene) for c in swapped):
        return None
    terms = [Term(t.noun(), p) for t, p in zip((a, b), spread(rng, 2))]
    return terms, [Component("thing", a), Component("thing", b), *swapped], []


def background(rng: np.random.Generator, scene: Truth, n: int) -> Drawn | None:
    """A background and n objects at drawn places."""
    picked = some(rng, scene["objects"], n)
    if not picked:
        return None
    ground = Component("background", background=scene["background"])
    want = [Component("thing", thing(o)) for o in picked]
    terms = [Term(c.text(), p) for c, p in zip(want, spread(rng, n))]
    return [Term(ground.text()), *terms], [ground, *want], []


def not_shape(rng: np.random.Generator, scene: Truth, n: int) -> Drawn | None:
    """A thing at its place AND NOT a shape that the scene lacks."""
    absent = [s for s in SHAPES if all(o["shape"] != s for o in scene["objects"])]
    picked = some(rng, scene["objects"], 1)
    if not picked or not absent:
        return None
    a, b = thing(picked[0]), Thing(str(rng.choice(absent)))
    terms = [Term(a.noun(), tuple(picked[0]["centre"])), Term(b.noun(), weight=-1.0)]
    return terms, [Component("thing", a), Component("thing", b, present=False)], []


def not_joined(rng: np.random.Generator, scene: Truth, n: int) -> Drawn | None:
    """A thing at its place AND a caption of it and another AND NOT the other."""
    picked = some(rng, scene["objects"], 1)
    if not picked:
        return None
    a = thing(picked[0])
    b = Thing(
        str(rng.choice([s for s in SHAPES if s != a.shape])), str(rng.choice([c for c in COLOURS if c != a.colour]))
    )
    if (b.shape, b.colour) in NEVER["colour"] or any(b.fits(o) for o in scene["objects"]):
        return None
    both = Term(f"{a.noun()} and {b.noun()}")
    terms = [Term(a.noun(), tuple(picked[0]["centre"])), both, Term(b.noun(), weight=-1.0)]
    return terms, [Component("thing", a), Component("thing", b, present=False)], []


def not_background(rng: np.random.Generator, scene: Truth, n: int) -> Drawn | None:
    """A thing on a background, in one caption at the thing's place, AND NOT the background."""
    picked = some(rng, scene["objects"], 1)
    if not picked:
        return None
    a = thing(picked[0])
    name = str(
        rng.choice([b for b in BACKGROUNDS if b != scene["background"] and (a.shape, b) not in NEVER["background"]])
    )
    ground = Component("background", background=name, present=False)
    terms = [Term(f"{a.noun()} {ground.text()}", tuple(picked[0]["centre"])), Term(ground.text(), weight=-1.0)]
    return terms, [Component("thing", a), ground], []


def combined(kind: str, seen: bool) -> Task:
    """One combination of a kind, seen in training or held out, everything else about it seen: a coloured shape at its
    place, a thing at its place on a background, or a relation of two things."""

    def choose(rng: np.random.Generator, scene: Truth, n: int) -> Drawn | None:
        objects = scene["objects"]
        usual = [(o["shape"], o["colour"]) not in NEVER["colour"] for o in objects]
        if kind == "relation":
            of = [
                (objects[a]["shape"], name, objects[b]["shape"]) not in NEVER["relation"]
                for a, name, b in scene["relations"]
            ]
            fit = [r for r, s in zip(scene["relations"], of) if s == seen and usual[r[0]] and usual[r[2]]]
            return relations(rng, scene | {"relations": fit}, 1)
        if kind == "background":
            of = [(o["shape"], scene["background"]) not in NEVER["background"] for o in objects]
            fit = [o for o, s, u in zip(objects, of, usual) if s == seen and u]
        else:
            fit = [o for o, u in zip(objects, usual) if u == seen]
        picked = some(rng, fit, 1)
        if not picked:
            return None
        o, place = thing(picked[0]), tuple(picked[0]["centre"])
        ground = [Component("background", background=scene["background"])] if kind == "background" else []
        terms = [*(Term(c.text()) for c in ground), Term(o.noun(), place)]
        return terms, [*ground, Component("placed", o, place)], []

    return choose


TASKS: dict[tuple[str, str], Task] = {
    ("places", "seen"): places,
    ("relations", "seen"): relations,
    ("binding", "seen"): binding,
    ("background", "seen"): background,
    ("not shape", "seen"): not_shape,
    ("not joined", "seen"): not_joined,
    ("not background", "seen"): not_background,
} | {
    (f"new {kind}", source): combined(kind, source == "seen")
    for kind in ("colour", "background", "relation")
    for source in ("seen", "unseen")
}


def check(truths: Sequence[Truth]):
    """ValueError if scenes that should hold no held-out combination do."""
    for i, scene in enumerate(truths):
        for o in scene["objects"]:
            for kind, other in (("colour", o["colour"]), ("background", scene["background"])):
                if (o["shape"], other) in NEVER[kind]:
                    raise ValueError(
                        f"scene {i} holds a {o['shape']}, {other}, which is held out; want scenes of -split train"
                    )


def invented(count: int) -> list[Condition]:
    """Prompts of every kind of term, without scenes: for comparing samplers, not for judging."""
    made = []
    for i in range(count):
        rng = np.random.default_rng([7, i])
        things = [Thing(str(rng.choice(SHAPES)), str(rng.choice(COLOURS))) for _ in range(4)]
        terms = [Term(t.noun(), p) for t, p in zip(things, spread(rng, 1 + i % 3))]
        if i % 4 == 1:
            terms.append(Term(BACKGROUNDS[str(rng.choice(list(BACKGROUNDS)))], weight=0.8))
        if i % 4 == 2:
            terms.append(Term(things[3].noun(), weight=-1.0))
        if i % 4 == 3:
            terms.append(Term(f"{things[2].noun()} left of {things[3].noun()}"))
        made.append(Condition(tuple(terms), (), 1000 + i))
    return made
