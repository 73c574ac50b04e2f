"""The networks of the default model, "scenes": an autoencoder, a text encoder and a UNet, all small.

Configs and tensor names are those of diffusers and transformers, so that every part can be checked against them.
Latents are [rows, channels, height, width]; a place is (u, v) in [0, 1], v down.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from diffusers import DDIMScheduler, UNet2DConditionModel
from diffusers.models.autoencoders.vae import Decoder
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModelWithProjection

import tokenizer

PATCH = 8  # pixels a latent cell covers, each way

# What the shipped model is run with unless told otherwise. Guidance adds up over terms; beyond MAX_GUIDANCE in all,
# pictures burn.
STEPS, MOVES = 10, 1  # of DDIM, and of Langevin after each but the last
GUIDANCE = 4.0
MAX_GUIDANCE = 16.0
# Where a thing is heard: elsewhere a ground that it was never seen on would lose against those that it was.
REACH = 0.2


@dataclass(frozen=True)
class Architecture:
    """What a checkpoint needs to be built again. Defaults are the model that is shipped."""

    latent_channels: int = 8  # 16 hold 3 dB more, but the UNet has to carry them
    place_channels: int = 8  # enough to tell shape, colour, material and size apart in one bump
    sigma: float = 1 / 16  # of a bump, in shorter sides of the picture: a small object is about two wide
    latent_size: int = 16  # 128 pixels
    # Widths and depth: of the nine variants timed, the most width at full resolution (where detail is made) that keeps
    # a row under 0.9 GFLOP. 8 groups keep every group of channels a multiple of four wide, skip connections included.
    widths: tuple[int, ...] = (96, 128)
    layers_per_block: int = 1
    heads: int = 4
    norm_groups: int = 8
    text_width: int = 128
    text_layers: int = 3
    text_heads: int = 4
    place: Literal["text", "bare", "words"] = "text"  # a bump times what is said of it; times one; words in the text
    prediction: Literal["v_prediction", "epsilon"] = "v_prediction"
    # Decoder of the autoencoder: 1.25 M parameters, 2.1 GFLOP a picture of 128 pixels. 0 layers is one block a scale.
    decoder_widths: tuple[int, ...] = (16, 32, 64, 128)
    decoder_layers: int = 0


class AutoencoderPatch(nn.Module):
    """A fixed linear encoder of 8×8 blocks, and a decoder learnt as a residual to the linear one.

    Images are [rows, 3, height, width] in [-1, 1]; latents have unit variance in every channel.
    """

    def __init__(self, arch: Architecture):
        super().__init__()
        self.arch = arch
        self.encoder = nn.Conv2d(3, arch.latent_channels, PATCH, PATCH)
        self.linear = nn.Conv2d(arch.latent_channels, 3 * PATCH * PATCH, 1)  # a block's pixels, which a shuffle lays out
        self.decoder = Decoder(
            in_channels=arch.latent_channels,
            out_channels=3,
            up_block_types=("UpDecoderBlock2D",) * len(arch.decoder_widths),
            block_out_channels=arch.decoder_widths,
            layers_per_block=arch.decoder_layers,
            norm_num_groups=arch.norm_groups,
            act_fn="silu",
            mid_block_add_attention=False,
        )
        nn.init.zeros_(self.decoder.conv_out.weight)  # the linear decoder is where learning starts
        nn.init.zeros_(self.decoder.conv_out.bias)
        self.encoder.requires_grad_(False)
        self.linear.requires_grad_(False)

    def config(self) -> dict:
        return {
            "_class_name": "AutoencoderPatch",
            "in_channels": 3,
            "out_channels": 3,
            "latent_channels": self.arch.latent_channels,
            "patch_size": PATCH,
            "up_block_types": ["UpDecoderBlock2D"] * len(self.arch.decoder_widths),
            "block_out_channels": list(self.arch.decoder_widths),
            "layers_per_block": self.arch.decoder_layers,
            "mid_block_add_attention": False,
            "norm_num_groups": self.arch.norm_groups,
            "act_fn": "silu",
            "sample_size": self.arch.latent_size * PATCH,
            "scaling_factor": 1.0,
        }

    def encode(self, images: Tensor) -> Tensor:
        return self.encoder(images)

    def decode(self, latents: Tensor) -> Tensor:
        return self.decode_linear(latents) + self.decoder(latents)

    def decode_linear(self, latents: Tensor) -> Tensor:
        return nn.functional.pixel_shuffle(self.linear(latents), PATCH)

    def preview(self) -> tuple[Tensor, Tensor]:
        """The mean colour of the block that the linear decoder gives, as weight [C,3] and bias [3] over latents."""
        weight, bias = self.linear.weight.reshape(3, -1, self.arch.latent_channels), self.linear.bias.reshape(3, -1)
        return weight.mean(1).T, bias.mean(1)


class Denoiser(nn.Module):
    """Text encoder and UNet, trained together. What a text says reaches the UNet three ways: its tokens by cross
    attention, its pooled output with the time, and, where a place is given, a projection of the pooled output laid on
    the latent as a bump. The last is the one that is learnt first and that generalises in the number of objects."""

    def __init__(self, arch: Architecture, unet: UNet2DConditionModel, text_encoder: CLIPTextModelWithProjection):
        super().__init__()
        self.arch, self.unet, self.text_encoder = arch, unet, text_encoder

    @classmethod
    def new(cls, arch: Architecture, tok) -> "Denoiser":
        """Random weights, for the tokens of tok."""
        kinds = ["{}Block2D"] + ["CrossAttn{}Block2D"] * (len(arch.widths) - 1)  # no attention at full resolution
        unet = UNet2DConditionModel(
            sample_size=arch.latent_size,
            in_channels=arch.latent_channels + arch.place_channels,
            out_channels=arch.latent_channels,
            down_block_types=tuple(k.format("Down") for k in kinds),
            up_block_types=tuple(k.format("Up") for k in reversed(kinds)),
            block_out_channels=arch.widths,
            layers_per_block=arch.layers_per_block,
            attention_head_dim=arch.heads,  # diffusers reads it as the number of heads
            norm_num_groups=arch.norm_groups,
            cross_attention_dim=arch.text_width,
            use_linear_projection=True,
            class_embed_type="projection",
            projection_class_embeddings_input_dim=arch.text_width,
        )
        text_encoder = CLIPTextModelWithProjection(
            CLIPTextConfig(
                vocab_size=len(tok),
                hidden_size=arch.text_width,
                intermediate_size=4 * arch.text_width,
                projection_dim=arch.place_channels,
                num_hidden_layers=arch.text_layers,
                num_attention_heads=arch.text_heads,
                max_position_embeddings=tokenizer.LENGTH,
                hidden_act="quick_gelu",
                bos_token_id=tok.bos_token_id,
                eos_token_id=tok.eos_token_id,
                pad_token_id=tok.pad_token_id,
            )
        )
        return cls(arch, unet, text_encoder)

    def forward(self, x: Tensor, t: Tensor, ids: Tensor, bump: Tensor, laid: tuple[Tensor, ...] | None = None) -> Tensor:
        """The predicted velocity of x [R,C,H,W] at times t [R], for texts ids [R,LENGTH] and bumps [R,1,H,W]. laid adds
        more to the maps of some rows: which rows [K], texts [K,LENGTH] and their bumps [K,1,H,W]."""
        text = self.text_encoder.text_model(ids)
        pooled = text.pooler_output
        what = self.text_encoder.text_projection(pooled)
        if self.arch.place == "bare":
            what = 0 * what + 1  # not a constant: with several devices every weight must have a gradient
        places = bump * what[:, :, None, None]
        if laid is not None:
            rows, words, more = laid
            also = self.text_encoder.text_projection(self.text_encoder.text_model(words).pooler_output)
            places = places.index_add(0, rows, (more * also[:, :, None, None]).to(places.dtype))
        x = torch.cat([x, places.to(x.dtype)], dim=1)
        return self.unet(x, t, text.last_hidden_state, class_labels=pooled).sample


def bumps(places: Tensor, height: int, width: int, sigma: float) -> Tensor:
    """Gaussians of height 1 and standard deviation sigma, in shorter sides of the picture, centred at places [R,2] in
    (u, v), as [R,1,height,width]; zero where a place is NaN. They grow with the picture, as objects do."""
    sigma *= min(height, width)
    u, v = places[:, 0, None], places[:, 1, None]
    cells = lambda n: torch.arange(n, device=places.device, dtype=places.dtype)
    along = torch.exp(-0.5 * ((cells(width) - (u * width - 0.5)) / sigma) ** 2)
    down = torch.exp(-0.5 * ((cells(height) - (v * height - 0.5)) / sigma) ** 2)
    return (down[:, :, None] * along[:, None, :]).nan_to_num(0.0)[:, None]


def window(places: Tensor, height: int, width: int, reach: float) -> Tensor:
    """Where a term with places [K,2] is heard [1,height,width], as the engine has it (engine/operator/window.go): a Gaussian
    around the nearest of them; everywhere without places."""
    if not len(places):
        return torch.ones(1, height, width)
    return bumps(places, height, width, reach).amax(0)


def scheduler(prediction: str = "v_prediction") -> DDIMScheduler:
    """Velocity and a cosine schedule that ends in pure noise: at the first step, where places and colours are decided,
    a noise prediction would say nothing about them. With one, for comparison, a schedule that ends before."""
    ends = {"beta_schedule": "squaredcos_cap_v2"}
    if prediction == "epsilon":
        ends = {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012}  # Stable Diffusion's
    return DDIMScheduler(
        num_train_timesteps=1000,
        **ends,
        prediction_type=prediction,
        timestep_spacing="trailing",
        clip_sample=False,
        set_alpha_to_one=True,
        steps_offset=0,
    )


def velocity(x0: Tensor, noise: Tensor, t: Tensor, alphas: Tensor) -> tuple[Tensor, Tensor]:
    """The noisy latent at time t and the velocity to predict there (Salimans and Ho, arXiv 2202.00512)."""
    a = alphas[t].sqrt()[:, None, None, None]
    s = (1 - alphas[t]).sqrt()[:, None, None, None]
    return a * x0 + s * noise, a * noise - s * x0


def noised(x0: Tensor, noise: Tensor, t: Tensor, alphas: Tensor, prediction: str) -> tuple[Tensor, Tensor]:
    """The noisy latent at time t and what is to be predicted there."""
    x, v = velocity(x0, noise, t, alphas)
    return x, v if prediction == "v_prediction" else noise


def as_velocity(got: Tensor, x: Tensor, t: Tensor, alphas: Tensor, prediction: str) -> Tensor:
    """What was predicted for x at time t, as a velocity."""
    if prediction == "v_prediction":
        return got
    a, s = alphas[t].sqrt()[:, None, None, None], (1 - alphas[t]).sqrt()[:, None, None, None]
    return (got - s * x) / a
