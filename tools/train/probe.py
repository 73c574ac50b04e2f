"""What the denoiser has learnt so far: numbers and pictures to watch while it trains."""

import csv
from pathlib import Path

import torch
from torch import Tensor

import data
from common import autocast
from model import as_velocity, bumps, scheduler, velocity
from sample import Term, compose, sheet

TIMES = (400, 600, 800)  # texture is settled before, layout and colour in between, little can be told after
SCENES = 192
COLOURS = "red green blue yellow purple orange cyan white".split()
SHAPES = "cube sphere cylinder cone car house tree".split()


def noun(colour: str, shape: str) -> str:
    return f"{'an' if colour[0] in 'aeiou' else 'a'} {colour} {shape}"


@torch.inference_mode()
def gains(model, scenes: data.Scenes, alphas: Tensor, where, count=SCENES) -> dict[str, float]:
    """How much smaller than the null row's the loss is under conditions on one object, in 1e-4, at each of TIMES.

    A condition is learnt if the right one gains more than the same with one part wrong; a wrong place, colour or shape
    should lose. Scenes were never trained on, and noise is the same every time, so that two probes can be compared.
    """
    generator = torch.Generator().manual_seed(1)
    picks = [i for i, s in enumerate(scenes.held_out) if s["objects"]][:count]
    if not picks:
        return {}  # all scenes are of backgrounds alone
    objects = [max(scenes.held_out[i]["objects"], key=lambda o: o["visible"]) for i in picks]
    x0 = torch.stack([scenes.latents[i] for i in picks]).float().to(where)
    place = torch.tensor([o["centre"] for o in objects])
    nowhere = torch.full_like(place, float("nan"))
    # Somewhere an object could well be, but at least a quarter of the picture away from this one.
    other = torch.stack([(place[:, 0] + 0.5) % 1.0, place[:, 1]], 1)

    def texts(colour=0, shape=0) -> list[str]:
        shifted = lambda names, name, by: names[(names.index(name) + by) % len(names)]
        return [noun(shifted(COLOURS, o["colour"], colour), shifted(SHAPES, o["shape"], shape)) for o in objects]

    conditions = {
        "null": ([""] * len(picks), nowhere),
        "right": (texts(), place),
        "text": (texts(), nowhere),
        "wrong_place": (texts(), other),
        "wrong_colour": (texts(colour=3), place),
        "wrong_shape": (texts(shape=2), place),
    }
    loss = {}
    for time, same in zip(TIMES, scheduler().alphas_cumprod[list(TIMES)]):
        noise = torch.randn(x0.shape, generator=generator).to(where)
        t = torch.full((len(x0),), (alphas.cpu() - same).abs().argmin().item(), device=where)  # of the same noise
        x, v = velocity(x0, noise, t, alphas)
        for name, (words, where_to) in conditions.items():
            if model.arch.place == "words":
                words = [data.spoken(w, p) for w, p in zip(words, where_to.tolist())]
            ids = scenes.texts.ids([scenes.texts.number(w) for w in words]).to(where)
            bump = bumps(where_to.to(where), *x0.shape[2:], model.arch.sigma)
            with autocast(where):
                got = torch.cat([model(*part) for part in zip(*(z.split(64) for z in (x, t, ids, bump)))])
            got = as_velocity(got.float(), x, t, alphas, model.arch.prediction)
            loss[name, time] = (got - v).square().mean().item()
    row = {"null": sum(loss["null", t] for t in TIMES) / len(TIMES)}
    for name in list(conditions)[1:]:
        for t in TIMES:
            row[f"{name}_{t}"] = 1e4 * (loss["null", t] - loss[name, t])
    return row


def pictures(model, vae, tok, path: Path, where, size: int, columns: int = 8):
    """A sheet of up to eight columns, of pictures of size×size latents. Rows: nothing said; one object; one object
    placed; two; three; texts with a background."""
    left, right, front = (0.27, 0.58), (0.73, 0.58), (0.5, 0.76)
    what = [noun(c, s) for c, s in zip(COLOURS, [*SHAPES, "cube"])]
    step = lambda i: what[i % len(what)]
    rows = [[[]] * 8]
    rows.append([[Term(step(i))] for i in range(8)])
    rows.append([[Term(step(i), (left, right, front)[i % 3])] for i in range(8)])
    rows.append([[Term(step(i), left), Term(step(i + 3), right)] for i in range(8)])
    rows.append([[Term(step(i), left), Term(step(i + 3), right), Term(step(i + 5), front)] for i in range(8)])
    texts = ["an empty scene", "on grass", "on snow", "at night", "a red cube on sand", "a white car on grass"]
    texts += ["a red cube left of a blue sphere", "a green cone and a yellow cylinder"]
    rows.append([[Term(t)] for t in texts])
    flat = [terms for row in rows for terms in row[:columns]]
    with autocast(where):
        latents = compose(model, tok, flat, [i % columns for i in range(len(flat))], size)
    with torch.inference_mode():
        images = torch.cat([vae.decode(z) for z in latents.split(16)])
    sheet(data.to_pixels(images), columns).save(path)


def plot(run: Path):
    """loss.png from log.csv and probe.csv."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    def columns(name: str) -> dict[str, list[float]]:
        if not (run / name).exists():
            return {}
        with (run / name).open() as f:
            rows = list(csv.DictReader(f))
        return {k: [float(r[k]) for r in rows] for k in rows[0]} if rows else {}

    log, probed = columns("log.csv"), columns("probe.csv")
    figure, (above, below) = pyplot.subplots(2, 1, figsize=(8, 8), sharex=True, layout="constrained")
    if log:
        above.plot(log["samples"], log["loss"], linewidth=0.8)
    above.set(ylabel="loss of velocity", yscale="log")
    for k, values in probed.items():
        if k.endswith(f"_{TIMES[1]}"):
            below.plot(probed["samples"], values, marker=".", label=k)
    if probed:
        below.legend()
    below.set(xlabel="samples", ylabel="gain over the null row, 1e-4")
    figure.savefig(run / "loss.png", dpi=100)
    pyplot.close(figure)
