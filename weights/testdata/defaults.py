"""Writes weights/defaults.json: what each class takes for a field its config lacks.

    python weights/testdata/defaults.py > weights/defaults.json

Needs diffusers and transformers. The defaults are those of the constructors'
signatures (diffusers) and of the config classes (transformers).
"""
import inspect
import json
import math
import sys

import diffusers
import transformers

MODELS = ["UNet2DConditionModel", "AutoencoderKL", "AutoencoderTiny"]
SCHEDULERS = [
    "DDIMScheduler", "DDPMScheduler", "DEISMultistepScheduler", "DPMSolverMultistepScheduler",
    "DPMSolverSDEScheduler", "DPMSolverSinglestepScheduler", "EulerAncestralDiscreteScheduler",
    "EulerDiscreteScheduler", "HeunDiscreteScheduler", "KDPM2AncestralDiscreteScheduler",
    "KDPM2DiscreteScheduler", "LCMScheduler", "LMSDiscreteScheduler", "PNDMScheduler",
    "UniPCMultistepScheduler",
]
TEXT_ENCODERS = ["CLIPTextModel", "CLIPTextModelWithProjection"]
CLIP_FIELDS = [
    "vocab_size", "hidden_size", "intermediate_size", "projection_dim", "num_hidden_layers",
    "num_attention_heads", "max_position_embeddings", "hidden_act", "layer_norm_eps",
    "pad_token_id", "bos_token_id", "eos_token_id",
]


def signature(name):
    parameters = inspect.signature(getattr(diffusers, name).__init__).parameters.values()
    return {p.name: finite(p.default) for p in parameters if p.default is not p.empty}


def finite(value):
    """JSON has no infinity: the largest number serves as a limit as well."""
    if isinstance(value, float) and math.isinf(value):
        return math.copysign(sys.float_info.max, value)
    return value


clip = transformers.CLIPTextConfig()
defaults = {name: signature(name) for name in MODELS + SCHEDULERS}
defaults |= {name: {f: getattr(clip, f) for f in CLIP_FIELDS} for name in TEXT_ENCODERS}
print(json.dumps(defaults, indent=1, sort_keys=True, allow_nan=False))
