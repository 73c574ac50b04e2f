"""What a model declares of places: which words are things, where things are, and what a relation says of two of them.

The engine draws places from this (engine/places.go), for what a prompt gives none. Measured on 8,000 training scenes.
"""

import tokenizer

REGION = (0.2, 0.56, 0.8, 0.8)  # least u and v, greatest u and v: nine of ten objects on the ground
SPACING = 0.3  # of two large objects that do not touch
JOINS = (",", "and")

# The first thing's place less the second's, as least u and v, greatest u and v. Of sides and depths from what tells them
# apart to the usual, of stacks the usual: four of five. Each inverse has the opposite.
OFFSETS = {
    "left of": (-0.55, -0.12, -0.25, 0.12),
    "in front of": (-0.35, 0.12, 0.35, 0.22),
    "above": (0.0, -0.21, 0.0, -0.16),
}
STACKED = "above"


def relations(vocabulary: str) -> list[dict]:
    """The vocabulary's relations and their inverses: wordings, offset and whether one stands on the other."""
    found = []
    for section, line in tokenizer.entries(vocabulary):
        if section != "relations":
            continue
        names, _, wordings = line.partition(":")
        name = names.split("/")[0].strip()
        u0, v0, u1, v1 = OFFSETS[name]
        opposite = tuple(0.0 - x for x in (u1, v1, u0, v0))
        for texts, offset in zip(wordings.split("/"), (OFFSETS[name], opposite)):
            words = [text.strip() for text in texts.split("|")]
            found.append({"wordings": words, "offset": list(offset), "stacked": name == STACKED})
    return found


def grounds(vocabulary: str) -> list[str]:
    """The phrases that end a caption and say where all of it is."""
    return [line.partition(":")[2].strip() for section, line in tokenizer.entries(vocabulary) if section == "backgrounds"]


def declared(channels: int, sigma: float) -> dict:
    """The field "place" of counterpoint.json."""
    vocabulary = tokenizer.VOCABULARY.read_text("utf-8")
    return {
        "channels": channels,
        "sigma": sigma,
        "projection": "text_projection.weight",
        "things": tokenizer.things(vocabulary),
        "region": list(REGION),
        "spacing": SPACING,
        "joins": list(JOINS),
        "relations": relations(vocabulary),
        "grounds": grounds(vocabulary),
    }
