"""AUTOMATIC1111's emphasis and chunks of 75 tokens, said again for the goldens (modules/prompt_parser.py,
sd_hijack_clip.py and sd_emphasis.py there; engine/tokenizer's Emphasis and Chunks here)."""

import re

import torch
from torch import Tensor

TOKEN = re.compile(
    r"""\\([()\[\]\\:]|BREAK\b)   # escaped
      | (\\)                        # a backslash that is none
      | :\s*([+-]?[.\d]+)\s*(\))    # the weight that a round bracket closes with
      | ([()\[\]])                  # a bracket
      | (\bBREAK\b)
      | ([^\\()\[\]:B]+|.)          # text""",
    re.S | re.X,
)
COMMA_REACH = 20


def parse(text: str) -> list[list]:
    """Pieces of text, None for a BREAK, each with its weight."""
    pieces, opened = [], {")": [], "]": []}
    factor = {")": 1.1, "]": 1 / 1.1}

    def close(bracket: str, by: float):
        for piece in pieces[opened[bracket].pop() :]:
            piece[1] *= by

    for escaped, backslash, weight, closing, bracket, broken, plain in TOKEN.findall(text):
        if bracket in ("(", "["):
            opened[{"(": ")", "[": "]"}[bracket]].append(len(pieces))
        elif weight and opened[closing]:
            close(closing, float(weight))
        elif bracket and opened[bracket]:
            close(bracket, factor[bracket])
        elif broken:
            pieces.append([None, 1.0])
        elif not backslash:
            pieces.append([escaped or bracket or plain or f":{weight})", 1.0])
    for bracket, by in factor.items():
        while opened[bracket]:
            close(bracket, by)
    joined = []
    for text, weight in pieces:
        if joined and text is not None and joined[-1][0] is not None and joined[-1][1] == weight:
            joined[-1][0] += text
        else:
            joined.append([text, weight])
    return joined


def chunks(tokenizer, text: str, room: int) -> list[list[tuple[int, float]]]:
    """Tokens and weights, up to room in each chunk; a full one is broken after a comma among its last 20 tokens."""
    comma = tokenizer.convert_tokens_to_ids(",</w>")
    found, last = [[]], None
    for text, weight in parse(text):
        if text is None:
            found.append([])
            last = None
            continue
        for token in tokenizer(text, add_special_tokens=False).input_ids:
            chunk = found[-1]
            if len(chunk) == room:
                keep = room
                if token != comma and last is not None and room - last <= COMMA_REACH:
                    keep = last + 1
                found.append(chunk[keep:])
                del chunk[keep:]
                last = None
            elif token == comma:
                last = len(chunk)
            found[-1].append((token, weight))
    return found if found[-1] or len(found) == 1 else found[:-1]


def encode(tokenizer, prompts: list[str], length: int) -> tuple[list[list[int]], Tensor]:
    """ids [N,T] and weights [N,T], a row a chunk; shorter prompts go on with chunks of the empty text."""
    split = [chunks(tokenizer, p, length - 2) for p in prompts]
    ids, weights = [], []
    for found in split:
        for chunk in found + [[]] * (max(map(len, split)) - len(found)):
            padding = length - 2 - len(chunk)
            tokens = [tokenizer.bos_token_id, *(t for t, _ in chunk), tokenizer.eos_token_id]
            ids.append(tokens + [tokenizer.pad_token_id] * padding)
            weights.append([1.0, *(w for _, w in chunk), 1.0] + [1.0] * padding)
    return ids, torch.tensor(weights, dtype=torch.float64)


def weigh(hidden: Tensor, weights: Tensor) -> Tensor:
    """hidden [N,T,C] times weights [N,T], the mean of each chunk restored."""
    weighted = hidden * weights[..., None].to(hidden.dtype)
    return weighted * (hidden.mean((1, 2), keepdim=True) / weighted.mean((1, 2), keepdim=True))
