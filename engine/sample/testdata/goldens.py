"""Writes goldens.json: noise, timesteps and trajectories to hold this package against.

    pip install numpy torch diffusers    # 0.42.1 made the committed file
    python goldens.py > goldens.json

Trajectories run diffusers' own schedulers on recorded network outputs and on the
noise that a seed stands for, DDIM and DDPM in float64 over diffusers' float32
betas, the others in float64 throughout. Latents are recorded as this package
holds them: those of schedulers that count in sigma, over sqrt(1 + sigma^2).
"""

import base64
import json
import sys
import types

import numpy as np
import torch
from diffusers import (DDIMScheduler, DDPMScheduler, DPMSolverMultistepScheduler, EulerAncestralDiscreteScheduler,
                       EulerDiscreteScheduler, HeunDiscreteScheduler, LCMScheduler)

sys.modules.setdefault("torchsde", types.ModuleType("torchsde"))  # a Brownian path, in whose place is Path
from diffusers.schedulers import (scheduling_ddpm, scheduling_dpmsolver_multistep, scheduling_dpmsolver_sde,
                                  scheduling_euler_ancestral_discrete, scheduling_euler_discrete, scheduling_heun_discrete,
                                  scheduling_lcm)
from diffusers.schedulers.scheduling_dpmsolver_sde import DPMSolverSDEScheduler


def philox(seed, call, index):
    """Normal values as A1111's rng_philox.py draws them, from the paper's definition."""
    c = [np.full(index.shape, call, np.uint64), np.zeros_like(index), index.copy(), np.zeros_like(index)]
    k = [seed & 0xFFFFFFFF, seed >> 32]
    low, shift = np.uint64(0xFFFFFFFF), np.uint64(32)
    for _ in range(10):
        a, b = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [(b >> shift) ^ c[1] ^ np.uint64(k[0]), b & low, (a >> shift) ^ c[3] ^ np.uint64(k[1]), a & low]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    unit = np.float32(2.3283064e-10)
    turn = np.float32(2.3283064e-10 * 6.2831855)
    u = c[0].astype(np.float64) * np.float64(unit) + np.float64(unit / np.float32(2))
    v = c[1].astype(np.float64) * np.float64(turn) + np.float64(turn / np.float32(2))
    return (np.sqrt(-2.0 * np.log(u)) * np.sin(v)).astype(np.float32)


def pack(values):
    return base64.b64encode(np.ascontiguousarray(values, dtype="<f4").tobytes()).decode()


def noise_cases():
    spread = np.array([0, 1, 2, 3, 4, 63, 64, 16383, 16384, 65535, 1 << 20, (1 << 32) - 1], np.uint64)
    for seed in [0, 1, 42, (1 << 32) - 1, 1 << 32, (1 << 53) + 1, (1 << 63) + 12345, (1 << 64) - 1]:
        for call in [0, 1, 7, 1000]:
            yield {"seed": str(seed), "call": call, "index": spread.tolist(), "values": pack(philox(seed, call, spread))}


def timestep_cases():
    """One fingerprint for each number of steps: their sum weighted by position."""
    for train in [1000, 50]:
        for spacing, offset in [("leading", 0), ("leading", 1), ("trailing", 0), ("linspace", 0)]:
            scheduler = DDIMScheduler(num_train_timesteps=train, timestep_spacing=spacing, steps_offset=offset)
            prints = []
            for n in range(1, train + 1):
                scheduler.set_timesteps(n)
                t = scheduler.timesteps.numpy()
                ok = len(t) == n and t.min() >= 0 and t.max() < train
                prints.append(int((t * (1 + np.arange(len(t)))).sum()) if ok else -1)
            yield {"train": train, "spacing": spacing, "steps_offset": offset, "prints": prints}


STABLE_DIFFUSION = dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1,
                        set_alpha_to_one=False, clip_sample=False)
COSINE = dict(beta_schedule="squaredcos_cap_v2", prediction_type="v_prediction", timestep_spacing="trailing", clip_sample=False)
LINEAR = dict(beta_schedule="linear", clip_sample=False)

TRAJECTORIES = [
    (DDIMScheduler, "ddim", STABLE_DIFFUSION, 20, 0.0),
    (DDIMScheduler, "DDIMScheduler", STABLE_DIFFUSION, 7, 0.6),
    (DDIMScheduler, "DDIM", COSINE, 20, 0.0),
    (DDIMScheduler, "ddim", COSINE, 9, 1.0),
    (DDIMScheduler, "ddim", LINEAR, 20, 0.0),
    (DDIMScheduler, "ddim", dict(LINEAR, prediction_type="sample", timestep_spacing="linspace"), 11, 0.3),
    (DDIMScheduler, "ddim", dict(STABLE_DIFFUSION, prediction_type="v_prediction", timestep_spacing="trailing",
                                 rescale_betas_zero_snr=True, steps_offset=0), 10, 0.5),
    (DDIMScheduler, "ddim_trailing", dict(STABLE_DIFFUSION, timestep_spacing="trailing"), 4, 0.0),
    (DDPMScheduler, "ddpm", {k: v for k, v in STABLE_DIFFUSION.items() if k != "set_alpha_to_one"}, 20, 0.0),
    (DDPMScheduler, "DDPM", COSINE, 20, 0.0),
    (DDPMScheduler, "ddpm", LINEAR, 20, 0.0),
    (DDPMScheduler, "ddpm", dict(LINEAR, prediction_type="sample", timestep_spacing="linspace"), 11, 0.0),
    (DDPMScheduler, "ddpm", dict(LINEAR, variance_type="fixed_large", timestep_spacing="trailing"), 13, 0.0),
    (DDIMScheduler, "ddim", dict(LINEAR, num_train_timesteps=5, trained_betas=[0.1, 0.2, 0.3, 0.4, 0.5]), 5, 0.0),
]

SHAPE = (3, 2, 4)  # channels, rows, columns


class Double:
    """A module whose float32 is float64."""

    def __init__(self, module):
        self.module, self.float32 = module, module.float64

    def __getattr__(self, name):
        return getattr(self.module, name)


for module in [scheduling_dpmsolver_multistep, scheduling_dpmsolver_sde, scheduling_euler_ancestral_discrete,
               scheduling_euler_discrete, scheduling_heun_discrete, scheduling_lcm]:
    module.torch, module.np = Double(torch), Double(np)


class Noise:
    """The calls of a seed's noise, in order, in place of diffusers' generator."""

    def __init__(self, seed):
        self.seed, self.calls, self.index = seed, 0, np.arange(np.prod(SHAPE), dtype=np.uint64)
        for module in [scheduling_ddpm, scheduling_dpmsolver_multistep, scheduling_euler_ancestral_discrete,
                       scheduling_euler_discrete, scheduling_lcm]:
            module.randn_tensor = lambda *_, **__: self()

    def __call__(self):
        z = philox(self.seed, self.calls, self.index).reshape(1, *SHAPE)
        self.calls += 1
        return torch.from_numpy(z).double()


class Path:
    """A Brownian path in sigma, in place of torchsde's: what is asked for of it, from where the last steps ended or
    beyond where they half did."""

    def __init__(self, noise):
        self.noise, self.begin, self.half, self.z = noise, None, None, None

    def __call__(self, begin, end):
        begin, end = float(begin), float(end)
        if begin != self.begin:
            self.begin, self.half, self.z = begin, end, self.noise()
            return self.z
        share = (begin - self.half) / (begin - end)
        return share**0.5 * self.z + (1 - share) ** 0.5 * self.noise()


def picture(x):
    """The only picture of a batch in row, column, channel order."""
    return pack(np.asarray(x)[0].transpose(1, 2, 0))


def network(x, rng):
    """A recorded output that depends on x in part."""
    return (0.7 * np.asarray(x) + 0.5 * rng.standard_normal(x.shape)).astype(np.float32)


def record(cls, config, sampler, steps, seed, timesteps, outputs, states, **more):
    return {"config": {"_class_name": cls.__name__, **config}, "sampler": sampler, "steps": steps, "seed": seed,
            "shape": SHAPE, "timesteps": [float(t) for t in timesteps], "outputs": outputs, "states": states, **more}


def trajectory(cls, sampler, config, steps, eta, seed):
    scheduler = cls(**config)
    scheduler.set_timesteps(steps)
    # The scheduler's own float32 would be the larger part of the differences: its
    # product of a thousand alphas is off by 1e-6 and more, and at eta 1 nothing is
    # left of 1 - alpha - sigma². So it steps in float64 from its float32 betas.
    if not scheduler.config.rescale_betas_zero_snr:
        scheduler.alphas_cumprod = torch.cumprod(1 - scheduler.betas.double(), dim=0)
    scheduler.alphas_cumprod = scheduler.alphas_cumprod.double()
    if cls is DDIMScheduler:
        scheduler.final_alpha_cumprod = torch.tensor(1.0).double() if config.get("set_alpha_to_one", True) else scheduler.alphas_cumprod[0]
    rng, noise = np.random.default_rng(seed), Noise(seed)
    x, outputs, states = noise(), [], []
    for t in scheduler.timesteps:
        out = network(x, rng)
        outputs.append(picture(out))
        out = torch.from_numpy(out).double()
        if cls is DDIMScheduler:
            x = scheduler.step(out, int(t), x, eta=eta, variance_noise=noise() if eta > 0 else None).prev_sample
        else:
            x = scheduler.step(out, int(t), x).prev_sample
        states.append(picture(x))
    return record(cls, config, sampler, steps, seed, scheduler.timesteps, outputs, states, eta=eta)


# Of schedulers over sigma, and LCM. What a person chooses with Options is "spacing" and "strength" here.
SIGMA_TRAJECTORIES = [
    (cls, sampler, dict(config, prediction_type=prediction, **extra), 8, {})
    for cls, sampler in [(EulerDiscreteScheduler, "euler"), (EulerAncestralDiscreteScheduler, "euler a"), (HeunDiscreteScheduler, "heun"),
                         (DPMSolverMultistepScheduler, "dpm++ 2m"), (DPMSolverMultistepScheduler, "dpm++ 2m sde"), (LCMScheduler, "lcm")]
    for prediction, config, extra in [
        ("epsilon", dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear"), dict(timestep_spacing="linspace")),
        ("epsilon", dict(beta_start=0.0001, beta_end=0.02, beta_schedule="linear"), dict(timestep_spacing="leading", steps_offset=1)),
        ("v_prediction", dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear"), dict(timestep_spacing="trailing")),
        ("sample", dict(beta_start=0.0001, beta_end=0.02, beta_schedule="linear"), dict(timestep_spacing="linspace")),
        ("v_prediction", dict(beta_schedule="squaredcos_cap_v2"), dict(timestep_spacing="trailing")),
        ("v_prediction", dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear"),
         dict(timestep_spacing="trailing", rescale_betas_zero_snr=True)),
    ]
    if not (prediction == "sample" and sampler == "euler a")  # diffusers can't
    # Beyond sigma 164 this package's Heun is Euler; diffusers' has no zero SNR.
    if not (sampler == "heun" and (extra.get("rescale_betas_zero_snr") or config["beta_schedule"] == "squaredcos_cap_v2"))
] + [
    (EulerDiscreteScheduler, "Euler", dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear"), 10, dict(spacing="karras")),
    (EulerDiscreteScheduler, "k_euler", dict(prediction_type="v_prediction"), 7, dict(spacing="exponential")),
    (HeunDiscreteScheduler, "Heun", dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear"), 7, dict(spacing="karras")),
    (DPMSolverMultistepScheduler, "DPM++ 2M Karras", dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear"), 20, {}),
    (DPMSolverMultistepScheduler, "dpmpp_2m", dict(prediction_type="sample"), 9, dict(spacing="karras")),
    (DPMSolverMultistepScheduler, "DPM++ 2M SDE Karras", dict(prediction_type="v_prediction"), 9, {}),
    (DPMSolverMultistepScheduler, "dpm++2m", dict(prediction_type="v_prediction"), 9, dict(spacing="exponential")),
    (DPMSolverMultistepScheduler, "dpm++ 2m", dict(), 9, dict(strength=0.6)),
    (HeunDiscreteScheduler, "heun", dict(beta_start=0.0001, beta_end=0.02), 9, dict(strength=0.5)),
    (EulerAncestralDiscreteScheduler, "euler a", dict(), 9, dict(strength=0.75)),
    (LCMScheduler, "lcm", dict(prediction_type="v_prediction", original_inference_steps=30, timestep_scaling=3.0), 7, {}),
    (DPMSolverSDEScheduler, "dpm++ sde", dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear"), 8, {}),
    (DPMSolverSDEScheduler, "DPM++ SDE Karras", dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear"), 9, {}),
    (DPMSolverSDEScheduler, "k_dpmpp_sde", dict(prediction_type="v_prediction", timestep_spacing="trailing"), 7, {}),
    (DPMSolverSDEScheduler, "dpmpp_sde", dict(beta_start=0.0001, beta_end=0.02), 9, dict(strength=0.5)),
]


def sigma_trajectory(cls, sampler, config, steps, options, seed):
    setup = dict(config)
    for spacing in ["karras", "exponential"]:
        if spacing in [options.get("spacing"), sampler.lower().split()[-1]]:
            setup[f"use_{spacing}_sigmas"] = True
    if "2m sde" in sampler.lower():
        setup["algorithm_type"] = "sde-dpmsolver++"
    scheduler = cls(**setup)
    if config.get("rescale_betas_zero_snr"):
        scheduler.alphas_cumprod[-1] = 1e-16  # in place of 2^-24, which is not 0 in float64
    scheduler.set_timesteps(steps)
    begin = 0
    if "strength" in options:  # as StableDiffusionImg2ImgPipeline.get_timesteps has it
        begin = (steps - int(steps * options["strength"])) * scheduler.order
        scheduler.set_begin_index(begin)

    def scale(k):
        """What diffusers' latents are of ours, from evaluation k on."""
        if cls in [DPMSolverMultistepScheduler, LCMScheduler]:
            return 1.0
        halfway = None if getattr(scheduler, "state_in_first_order", True) else getattr(scheduler, "mid_point_sigma", None)
        return float((1 + (scheduler.sigmas[k] if halfway is None else halfway) ** 2) ** 0.5)

    rng, noise = np.random.default_rng(seed), Noise(seed)
    if cls is DPMSolverSDEScheduler:
        scheduler.noise_sampler = Path(noise)
    x, outputs, states = noise() * scale(begin), [], []
    timesteps = scheduler.timesteps[begin:]
    for k, t in enumerate(timesteps, begin):
        out = network(x / scale(k), rng)
        outputs.append(picture(out))
        if cls not in [DPMSolverMultistepScheduler, LCMScheduler]:
            scheduler.scale_model_input(x, t)  # sets the step index
        x = scheduler.step(torch.from_numpy(out).double(), t if cls is not LCMScheduler else int(t), x).prev_sample
        if k == 0 and config.get("rescale_betas_zero_snr"):
            scheduler.lower_order_nums = 0  # the step before is infinitely long in log sigma: no slope from there
        if getattr(scheduler, "state_in_first_order", True) or k + 1 == len(scheduler.timesteps):
            states.append(picture(x / scale(k + 1)))
    return record(cls, config, sampler, steps, seed, timesteps, outputs, states, options=options)


def lcm_timesteps():
    """Those of each number of steps."""
    for original, train in [(50, 1000), (37, 1000), (50, 60)]:
        scheduler = LCMScheduler(num_train_timesteps=train, original_inference_steps=original)
        lists = []
        for n in range(1, original + 1):
            scheduler.set_timesteps(n)
            t = scheduler.timesteps.numpy()
            lists.append(int((t * (1 + np.arange(len(t)))).sum()))
        yield {"train": train, "original": original, "prints": lists}


json.dump({
    "noise": list(noise_cases()),
    "timesteps": list(timestep_cases()),
    "lcm_timesteps": list(lcm_timesteps()),
    "trajectories": [trajectory(*args, seed=100 + i) for i, args in enumerate(TRAJECTORIES)]
    + [sigma_trajectory(*args, seed=200 + i) for i, args in enumerate(SIGMA_TRAJECTORIES)],
}, sys.stdout, separators=(",", ":"))
print()
