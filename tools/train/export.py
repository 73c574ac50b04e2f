"""Writes the checkpoint folder that the engine packs: diffusers' layout, float16.

    python export.py RUN FOLDER

    model_index.json    the parts and their classes
    counterpoint.json   what diffusers has no word for: places, vocabulary, previews, defaults, how it was trained
    scheduler/          DDIMScheduler
    text_encoder/       CLIPTextModelWithProjection; text_projection is the projection of places
    tokenizer/          CLIPTokenizer
    unet/               UNet2DConditionModel
    vae/                AutoencoderPatch (model.py)
"""

import argparse
import json
import shutil
from dataclasses import fields
from pathlib import Path

import diffusers
import torch
import transformers
from diffusers import UNet2DConditionModel
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from transformers import CLIPTextModelWithProjection

import autoencoder
import grammar
import places
import tokenizer
from model import GUIDANCE, MAX_GUIDANCE, MOVES, PATCH, REACH, STEPS, Architecture, AutoencoderPatch, Denoiser, scheduler

ARCHITECTURE_FILE = "architecture.json"  # what a run changes about the default
VAE_FILE = "diffusion_pytorch_model.safetensors"
ATTRIBUTION = "Counterpoint's own: trained by tools/train on scenes rendered by tools/scenes, without outside data."


def write_json(path: Path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n")


def architecture(run: Path) -> Architecture:
    """That of a run: the default but for what RUN/architecture.json, written when the run began, says otherwise."""
    path = run / ARCHITECTURE_FILE
    changes = json.loads(path.read_text()) if path.exists() else {}
    if unknown := set(changes) - {f.name for f in fields(Architecture)}:
        raise ValueError(f"{path}: unknown {', '.join(sorted(unknown))}; want fields of model.Architecture")
    return Architecture(**{k: tuple(v) if isinstance(v, list) else v for k, v in changes.items()})


def write(run: Path, folder: Path, name: str = "scenes"):
    """Exports what RUN holds now. The folder appears whole; one that is there already is replaced."""
    tok = tokenizer.load(run / "tokenizer")
    vae = autoencoder.load(run)
    arch = architecture(run)
    with safe_open(run / "ema.safetensors", "pt") as f:
        metadata = f.metadata()
        weights = {k: f.get_tensor(k) for k in f.keys()}
    denoiser = Denoiser.new(arch, tok)
    denoiser.load_state_dict(weights)

    temporary, old = (folder.with_name(folder.name + end) for end in (".tmp", ".old"))
    for stale in (temporary, old):
        shutil.rmtree(stale, ignore_errors=True)
    denoiser.unet.half().save_pretrained(temporary / "unet")
    denoiser.text_encoder.half().save_pretrained(temporary / "text_encoder")
    scheduler().save_pretrained(temporary / "scheduler")
    shutil.copytree(run / "tokenizer", temporary / "tokenizer")
    write_json(temporary / "vae" / "config.json", vae.config())
    save_file({k: v.half().contiguous() for k, v in vae.state_dict().items()}, temporary / "vae" / VAE_FILE)
    write_json(
        temporary / "model_index.json",
        {
            "_class_name": "ScenesPipeline",
            "_diffusers_version": diffusers.__version__,
            "_transformers_version": transformers.__version__,
            "scheduler": ["diffusers", "DDIMScheduler"],
            "text_encoder": ["transformers", "CLIPTextModelWithProjection"],
            "tokenizer": ["transformers", "CLIPTokenizer"],
            "unet": ["diffusers", "UNet2DConditionModel"],
            "vae": ["counterpoint", "AutoencoderPatch"],
        },
    )
    side = arch.latent_size * PATCH
    write_json(
        temporary / "counterpoint.json",
        {
            "format": 1,
            "name": name,
            "kind": "latent-diffusion",
            "license": "Apache-2.0",
            "attribution": ATTRIBUTION,
            "place": places.declared(arch.place_channels, arch.sigma),
            "grammar": grammar.declared(),
            "vocabulary": json.loads((run / "vocabulary.json").read_text()),
            "latent_rgb": dict(zip(("weight", "bias"), (x.tolist() for x in vae.preview()))),
            "default": {
                "width": side,
                "height": side,
                "hires": 2,  # most of the training is at this size
                "steps": STEPS,
                "corrector": "ula",
                "corrector_moves": MOVES,
                "guidance_scale": GUIDANCE,
                "max_guidance": MAX_GUIDANCE,
                "reach": REACH,
            },
            "training": {
                "images": int(metadata["images"]),
                "samples": int(metadata["samples"]),
                "hours": round(float(metadata["hours"]), 2),
                "machine": metadata["machine"],
            },
        },
    )
    if folder.exists():
        folder.rename(old)
    temporary.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def read(folder: Path) -> tuple[Denoiser, AutoencoderPatch]:
    """The networks of an exported folder, through the loaders of diffusers and transformers, in float32."""
    place = json.loads((folder / "counterpoint.json").read_text())["place"]
    config = json.loads((folder / "vae" / "config.json").read_text())
    unet = UNet2DConditionModel.from_pretrained(folder / "unet", low_cpu_mem_usage=False).float()
    arch = Architecture(
        widths=tuple(unet.config.block_out_channels),
        latent_channels=config["latent_channels"],
        place_channels=place["channels"],
        sigma=place["sigma"],
        latent_size=config["sample_size"] // PATCH,
        norm_groups=config["norm_num_groups"],
        decoder_widths=tuple(config["block_out_channels"]),
        decoder_layers=config["layers_per_block"],
    )
    vae = AutoencoderPatch(arch)
    vae.load_state_dict(load_file(folder / "vae" / VAE_FILE))
    denoiser = Denoiser(
        arch,
        unet,
        CLIPTextModelWithProjection.from_pretrained(folder / "text_encoder").float(),
    )
    return denoiser.eval(), vae.eval()


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("run", type=Path)
    p.add_argument("folder", type=Path)
    p.add_argument("--name", default="scenes", help="of the model")
    a = p.parse_args()
    write(a.run, a.folder, a.name)
    for path in sorted(a.folder.rglob("*.*")):
        print(f"{path.stat().st_size:9,d}  {path.relative_to(a.folder)}")
