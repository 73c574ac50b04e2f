"""A diffusers folder run by diffusers' and transformers' own classes: the reference that goldens.py records.

Latents and images are [rows, channels, height, width]; images lie in [-1, 1].
"""

import json
import math
from pathlib import Path

import torch
from diffusers import AutoencoderKL, AutoencoderTiny, DDIMScheduler, UNet2DConditionModel
from diffusers.models.autoencoders.vae import Decoder
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

import golden_emphasis

VAE_FILE = "diffusion_pytorch_model.safetensors"


class AutoencoderPatch(nn.Module):
    """The autoencoder of our own models, from vae/config.json: one convolution encodes; a 1×1 convolution and a pixel
    shuffle decode, and diffusers' Decoder adds the rest."""

    def __init__(self, config: dict):
        super().__init__()
        widths, channels = config["block_out_channels"], config["latent_channels"]
        self.patch = 2 ** (len(widths) - 1)
        self.encoder = nn.Conv2d(3, channels, self.patch, self.patch)
        self.linear = nn.Conv2d(channels, 3 * self.patch**2, 1)
        self.decoder = Decoder(
            in_channels=channels,
            out_channels=3,
            up_block_types=("UpDecoderBlock2D",) * len(widths),
            block_out_channels=widths,
            layers_per_block=config["layers_per_block"],
            norm_num_groups=config["norm_num_groups"],
            act_fn=config["act_fn"],
            mid_block_add_attention=config["mid_block_add_attention"],
        )

    def encode(self, image: Tensor) -> Tensor:
        return self.encoder(image)

    def decode(self, latent: Tensor) -> Tensor:
        return self.decoder(latent) + nn.functional.pixel_shuffle(self.linear(latent), self.patch)


class ExactTimesteps(nn.Module):
    """diffusers' Timesteps in float64, which it always computes in float32."""

    def __init__(self, like: nn.Module):
        super().__init__()
        self.half, self.shift, self.flip = like.num_channels // 2, like.downscale_freq_shift, like.flip_sin_to_cos

    def forward(self, t: Tensor) -> Tensor:
        index = torch.arange(self.half, dtype=torch.float64)
        angle = t[:, None].double() * torch.exp(-math.log(10000) * index / (self.half - self.shift))
        pair = [angle.sin(), angle.cos()]
        return torch.cat(pair[::-1] if self.flip else pair, dim=-1)


class Pipeline:
    """A folder's networks, their weights as they are in its files, computing in dtype."""

    def __init__(self, folder: Path, dtype=torch.float32):
        read = lambda *path: json.loads(folder.joinpath(*path).read_text())
        index = read("model_index.json")
        projected = index["text_encoder"][1] == "CLIPTextModelWithProjection"
        text_class = CLIPTextModelWithProjection if projected else CLIPTextModel
        self.dtype = dtype
        self.tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer")
        # transformers would load into the type that the config was trained in, float16, and round.
        self.text_encoder = text_class.from_pretrained(folder / "text_encoder", dtype=torch.float32).to(dtype).eval()
        self.unet = UNet2DConditionModel.from_pretrained(folder / "unet", low_cpu_mem_usage=False)
        self.unet.to(dtype).eval()
        if dtype == torch.float64:
            self.unet.time_proj = ExactTimesteps(self.unet.time_proj)
        # Any scheduler's config says what noise the network was trained on; DDIM walks it.
        self.scheduler = DDIMScheduler.from_config(read("scheduler", "scheduler_config.json"))
        self.vae_config = read("vae", "config.json")
        self.vae_class = self.vae_config["_class_name"]
        if self.vae_class == "AutoencoderPatch":
            self.vae = AutoencoderPatch(self.vae_config)
            self.vae.load_state_dict(load_file(folder / "vae" / VAE_FILE))
        else:
            loader = {"AutoencoderKL": AutoencoderKL, "AutoencoderTiny": AutoencoderTiny}[self.vae_class]
            self.vae = loader.from_pretrained(folder / "vae", low_cpu_mem_usage=False)
        self.vae.to(dtype).eval()
        self.channels = self.unet.config.out_channels
        self.place_channels = self.unet.config.in_channels - self.channels
        # What engine/text.go calls emphatic; no model here has a closed vocabulary without place channels.
        self.emphatic = not self.place_channels and not self.unet.config.class_embed_type
        self.sigma = None
        if self.place_channels:
            self.sigma = read("counterpoint.json")["place"]["sigma"]

    @property
    def factor(self) -> int:
        """Pixels that a latent cell covers, each way."""
        widths = self.vae_config.get("decoder_block_out_channels") or self.vae_config["block_out_channels"]
        return 2 ** (len(widths) - 1)

    def text(self, prompts: list[str]) -> dict[str, Tensor]:
        """ids [N,T]; hidden [N,T,C], after the final norm; pooled [N,C]; and projected [N,P], if the model projects;
        and context [prompts,chunks*T,C], what the UNet attends to. Of a model that reads emphasis N counts chunks, as
        many of each prompt, else prompts."""
        length = self.text_encoder.config.max_position_embeddings
        ids = self.tokenizer(prompts, padding="max_length", truncation=True, max_length=length).input_ids
        if self.emphatic:
            ids, weights = golden_emphasis.encode(self.tokenizer, prompts, length)
        ids = torch.tensor(ids)
        has_projection = isinstance(self.text_encoder, CLIPTextModelWithProjection)
        out = (self.text_encoder.text_model if has_projection else self.text_encoder)(ids)
        found = {"ids": ids, "hidden": out.last_hidden_state, "pooled": out.pooler_output}
        if has_projection:
            found["projected"] = self.text_encoder.text_projection(out.pooler_output)
        found["context"] = found["hidden"]
        if self.emphatic:
            weighted = golden_emphasis.weigh(found["hidden"], weights)
            found["context"] = weighted.reshape(len(prompts), -1, weighted.shape[-1])
        return found

    def place_maps(self, placed: list[list[tuple[str, float, float]]], height: int, width: int) -> Tensor:
        """[N,P,H,W]: for each row the sum, over the texts placed in it, of the text's projection times a Gaussian bump
        around its place (u, v)."""
        maps = torch.zeros(len(placed), self.place_channels, height, width, dtype=self.dtype)
        sigma = (self.sigma or 0) * min(height, width)
        for row, things in zip(maps, placed):
            for text, u, v in things:
                x = (torch.arange(width, dtype=self.dtype) - (u * width - 0.5)) / sigma
                y = (torch.arange(height, dtype=self.dtype) - (v * height - 0.5)) / sigma
                bump = torch.exp(-0.5 * y**2)[:, None] * torch.exp(-0.5 * x**2)[None]
                row += self.text([text])["projected"][0, :, None, None] * bump
        return maps

    def score(self, sample: Tensor, t: Tensor, text: dict[str, Tensor], maps: Tensor | None) -> Tensor:
        """The UNet's output for sample [R,C,H,W] at times t [R], under the conditions text and maps, one a row."""
        if maps is not None:
            sample = torch.cat([sample, maps], dim=1)
        labels = text["pooled"] if self.unet.config.class_embed_type else None
        return self.unet(sample.to(self.dtype), t, text["context"], class_labels=labels).sample

    def _scaling(self) -> tuple[float, float]:
        return self.vae_config["scaling_factor"], self.vae_config.get("shift_factor") or 0.0

    def encode(self, image: Tensor) -> Tensor:
        """The latent as the UNet sees it; the mean where the encoder gives a distribution."""
        scale, shift = self._scaling()
        code = self.vae.encode(image.to(self.dtype))
        if self.vae_class == "AutoencoderKL":
            code = code.latent_dist.mean
        elif self.vae_class == "AutoencoderTiny":
            code = code.latents
        return (code - shift) * scale

    def decode(self, latent: Tensor) -> Tensor:
        scale, shift = self._scaling()
        image = self.vae.decode(latent.to(self.dtype) / scale + shift)
        return image if self.vae_class == "AutoencoderPatch" else image.sample

    def compose(self, noise: Tensor, text, maps, weights: list[float], guidance: float, steps: int) -> list[Tensor]:
        """The latents after each step of DDIM (eta 0) from noise [1,C,H,W]. Row 0 of text and maps is the unconditional
        one, the others have weights. Outputs are combined as they come, noise or velocity: the combination is linear
        and its coefficients sum to one, so it is the same thing (Liu et al., arXiv 2206.01714, equation 11)."""
        self.scheduler.set_timesteps(steps)
        w = torch.tensor(weights, dtype=self.dtype)[:, None, None, None]
        x, trajectory = noise.to(self.dtype), []
        for t in self.scheduler.timesteps:
            rows = len(weights) + 1
            out = self.score(x.expand(rows, -1, -1, -1), t.expand(rows), text, maps)
            combined = out[:1] + guidance * (w * (out[1:] - out[:1])).sum(0, keepdim=True)
            x = self.scheduler.step(combined, t, x, eta=0.0).prev_sample
            trajectory.append(x)
        return trajectory
