"""What can be asked of a picture: components, each a text for the model and a yes-or-no question for a judge.

Places are (u, v) in [0, 1], v down. Truth is a line of tools/scenes' truth files: what was rendered.
"""

from dataclasses import dataclass
from typing import Iterator, Literal

BACKGROUNDS = {"studio": "in a studio", "grass": "on grass", "sand": "on sand", "snow": "on snow", "water": "on water", "night": "at night"}
SHAPES = "cube sphere cylinder cone car house tree".split()
COLOURS = "red green blue yellow purple orange cyan white".split()
RELATIONS = {  # and their inverses
    "left of": "right of",
    "right of": "left of",
    "in front of": "behind",
    "behind": "in front of",
    "above": "below",
    "below": "above",
}

# How far from its place the middle of an object's box may be, as a share of the picture. A small object is 0.15 wide.
NEAR = 0.09

Place = tuple[float, float]


@dataclass(frozen=True)
class Thing:
    """An object by its attributes; None is any."""

    shape: str | None = None
    colour: str | None = None

    def noun(self) -> str:
        text = " ".join(w for w in (self.colour, self.shape or "object") if w)
        return f"{'an' if text[0] in 'aeiou' else 'a'} {text}"

    def fits(self, o: dict) -> bool:
        """Whether o, an object of a truth, is such a thing."""
        return self.shape in (None, o["shape"]) and self.colour in (None, o["colour"])


@dataclass(frozen=True)
class Component:
    """One thing asked of a picture:

    place       something stands at place, whatever it is: the paper's question
    placed      thing stands at place
    thing       thing is somewhere
    relation    thing is in relation to other, by the renderer's own margins
    background  the scene is on background
    """

    kind: Literal["place", "placed", "thing", "relation", "background"]
    thing: Thing | None = None
    place: Place | None = None
    relation: str | None = None
    other: Thing | None = None
    background: str | None = None
    present: bool = True  # False: the picture must not show it

    def text(self) -> str:
        """What the model is told of it; the place goes beside the text."""
        if self.kind == "background":
            return BACKGROUNDS[self.background]
        if self.kind == "relation":
            return f"{self.thing.noun()} {self.relation} {self.other.noun()}"
        return (self.thing or Thing()).noun()

    def shown(self, truth: dict) -> bool:
        """Whether a rendered scene shows it, present or not being asked."""
        return self.kind == "background" and truth["background"] == self.background or any(self.found(truth))

    def found(self, truth: dict) -> Iterator[tuple[int, ...]]:
        """The objects of a rendered scene that show it, as indices: one, or two of a relation."""
        objects = truth["objects"]
        if self.kind == "relation":
            for a, name, b in truth["relations"]:
                if name == self.relation and self.thing.fits(objects[a]) and self.other.fits(objects[b]):
                    yield a, b
        elif self.kind != "background":
            for i, o in enumerate(objects):
                if (self.thing or Thing()).fits(o) and (self.place is None or near(o["centre"], self.place)):
                    yield (i,)


def near(a: Place, b: Place) -> bool:
    return (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 <= NEAR**2


@dataclass(frozen=True)
class Term:
    """One concept of a prompt, as the model is asked for it."""

    text: str
    place: Place | None = None
    weight: float = 1.0  # negative: NOT


@dataclass(frozen=True)
class Condition:
    """One picture to be made and judged."""

    terms: tuple[Term, ...]
    want: tuple[Component, ...]  # all must hold
    seed: int
    beside: tuple[Component, ...] = ()  # stricter questions, judged and recorded but not counted
