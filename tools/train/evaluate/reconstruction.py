"""How well the autoencoder gives held-out scenes back.

    python -m evaluate.reconstruction MODEL OUT --scenes TEST --scenes TEST256

MODEL is an exported folder, or a packed one, which --engine then reads. Writes OUT/reconstruction.json.
"""

import argparse
import json
from pathlib import Path

import torch

import data
from autoencoder import decibels
from common import device, replace_file
from evaluate.pictures import exported, identity
from evaluate.run import ENGINE

SCENES = 256  # of each folder
AT_ONCE = 16


def measure(vae, folder: Path, count: int) -> dict:
    """Decibels over pictures and inside objects, by the linear decoder and the learnt one, of a folder's first scenes."""
    found = data.chunks(folder)
    if not found:
        raise SystemExit(f"reconstruction: error: {folder}: no chunk of scenes; tools/scenes writes them")
    pixels, scenes = data.read_chunk(*found[0])
    images, scenes = data.to_float(pixels[:count]).to(device()), scenes[:count]
    with torch.inference_mode():
        z = torch.cat([vae.encode(part) for part in images.split(AT_ONCE)])
        linear = torch.cat([vae.decode_linear(part) for part in z.split(AT_ONCE)])
        learnt = torch.cat([vae.decode(part) for part in z.split(AT_ONCE)])
    row = dict(zip(("linear", "linear_objects"), decibels(linear, images, scenes)))
    row |= dict(zip(("learnt", "learnt_objects"), decibels(learnt, images, scenes)))
    return {"side": pixels.shape[1], "scenes": len(scenes), "seeds": sorted({s["seed"] for s in scenes})} | row


def main(a: argparse.Namespace):
    from export import read

    a.out.mkdir(parents=True, exist_ok=True)
    name, key = identity(a.model)
    vae = read(exported(a.model, a.engine, a.out))[1].to(device())
    path = a.out / "reconstruction.json"
    rows = []
    for folder in a.scenes:
        rows.append({"model": name, "identity": key} | measure(vae, folder, a.count))
        print(json.dumps(rows[-1]), flush=True)
    with replace_file(path) as temporary:
        temporary.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("model", type=Path)
    p.add_argument("out", type=Path)
    p.add_argument("--scenes", type=Path, action="append", required=True, help="a folder of scenes; once for each size")
    p.add_argument("--count", type=int, default=SCENES, help="scenes of each folder")
    p.add_argument("--engine", type=Path, default=ENGINE, metavar="COUNTERPOINT", help="the counterpoint command")
    main(p.parse_args())
