"""Makes a run out of an exported folder, so that training goes on from a shipped model where the checkpoint is lost.

    counterpoint inspect weights/scenes --export FOLDER
    python restore.py FOLDER RUN
    python train.py DATA RUN ...

The optimizer's state is not in a model; train.py starts it anew with a warm-up. Weights come back as they were packed, a
little rounded, which a few hundred steps undo.
"""

import argparse
import json
import shutil
from pathlib import Path

import autoencoder
import export
from loop import save_weights


def restore(folder: Path, run: Path):
    if (run / "ema.safetensors").exists():
        raise SystemExit(f"{run}: holds a run already")
    denoiser, vae = export.read(folder)
    declared = json.loads((folder / "counterpoint.json").read_text())
    run.mkdir(parents=True, exist_ok=True)
    shutil.copytree(folder / "tokenizer", run / "tokenizer")
    (run / "vocabulary.json").write_text(json.dumps(declared["vocabulary"]))
    (run / export.ARCHITECTURE_FILE).write_text(json.dumps({"widths": denoiser.arch.widths}))
    autoencoder.save(vae, run)
    save_weights(denoiser.state_dict(), run / "ema.safetensors", declared["training"])


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("folder", type=Path)
    p.add_argument("run", type=Path)
    a = p.parse_args()
    restore(a.folder, a.run)
