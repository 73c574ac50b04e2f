"""Contact sheets of successes and failures, in the order of seeds: nobody chose them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from common import replace_file
from evaluate.components import Component, Thing
from evaluate.results import right

if TYPE_CHECKING:
    from evaluate.measured import Measured

CELLS = ("places-3", "relations-3", "background-3", "binding", "not-joined", "new-colour-unseen")
EACH = 6  # successes, and failures
MOST_BYTES = 400_000
SIDE, GAP, LINE = 150, 10, 13  # pixels
INK, GOOD, BAD, PAPER = (40, 40, 40), (20, 110, 60), (190, 40, 30), (255, 255, 255)


@dataclass(frozen=True)
class Judged:
    image: np.ndarray
    seed: int
    lines: list[tuple[str, bool]]  # what was wanted, and whether it is so

    @property
    def success(self) -> bool:
        return all(ok for _, ok in self.lines)


def component(d: dict) -> Component:
    """A component from its JSON."""
    things = {k: Thing(**d[k]) for k in ("thing", "other") if k in d}
    return Component(**d | things | ({"place": tuple(d["place"])} if "place" in d else {}))


def says(c: Component, terms: list[dict]) -> str:
    """A wanted component as the prompt said it."""
    if c.place is not None:
        at = f"({c.place[0]:.2f}, {c.place[1]:.2f})"
        told = [t["text"] for t in terms if t.get("place") and np.allclose(t["place"], c.place)]
        return f"{told[0] if told else c.text()} @{at}"
    return c.text() if c.present else f"not {c.text()}"


def judged(m: Measured, cell: str) -> list[Judged]:
    """A cell's pictures with the verdicts of the judge that decides, in the order of seeds."""
    folder, result = m.out / cell, m.results[cell]
    read = lambda name: [json.loads(line) for line in (folder / name).read_text("utf-8").splitlines()]
    conditions, verdicts, size = read("conditions.jsonl"), read(f"verdicts-{m.judge}.jsonl"), result["size"]
    images = [np.asarray(Image.open(p).convert("RGB")) for p in sorted(folder.glob("pictures-*.png"))]
    images = np.concatenate(images).reshape(-1, size, size, 3) if images else np.empty((0, size, size, 3), np.uint8)
    found = []
    for image, condition, verdict in zip(images, conditions, verdicts):
        want = [component(c) for c in condition["want"]]
        answers = right(want, verdict["want"])
        if None not in answers:
            lines = [(says(c, condition["terms"]), ok) for c, ok in zip(want, answers)]
            found.append(Judged(image, condition["seed"], lines))
    return sorted(found, key=lambda j: j.seed)


def wrapped(text: str, font, width: int) -> list[str]:
    """Words in lines of at most width pixels."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def captioned(j: Judged, font) -> list[tuple[str, tuple[int, int, int]]]:
    """The lines under a picture, and their colours: red is what the judge misses, or sees where it should not be."""
    out = []
    for text, ok in j.lines:
        first, *rest = wrapped(text, font, SIDE - 14)
        lines = [("+ " if ok else "- ") + first, *(f"   {x}" for x in rest)]
        out += [(line, GOOD if ok else BAD) for line in lines]
    return out


def row(title: str, picked: list[Judged], font) -> Image.Image:
    captions = [captioned(j, font) for j in picked]
    tall = SIDE + 4 + max(map(len, captions)) * LINE if captions else 0
    out = Image.new("RGB", (EACH * (SIDE + GAP) + GAP, LINE + 8 + tall + GAP), PAPER)
    draw = ImageDraw.Draw(out)
    draw.text((GAP, 2), title, INK, font)
    for i, (j, lines) in enumerate(zip(picked, captions)):
        x, y = GAP + i * (SIDE + GAP), LINE + 8
        out.paste(Image.fromarray(j.image).resize((SIDE, SIDE), Image.Resampling.LANCZOS), (x, y))
        for k, (text, colour) in enumerate(lines):
            draw.text((x, y + SIDE + 4 + k * LINE), text, colour, font)
    return out


def sheet(m: Measured, cell: str, font) -> Image.Image | None:
    """A row of successes and a row of failures; None where there is no picture."""
    found = judged(m, cell)
    if not found:
        return None
    parts = []
    for name, success in (("successes", True), ("failures", False)):
        of = [j for j in found if j.success == success]
        title = f"{cell}: {len(of)} {name} in {len(found)} pictures" + ("; the first by seed" if len(of) > EACH else "")
        parts.append(row(title, of[:EACH], font))
    return stacked(parts)


def stacked(parts: list[Image.Image]) -> Image.Image:
    out = Image.new("RGB", (max(p.width for p in parts), sum(p.height for p in parts)), PAPER)
    y = 0
    for p in parts:
        out.paste(p, (0, y))
        y += p.height
    return out


def draw(m: Measured, folder: Path):
    """A sheet a cell, as CELL.jpg, of those whose pictures are there."""
    font = ImageFont.load_default(11)
    for cell in CELLS:
        there = m.share(cell) and m.out and (m.out / cell).exists()
        if there and (image := sheet(m, cell, font)) is not None:
            save(image, folder / f"{cell}.jpg")


def save(image: Image.Image, path: Path):
    """As a JPEG of the best quality that fits."""
    with replace_file(path) as temporary:
        for quality in (92, 85, 75, 60):
            image.save(temporary, "jpeg", quality=quality, optimize=True, subsampling=0)
            if temporary.stat().st_size <= MOST_BYTES:
                return
