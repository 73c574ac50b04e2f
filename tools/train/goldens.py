"""Records what diffusers and transformers compute, for the engine's tests.

    python goldens.py [OUT]                         of the tiny models of golden_models.py, and these: OUT/CASE/model
    python goldens.py --model FOLDER --case NAME    of a model that exists, which is not copied

OUT is engine/testdata/goldens. A case is golden.safetensors, the tensors, and golden.json, which says what each is.
"""

import argparse
import json
import zlib
from pathlib import Path

import diffusers
import torch
import transformers
from safetensors.torch import load_file, save_file
from torch import Tensor

import golden_models
from golden_pipeline import Pipeline

OUT = Path(__file__).parents[2] / "engine" / "testdata" / "goldens"
WEIGHTS = [1.0, -0.5]  # of A and B in "A AND NOT B"
GUIDANCE = 3.0
STEPS = 20
UNET_ROWS = {"condition": [2, 0, 1], "timestep": [981, 500, 1]}  # rows that differ in all they can

ABOUT = {
    "text.ids": "[N,T] tokens of the prompts, padded; of a prompt of several chunks, or beside one, that many rows",
    "text.hidden": "[N,T,C] last hidden states, after the final norm",
    "text.context": "[prompts,chunks*T,C] text.hidden times the weights of its tokens, the mean of each chunk kept",
    "text.pooled": "[N,C] hidden state of the end token",
    "text.projected": "[N,P] text_projection of text.pooled",
    "unet.sample": "[R,C,H,W] latents, without places",
    "unet.timestep": "[R]",
    "unet.condition": "[R] row of text.hidden, of text.pooled if the UNet takes class labels, and of place",
    "unet.output": "[R,C,H,W] the UNet's prediction",
    "place": "[N,P,H,W] place maps of the prompts: each placed text's projection times a Gaussian bump, added up",
    "vae.image": "[1,3,H,W] encoder's input",
    "vae.latent": "[1,C,H,W] (mean - shift_factor) * scaling_factor of vae.image",
    "vae.sample": "[1,C,H,W] decoder's input, scaled as the UNet sees it",
    "vae.decoded": "[1,3,H,W] decoder's output for vae.sample, not clamped",
    "schedule.timesteps": "timesteps of 20 DDIM steps",
    "schedule.timesteps_16": "timesteps of 16 DDIM steps, a stride of 62.5",
    "run.noise": "[1,C,H,W] where the run starts",
    "run.first": "[1,C,H,W] latent after the first step",
    "run.latent": "[1,C,H,W] latent after the last step",
    "run.image": "[1,3,H,W] run.latent decoded, not clamped",
}


def draw(case: str, name: str, *shape: int) -> Tensor:
    """Standard normal numbers that depend on case and name alone."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(zlib.crc32(f"{case}/{name}".encode())))


def picture(case: str, height: int, width: int) -> Tensor:
    """An image [1,3,H,W] in [-1, 1] with smooth parts, edges and grain, every value a float16."""
    y, x = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij")
    waves = torch.stack([torch.sin(3 * x + c) * torch.cos(2 * y - c) for c in range(3)])
    waves += 0.5 * (x * x + y * y < 0.3)
    return (0.6 * waves + 0.1 * draw(case, "vae.image", 3, height, width)).clamp(-1, 1).half().float()[None]


def record(pipe: Pipeline, case: str, prompts, placed, height: int, width: int, decoder: bool) -> dict[str, Tensor]:
    """All tensors of a case. The unconditional prompt, without a place, comes before prompts and what is placed in them."""
    text = pipe.text(["", *prompts])
    maps = None
    plain = torch.equal(text["context"], text["hidden"])  # no emphasis and one chunk each
    g = {f"text.{k}": v for k, v in text.items() if not (plain and k == "context")}
    if pipe.place_channels:
        maps = pipe.place_maps([[], *placed], height, width)
        g["place"] = maps

    condition, timestep = (torch.tensor(UNET_ROWS[k]) for k in ("condition", "timestep"))
    sample = draw(case, "unet.sample", len(condition), pipe.channels, height, width)
    rows = {k: text[k][condition] for k in ("context", "pooled")}
    output = pipe.score(sample, timestep, rows, None if maps is None else maps[condition])
    g |= {"unet.sample": sample, "unet.timestep": timestep, "unet.condition": condition, "unet.output": output}

    image = picture(case, height * pipe.factor, width * pipe.factor)
    g |= {"vae.image": image, "vae.latent": pipe.encode(image)}
    if decoder:
        latent = draw(case, "vae.sample", 1, pipe.channels, height, width)
        g |= {"vae.sample": latent, "vae.decoded": pipe.decode(latent)}

    for steps, name in ((STEPS, "schedule.timesteps"), (16, "schedule.timesteps_16")):
        pipe.scheduler.set_timesteps(steps)
        g[name] = pipe.scheduler.timesteps
    noise = draw(case, "run.noise", 1, pipe.channels, height, width)
    trajectory = pipe.compose(noise, text, maps, WEIGHTS, GUIDANCE, STEPS)
    g |= {"run.noise": noise, "run.first": trajectory[0], "run.latent": trajectory[-1]}
    g["run.image"] = pipe.decode(trajectory[-1])
    return g


def error(got: Tensor, want: Tensor) -> float:
    """Squared error over the squares of want."""
    return float((got.double() - want).square().sum() / want.square().sum().clamp_min(1e-30))


def describe(case: str, about: str, pipe: Pipeline, prompts, placed, crop, tensors, exact) -> dict:
    """What golden.json says. float32_error is how far float32 is from float64: no engine can be held to less."""
    entries = {}
    for name, t in tensors.items():
        entries[name] = {"about": ABOUT[name]}
        if exact[name].is_floating_point():
            entries[name]["std"] = float(f"{t.float().std():.4g}")
            reference = exact[name][..., : t.shape[-2], : t.shape[-1]] if name == "run.image" else exact[name]
            entries[name]["float32_error"] = float(f"{error(t, reference):.2g}")
    return {
        "case": case,
        "about": about,
        "layout": "PyTorch's: images and latents [rows, channels, height, width], texts [rows, tokens, channels]",
        "versions": {m.__name__: m.__version__.partition("+")[0] for m in (torch, diffusers, transformers)},
        "random": "each input is torch.randn from a generator seeded with crc32 of CASE/TENSOR; weights likewise",
        "prompts": ["", *prompts],
        "placed": [[dict(text=text, x=u, y=v) for text, u, v in row] for row in ((), *placed)],
        "sigma": pipe.sigma,
        "run": {
            "sampler": "ddim",
            "eta": 0,
            "steps": STEPS,
            "guidance": GUIDANCE,
            "weights": WEIGHTS,
            "rule": "out = out_0 + guidance * sum_i weights_i (out_i - out_0), out_0 of prompt 0 and out_i of prompt i",
            "image_crop": crop,
        },
        "tensors": entries,
    }


@torch.inference_mode()
def make(folder: Path, out: Path, case: str, about: str, prompts, placed, latent, crop: int | None = None):
    """Writes the goldens of the model in folder to out. crop keeps that many rows and columns of run.image, leaves out
    the decoder's own case, and stores the encoder's image in float16, which it fits."""
    pipe = Pipeline(folder)
    args = (case, prompts, placed, *latent, crop is None)
    tensors = record(pipe, *args)
    exact = record(Pipeline(folder, torch.float64), *args)
    # Ids and timesteps too are stored as float32, which holds them exactly, so that a reader needs one type.
    tensors = {k: v.float() for k, v in tensors.items()}
    if crop:
        tensors["run.image"] = tensors["run.image"][..., :crop, :crop]
        tensors["vae.image"] = tensors["vae.image"].half()
    out.mkdir(parents=True, exist_ok=True)
    save_file({k: v.contiguous() for k, v in tensors.items()}, out / "golden.safetensors")
    head = describe(case, about, pipe, prompts, placed, crop, tensors, exact)
    (out / "golden.json").write_text(json.dumps(head, indent=1, ensure_ascii=False) + "\n", "utf-8")
    verify(out, tensors)


def verify(out: Path, tensors: dict[str, Tensor]):
    """Reads the files back, and prints what matters of them."""
    head, stored = json.loads((out / "golden.json").read_text("utf-8")), load_file(out / "golden.safetensors")
    if stored.keys() != head["tensors"].keys() or not all(torch.equal(stored[k], tensors[k]) for k in tensors):
        raise RuntimeError(f"{out}: what is read back is not what was written")
    size = sum(p.stat().st_size for p in out.rglob("*") if p.is_file())
    print(f"{head['case']}: {size:,} bytes")
    for name, entry in head["tensors"].items():
        std, wrong = entry.get("std"), entry.get("float32_error")
        if std is not None and not 0.01 < std < 100:
            raise RuntimeError(f"{out}: {name} has standard deviation {std}, which tests nothing")
        kind = f"{str(stored[name].dtype).removeprefix('torch.')} {list(stored[name].shape)}"
        print(f"  {name:22} {kind:26}", f"std {std:<8} float32 error {wrong}" if std else "")


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("out", type=Path, nargs="?", default=OUT)
    p.add_argument("--model", type=Path, help="folder of an existing model")
    p.add_argument("--case", help="the model's case; without --model, the one case to make")
    a = p.parse_args()
    torch.set_num_threads(1)
    for library in (diffusers, transformers):
        library.utils.logging.set_verbosity_error()
        library.utils.logging.disable_progress_bar()
    if a.model:
        if not a.case:
            p.error("--model wants --case")
        prompts = ("a red cube left of a blue sphere", "a green tree")
        placed = ([("a red cube", 0.3, 0.6), ("a blue sphere", 0.7, 0.7)], [("a green tree", 0.5, 0.6)])
        about = "a trained model, as its files hold it"
        make(a.model, a.out / a.case, a.case, about, prompts, placed, (16, 16), crop=56)
    else:
        for c in golden_models.CASES:
            if a.case in (None, c.name):
                golden_models.write(c, a.out / c.name / "model")
                make(a.out / c.name / "model", a.out / c.name, c.name, c.about, c.prompts, c.placed, c.latent)
