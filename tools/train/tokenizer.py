"""CLIP's tokenizer over a closed vocabulary.

    python tokenizer.py VOCABULARY OUT

reads the vocabulary file of tools/scenes and writes vocab.json and merges.txt such that every word of the vocabulary
is one token, and any other text still tokenizes, byte by byte, as in CLIP. The same vocabulary gives the same files.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

BOS, EOS = "<|startoftext|>", "<|endoftext|>"
END = "</w>"  # marks the last symbol of a word
VOCABULARY = Path(__file__).parent.parent / "scenes" / "vocab" / "vocabulary.txt"
LENGTH = 32  # tokens of a context, as the text encoder's positions; the longest caption has under 30


def entries(vocabulary: str) -> Iterator[tuple[str, str]]:
    """Section and text of each entry."""
    section = ""
    for line in vocabulary.splitlines():
        line = line.partition("#")[0].strip()
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
        elif line:
            yield section, line


def words(vocabulary: str) -> list[str]:
    """Every word a caption can hold, sorted, each once; a comma is a word of its own."""
    found = set()
    for section, line in entries(vocabulary):
        if section in ("colours", "sizes"):  # a name, then numbers
            line = line.split()[0]
        elif section in ("backgrounds", "relations"):  # colons, slashes and bars stand between texts
            line = line.translate(str.maketrans(":/|", "   "))
        found.update(line.replace(",", " , ").split())
    return sorted(found)


def things(vocabulary: str) -> list[str]:
    """The words that name a thing which is at a place."""
    return [line for section, line in entries(vocabulary) if section == "shapes"] + ["object", "something"]


def byte_symbols() -> list[str]:
    """The printable character that stands for each byte, in the order of CLIP's vocabulary (GPT-2's table)."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [b for b in range(256) if b not in printable]
    return [chr(b) for b in printable] + [chr(256 + i) for i in range(len(others))]


def encode(word: str, ranks: dict[tuple[str, str], int]) -> list[str]:
    """Byte-pair encoding of an ASCII word: the pair of lowest rank is merged wherever it occurs, until none is left."""
    parts = [*word[:-1], word[-1] + END]
    while True:
        pair = min(zip(parts, parts[1:]), key=lambda p: ranks.get(p, len(ranks)), default=None)
        if pair not in ranks:
            return parts
        merged, i = [], 0
        while i < len(parts):
            step = 2 if tuple(parts[i : i + 2]) == pair else 1
            merged.append("".join(parts[i : i + step]))
            i += step
        parts = merged


def merges(vocabulary: list[str]) -> list[tuple[str, str]]:
    """Merges, in order of rank, that make every word one token.

    A word gets further merges only after all earlier words are whole, and a new merge ranks below every old one, so it
    cannot come before the merges that an earlier word needs: what was one token stays one token.
    """
    ranks: dict[tuple[str, str], int] = {}
    for word in vocabulary:
        while len(parts := encode(word, ranks)) > 1:
            ranks[parts[0], parts[1]] = len(ranks)
    return list(ranks)


def save(vocabulary: list[str], folder: Path):
    """Writes the tokenizer folder of a diffusers checkpoint."""
    pairs = merges(vocabulary)
    symbols = byte_symbols()
    tokens = [*symbols, *(s + END for s in symbols), *dict.fromkeys(a + b for a, b in pairs), BOS, EOS]
    config = {
        "tokenizer_class": "CLIPTokenizer",
        "model_max_length": LENGTH,
        "add_prefix_space": False,
        "do_lower_case": True,
        "errors": "replace",
        "bos_token": BOS,
        "eos_token": EOS,
        "pad_token": EOS,
        "unk_token": EOS,
    }
    special = {k: v for k, v in config.items() if k.endswith("_token")}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps({t: i for i, t in enumerate(tokens)}, ensure_ascii=False), "utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in pairs), "utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")
    (folder / "special_tokens_map.json").write_text(json.dumps(special, indent=2) + "\n")


def load(folder: Path):
    """The folder's tokenizer, checked: special tokens where CLIP has them, padding with the end token."""
    from transformers import CLIPTokenizer

    tok = CLIPTokenizer.from_pretrained(folder)
    ids = tok("", padding="max_length", max_length=LENGTH).input_ids
    if ids != [tok.bos_token_id] + [tok.eos_token_id] * (LENGTH - 1):
        raise ValueError(f"{folder}: the empty text is {ids[:4]}…, want start token, then end tokens")
    return tok


if __name__ == "__main__":
    vocabulary = words(Path(sys.argv[1]).read_text("utf-8"))
    save(vocabulary, Path(sys.argv[2]))
    tok = load(Path(sys.argv[2]))
    for word in vocabulary:
        if tok.tokenize(word) != [word + END]:
            raise SystemExit(f"{word!r} is {tok.tokenize(word)}, want one token")
    print(f"{len(vocabulary)} words, {len(tok)} tokens: {' '.join(vocabulary)}")
