"""Writes goldens.json: noise, timesteps and trajectories to hold this package against.

    pip install numpy torch diffusers    # 0.42.1 made the committed file
    python goldens.py > goldens.json

Trajectories run diffusers' own schedulers on recorded network outputs and on the
noise that a seed stands for, in float64 over diffusers' float32 betas.
"""

import base64
import json
import sys

import numpy as np
import torch
from diffusers import DDIMScheduler, DDPMScheduler
from diffusers.schedulers import scheduling_ddpm


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
    rng = np.random.default_rng(seed)
    index = np.arange(np.prod(SHAPE), dtype=np.uint64)
    calls = 0

    def noise():
        nonlocal calls
        z = torch.from_numpy(philox(seed, calls, index).reshape(1, *SHAPE)).double()
        calls += 1
        return z

    scheduling_ddpm.randn_tensor = lambda *_, **__: noise()
    x, outputs, states = noise(), [], []
    for t in scheduler.timesteps:
        out = (0.7 * x.numpy() + 0.5 * rng.standard_normal(x.shape)).astype(np.float32)
        outputs.append(pack(out[0].transpose(1, 2, 0)))
        out = torch.from_numpy(out).double()
        if cls is DDIMScheduler:
            x = scheduler.step(out, int(t), x, eta=eta, variance_noise=noise() if eta > 0 else None).prev_sample
        else:
            x = scheduler.step(out, int(t), x).prev_sample
        states.append(pack(x.numpy()[0].transpose(1, 2, 0)))
    return {"config": {"_class_name": cls.__name__, **config}, "sampler": sampler, "steps": steps, "eta": eta, "seed": seed,
            "shape": SHAPE, "timesteps": [int(t) for t in scheduler.timesteps], "outputs": outputs, "states": states}


json.dump({
    "noise": list(noise_cases()),
    "timesteps": list(timestep_cases()),
    "trajectories": [trajectory(*args, seed=100 + i) for i, args in enumerate(TRAJECTORIES)],
}, sys.stdout, separators=(",", ":"))
print()
