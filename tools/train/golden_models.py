"""Tiny models with random weights, as folders in diffusers' layout.

Each is a set of configs that together take roads which the others do not. Weights are drawn so that signals keep their
size and nothing is left at a value that hides a mistake: norms scale and shift, biases are not zero, attention is not
uniform. Draws depend on a tensor's name alone, so a layer that is added leaves the others as they were.
"""

import json
import shutil
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import diffusers
import torch
import transformers
from diffusers import AutoencoderKL, AutoencoderTiny, UNet2DConditionModel
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

import tokenizer
from golden_pipeline import VAE_FILE, AutoencoderPatch

WORDS = ["a", "blue", "cube", "green", "left", "of", "on", "red", "sand", "sphere", "the"]


@dataclass(frozen=True)
class Case:
    """A tiny model and what is asked of it."""

    name: str
    about: str
    text: dict  # CLIPTextConfig, but for vocabulary and special tokens
    unet: dict  # UNet2DConditionModel
    vae: dict  # _class_name and its config
    scheduler: dict  # scheduler_config.json
    latent: tuple[int, int]  # height and width
    prompts: tuple[str, str]  # A and B of "A AND NOT B"
    placed: tuple = ((), ())  # texts put somewhere in A and in B, as (text, u, v)
    legacy_names: bool = False  # tensors named as old checkpoints have them
    prefix: bool = True  # text encoder's tensors begin with "text_model.": transformers before 5
    legacy_eos: bool = False  # eos_token_id 2, which means the largest id: transformers before 4.30
    pad: str = tokenizer.EOS
    projection: int | None = None
    extra: dict = field(default_factory=dict)  # counterpoint.json


SD_NOISE = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "num_train_timesteps": 1000}
CROSS_DOWN, CROSS_UP = "CrossAttnDownBlock2D", "CrossAttnUpBlock2D"

CASES = [
    Case(
        name="sdlike",
        about="Stable Diffusion 1.x: heads given as attention_head_dim, 1×1 convolutions around transformers, "
        "autoencoder with attention and quant convolutions, PNDM's config, tensor names of old checkpoints",
        text=dict(hidden_size=24, intermediate_size=48, num_hidden_layers=2, num_attention_heads=3,
                  max_position_embeddings=77, hidden_act="quick_gelu"),
        unet=dict(sample_size=8, in_channels=4, out_channels=4,
                  down_block_types=(CROSS_DOWN, CROSS_DOWN, "DownBlock2D"),
                  up_block_types=("UpBlock2D", CROSS_UP, CROSS_UP), block_out_channels=(8, 12, 12), layers_per_block=2,
                  attention_head_dim=4, norm_num_groups=4, cross_attention_dim=24),
        vae=dict(_class_name="AutoencoderKL", down_block_types=("DownEncoderBlock2D",) * 3,
                 up_block_types=("UpDecoderBlock2D",) * 3, block_out_channels=(8, 8, 12), layers_per_block=1,
                 latent_channels=4, norm_num_groups=4, scaling_factor=0.18215),
        scheduler=dict(_class_name="PNDMScheduler", **SD_NOISE, clip_sample=False, set_alpha_to_one=False,
                       skip_prk_steps=True, steps_offset=1, trained_betas=None),
        latent=(8, 8),
        prompts=("a red cube on the sand", "two BLUE spheres, l'été!"),
        legacy_names=True,
        legacy_eos=True,
    ),
    Case(
        name="scenesish",
        about="our own architecture: places laid on the latent, pooled text beside the time, linear projections around "
        "transformers, AutoencoderPatch, velocity on a cosine schedule",
        text=dict(hidden_size=24, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4,
                  max_position_embeddings=16, hidden_act="quick_gelu"),
        unet=dict(sample_size=8, in_channels=16, out_channels=8, down_block_types=("DownBlock2D", CROSS_DOWN),
                  up_block_types=(CROSS_UP, "UpBlock2D"), block_out_channels=(12, 16), layers_per_block=1,
                  attention_head_dim=4, norm_num_groups=4, cross_attention_dim=24, use_linear_projection=True,
                  class_embed_type="projection", projection_class_embeddings_input_dim=24),
        vae=dict(_class_name="AutoencoderPatch", in_channels=3, out_channels=3, latent_channels=8, patch_size=8,
                 up_block_types=("UpDecoderBlock2D",) * 4, block_out_channels=(4, 8, 8, 12), layers_per_block=0,
                 mid_block_add_attention=False, norm_num_groups=2, act_fn="silu", sample_size=64, scaling_factor=1.0),
        scheduler=dict(_class_name="DDIMScheduler", num_train_timesteps=1000, beta_schedule="squaredcos_cap_v2",
                       prediction_type="v_prediction", timestep_spacing="trailing", clip_sample=False,
                       set_alpha_to_one=True, steps_offset=0),
        latent=(4, 6),
        prompts=("a red cube", "a blue sphere on the sand"),
        placed=([("a red cube", 0.25, 0.6)], [("a blue sphere", 0.7, 0.5), ("sand", 0.4, 0.9)]),
        projection=8,
        extra={
            "format": 1,
            "name": "scenesish",
            "kind": "latent-diffusion",
            "license": "Apache-2.0",
            "place": {"channels": 8, "sigma": 0.25, "projection": "text_projection.weight"},
        },
    ),
    Case(
        name="oddsize",
        about="latents of odd sides, so sizes of skip connections differ from twice the level below; heads and "
        "transformer layers by level; AutoencoderTiny; text as in Stable Diffusion 2.x, its tensors as transformers 5 "
        "names them",
        text=dict(hidden_size=20, intermediate_size=40, num_hidden_layers=1, num_attention_heads=2,
                  max_position_embeddings=12, hidden_act="gelu"),
        unet=dict(sample_size=(13, 9), in_channels=4, out_channels=4,
                  down_block_types=(CROSS_DOWN, "DownBlock2D", CROSS_DOWN),
                  up_block_types=(CROSS_UP, "UpBlock2D", CROSS_UP), block_out_channels=(8, 12, 16), layers_per_block=1,
                  attention_head_dim=[2, 3, 4], transformer_layers_per_block=[1, 1, 2], norm_num_groups=4,
                  cross_attention_dim=20, use_linear_projection=True, upcast_attention=True),
        vae=dict(_class_name="AutoencoderTiny", encoder_block_out_channels=(8, 8, 8),
                 decoder_block_out_channels=(8, 8, 8), num_encoder_blocks=(1, 2, 1), num_decoder_blocks=(2, 1, 1),
                 latent_channels=4, act_fn="silu", scaling_factor=0.8),
        scheduler=dict(_class_name="DDIMScheduler", num_train_timesteps=1000, beta_start=0.0001, beta_end=0.02,
                       beta_schedule="linear", prediction_type="v_prediction", timestep_spacing="linspace",
                       clip_sample=False, set_alpha_to_one=False, steps_offset=0),
        latent=(13, 9),
        prompts=("the green sphere left of a cube", "the cube"),
        prefix=False,
        legacy_eos=True,
        pad="!",
    ),
    Case(
        name="nonsquare",
        about="widths that are no multiples of 8, oblong latents, layers by level, a mid block without attention, GELU "
        "in the UNet, sines before cosines, padding only below and right, an autoencoder with a shift and neither "
        "attention nor quant convolutions, prompts with emphasis and of several chunks",
        text=dict(hidden_size=18, intermediate_size=44, num_hidden_layers=1, num_attention_heads=2,
                  max_position_embeddings=9, hidden_act="quick_gelu"),
        unet=dict(sample_size=(8, 24), in_channels=4, out_channels=4, down_block_types=("DownBlock2D", CROSS_DOWN),
                  mid_block_type="UNetMidBlock2D", up_block_types=(CROSS_UP, "UpBlock2D"), block_out_channels=(12, 20),
                  layers_per_block=[1, 2], attention_head_dim=2, norm_num_groups=4, norm_eps=1e-6, act_fn="gelu",
                  cross_attention_dim=18, flip_sin_to_cos=False, freq_shift=1, downsample_padding=0),
        vae=dict(_class_name="AutoencoderKL", down_block_types=("DownEncoderBlock2D",) * 2,
                 up_block_types=("UpDecoderBlock2D",) * 2, block_out_channels=(6, 10), layers_per_block=2,
                 latent_channels=4, norm_num_groups=2, scaling_factor=1.1, shift_factor=0.2, use_quant_conv=False,
                 use_post_quant_conv=False, mid_block_add_attention=False),
        scheduler=dict(_class_name="DDIMScheduler", **SD_NOISE, prediction_type="epsilon", timestep_spacing="trailing",
                       clip_sample=False, set_alpha_to_one=True, steps_offset=0),
        latent=(8, 24),
        prompts=("a (red cube:1.4), ((left) of [the blue] sphere on BREAK the green sand", "2 [cubes:0.5] \\(a\\)"),
    ),
]


def randomise(module: nn.Module, seed: str, gain: float = 1.0):
    """Draws all parameters of module in float32, then rounds them to float16. gain is for networks without norms."""
    kinds = {f"{path}.{leaf}" if path else leaf: m for path, m in module.named_modules() for leaf in ("weight", "bias")}
    with torch.no_grad():
        for name, p in module.named_parameters():
            draw = torch.randn(p.shape, generator=torch.Generator().manual_seed(zlib.crc32(f"{seed}/{name}".encode())))
            kind = kinds.get(name)
            if isinstance(kind, nn.GroupNorm | nn.LayerNorm):
                p.copy_(0.25 * draw + (1 if name.endswith("weight") else 0))
            elif name.endswith("bias"):
                p.copy_(0.2 * draw)
            elif isinstance(kind, nn.Embedding):
                p.copy_(draw)
            else:  # half of a random signal's power passes SiLU and its kin
                p.copy_(gain * draw * (2 / p[0].numel()) ** 0.5)
    module.half()


def write_json(path: Path, value: dict):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n")


def rename(file: Path, name):
    """Renames the tensors of a safetensors file by the function name."""
    save_file({name(k): v for k, v in load_file(file).items()}, file, metadata={"format": "pt"})


OLD_ATTENTION = {".to_q.": ".query.", ".to_k.": ".key.", ".to_v.": ".value.", ".to_out.0.": ".proj_attn."}


def old_attention(name: str) -> str:
    for new, old in OLD_ATTENTION.items():
        name = name.replace(new, old)
    return name


def write_tokenizer(case: Case, folder: Path) -> dict[str, int]:
    """Writes the tokenizer and returns its vocabulary."""
    tokenizer.save(WORDS, folder)
    config = json.loads((folder / "tokenizer_config.json").read_text())
    config |= {"model_max_length": case.text["max_position_embeddings"], "pad_token": case.pad}
    write_json(folder / "tokenizer_config.json", config)
    write_json(folder / "special_tokens_map.json", {k: v for k, v in config.items() if k.endswith("_token")})
    return json.loads((folder / "vocab.json").read_text("utf-8"))


def write_text_encoder(case: Case, folder: Path, vocabulary: dict[str, int]) -> str:
    """Writes the text encoder and returns its class."""
    bos, eos = vocabulary[tokenizer.BOS], vocabulary[tokenizer.EOS]
    tokens = dict(bos_token_id=0, eos_token_id=2, pad_token_id=1)  # as old configs have it, whatever the tokenizer says
    if not case.legacy_eos:
        tokens = dict(bos_token_id=bos, eos_token_id=eos, pad_token_id=vocabulary[case.pad])
    size = {"projection_dim": case.projection} if case.projection else {}
    kind = CLIPTextModelWithProjection if case.projection else CLIPTextModel
    model = kind(CLIPTextConfig(vocab_size=len(vocabulary), **case.text, **size, **tokens))
    randomise(model, f"{case.name}/text_encoder")
    model.save_pretrained(folder)
    file = folder / "model.safetensors"
    if case.prefix and not case.projection:
        rename(file, lambda name: f"text_model.{name}")
    if case.legacy_names:
        ids = torch.arange(case.text["max_position_embeddings"])[None]
        tensors = load_file(file) | {"text_model.embeddings.position_ids": ids}
        save_file(tensors, file, metadata={"format": "pt"})
    return kind.__name__


def write_vae(case: Case, folder: Path):
    config = dict(case.vae)
    kind = config.pop("_class_name")
    if kind == "AutoencoderPatch":
        model = AutoencoderPatch(config)
        randomise(model, f"{case.name}/vae")
        write_json(folder / "config.json", case.vae)
        save_file(model.state_dict(), folder / VAE_FILE, metadata={"format": "pt"})
        return
    model = {"AutoencoderKL": AutoencoderKL, "AutoencoderTiny": AutoencoderTiny}[kind](**config)
    randomise(model, f"{case.name}/vae", 0.8 if kind == "AutoencoderTiny" else 1.0)
    model.save_pretrained(folder)
    if case.legacy_names:
        rename(folder / VAE_FILE, old_attention)


def write(case: Case, folder: Path):
    """Writes the model of a case in diffusers' layout, float16, in place of what is there."""
    shutil.rmtree(folder, ignore_errors=True)
    vocabulary = write_tokenizer(case, folder / "tokenizer")
    text_class = write_text_encoder(case, folder / "text_encoder", vocabulary)
    unet = UNet2DConditionModel(**case.unet)
    randomise(unet, f"{case.name}/unet")
    unet.save_pretrained(folder / "unet")
    write_vae(case, folder / "vae")
    write_json(folder / "scheduler" / "scheduler_config.json", case.scheduler)
    if case.extra:
        write_json(folder / "counterpoint.json", case.extra)
    own = case.vae["_class_name"] == "AutoencoderPatch"
    write_json(
        folder / "model_index.json",
        {
            "_class_name": "ScenesPipeline" if own else "StableDiffusionPipeline",
            "_diffusers_version": diffusers.__version__,
            "_transformers_version": transformers.__version__,
            "scheduler": ["diffusers", case.scheduler["_class_name"]],
            "text_encoder": ["transformers", text_class],
            "tokenizer": ["transformers", "CLIPTokenizer"],
            "unet": ["diffusers", "UNet2DConditionModel"],
            "vae": ["counterpoint" if own else "diffusers", case.vae["_class_name"]],
        },
    )
