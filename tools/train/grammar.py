"""What a model declares of its words, for sentences to be turned into compositions (engine/decompose)."""

import tokenizer
from places import JOINS

# Kinds of attributes in the order in which a caption has them before a noun, by the vocabulary's sections.
ATTRIBUTES = {"size": "sizes", "colour": "colours", "material": "materials"}
BARE = ["something"]  # things without an article
TOGETHER = 3  # most things that a caption joins
SYNONYMS = {
    "big": "large",
    "little": "small",
    "tiny": "small",
    "ball": "sphere",
    "box": "cube",
    "block": "cube",
    "metallic": "metal",
    "violet": "purple",
    "beneath": "below",
    "underneath": "below",
    "in the snow": "on snow",
    "in the grass": "on grass",
    "in the water": "on water",
}
FILLERS = ["scene", "scene of", "picture of", "photo of", "image of", "showing", "of"]


def declared() -> dict:
    """The field "grammar" of counterpoint.json: a decompose.Vocabulary."""
    vocabulary = tokenizer.VOCABULARY.read_text("utf-8")
    sections: dict[str, list[str]] = {}
    for section, line in tokenizer.entries(vocabulary):
        sections.setdefault(section, []).append(line)
    first = lambda section: [line.split()[0] for line in sections[section]]
    relations = []
    for line in sections["relations"]:
        names, _, wordings = line.partition(":")
        pair = [name.strip() for name in names.split("/")]
        for name, inverse, texts in zip(pair, reversed(pair), wordings.split("/")):
            words = [text.strip() for text in texts.split("|")]
            relations.append({"name": name, "inverse": inverse, "wordings": words})
    grounds = [(noun.strip(), phrase.strip()) for noun, _, phrase in (g.partition(":") for g in sections["backgrounds"])]
    return {
        "things": tokenizer.things(vocabulary),
        "bare": BARE,
        "attributes": [{"kind": kind, "words": first(section)} for kind, section in ATTRIBUTES.items()],
        "relations": relations,
        "grounds": [{"phrase": phrase, "noun": noun} for noun, phrase in grounds] + [{"phrase": "an empty scene"}],
        "joins": list(JOINS),
        "together": TOGETHER,
        "synonyms": SYNONYMS,
        "fillers": FILLERS,
    }
