"""Writes the small vocabularies beside it and goldens.json, the ids that transformers'
CLIPTokenizer gives for them.

    pip install transformers    # 5.23.0 made the committed files
    python goldens.py

Folders: bytes (vocab.json and merges.txt, every byte), words (the same form, but only
the bytes of a few words, so that others are unknown, and "!" as padding, as Stable
Diffusion 2 has it), json (tokenizer.json, as transformers saves "bytes").
"""

import collections
import json
import pathlib
import shutil

from transformers import CLIPTokenizer

HERE = pathlib.Path(__file__).parent
BOS, EOS = "<|startoftext|>", "<|endoftext|>"

CORPUS = """a red cube on grass a blue sphere on sand the green cylinder is left of a yellow cone
a house behind the tree in the snow at night a car in front of a house it's the car's they're we've
i'm don't you'll he'd small large metal matt above below water studio floor caf\u00e9 na\u00efve \u732b \U0001f600 1 2 3 , . ! ... !!"""

TEXTS = [
    "", " ", "\t\n", "a", "a red cube", "A RED Cube", "a  red\n\tcube  ", "a red cube, and a blue sphere.",
    "it's the car's; they're we've i'm don't you'll he'd", "'S 'T 'RE don'T ''s 'sun o'clock rock'n'roll '", "'ll'll'd'x",
    "123 4th 16:9 3.14 \u00bd \u0663 \u2167 x\u00b2", "!!! ... ?! --- a!b (a) [b] {c} #hash @home 50% $5 a_b",
    "caf\u00e9 CAF\u00c9 na\u00efve \u00fc \u00c5ngstr\u00f6m stra\u00dfe \u1e9e", "\u0130stanbul I\u0131 \u03a3\u03c3\u03c2 \u041f\u0440\u0438\u0432\u0435\u0442 \ua64a",
    "\u732b\u3068\u72ac \u4e00\u53ea\u732b", "\U0001f600 \U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f a\U0001f600b", "\u200b\u200d\ufeff", "a\u00a0red\u3000cube\u2003on\u0085grass\u2028sand",
    "a\x1cb\x00c\x1fd\u180ee", "<|startoftext|>a red<|endoftext|> cube", "<|ENDOFTEXT|> <|startoftext|", "a<|endoftext|>b<|endoftext|><|endoftext|>",
    "supercalifragilistic", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "redredred cubecube", "on on onon", "\u0915\u094d\u0937 \u0e01\u0e33", "\ufb01re \u01c4 \u01c5",
    "a red cube " * 60, "\u732b" * 100, "x" * 500, "the <b>red</b> &amp; \\cube\\ /path/ ~`^|",
]


def byte_runes():
    visible = [*range(ord("!"), ord("~") + 1), *range(ord("\u00a1"), ord("\u00ac") + 1), *range(ord("\u00ae"), ord("\u00ff") + 1)]
    hidden = [b for b in range(256) if b not in visible]
    return {**{b: chr(b) for b in visible}, **{b: chr(256 + i) for i, b in enumerate(hidden)}}


RUNES = byte_runes()


def learn(words, count):
    """The most frequent pairs, merged one after the other."""
    table = collections.Counter()
    for word in words:
        symbols = [RUNES[b] for b in word.encode()]
        table[(*symbols[:-1], symbols[-1] + "</w>")] += 1
    merges = []
    while len(merges) < count:
        pairs = collections.Counter()
        for symbols, n in table.items():
            for p in zip(symbols, symbols[1:]):
                pairs[p] += n
        if not pairs:
            break
        best = min(pairs, key=lambda p: (-pairs[p], p))
        merges.append(best)
        merged = collections.Counter()
        for symbols, n in table.items():
            out = []
            for s in symbols:
                if out and (out[-1], s) == best:
                    out[-1] += s
                else:
                    out.append(s)
            merged[tuple(out)] += n
        table = merged
    return merges


def write(name, alphabet, merges, extra, config):
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    tokens = [*alphabet, *(r + "</w>" for r in alphabet), *("".join(m) for m in merges), *extra, BOS, EOS]
    vocab = {t: i for i, t in enumerate(dict.fromkeys(tokens))}
    (folder / "vocab.json").write_text(json.dumps(vocab) + "\n")
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges))
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "CLIPTokenizer", "bos_token": BOS, "eos_token": EOS, "unk_token": EOS, **config}) + "\n")
    return CLIPTokenizer.from_pretrained(folder)


def cases(tokenizer):
    kinds = dict(padding="max_length", truncation=True)
    return [{"text": t, "ids": tokenizer(t, **kinds).input_ids} for t in TEXTS]


words = CORPUS.split()
full = write("bytes", [RUNES[b] for b in range(256)], learn(words, 150), [], {"model_max_length": 77, "pad_token": EOS})
few = words[:24]
letters = sorted({RUNES[b] for w in few for b in w.encode()})
sparse = write("words", letters, learn(few, 60), ["!"], {"model_max_length": 24, "pad_token": "!"})

shutil.rmtree(HERE / "json", ignore_errors=True)
full.save_pretrained(HERE / "json")
saved = CLIPTokenizer.from_pretrained(HERE / "json")

goldens = {"bytes": cases(full), "words": cases(sparse), "json": cases(saved)}
with open(HERE / "goldens.json", "w") as f:
    f.write("{\n" + ",\n".join(f'"{k}": [\n' + ",\n".join(json.dumps(c) for c in v) + "\n]" for k, v in goldens.items()) + "\n}\n")
