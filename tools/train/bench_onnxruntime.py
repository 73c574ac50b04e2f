"""Times one evaluation of a folder's UNet in ONNX Runtime on the CPU, alone or against another engine.

    python bench_onnxruntime.py FOLDER
    python bench_onnxruntime.py FOLDER --counterpoint "counterpoint bench … --json"
    python bench_onnxruntime.py FOLDER --onnx unet.onnx

With --counterpoint, the command and ONNX Runtime take turns, so that what else the machine does falls on both. The
command prints a JSON object with "median_ms", of as many rows at the same size and on as many threads.
FLOPs are multiplications and additions, counted apart. ONNX Runtime gets float32 weights and all graph optimisations.

With --onnx, the network is written for other runtimes, such as the browser's in tools/webbench, and nothing is timed.
"""

import argparse
import json
import shlex
import statistics
import subprocess
import tempfile
import time
import warnings
from pathlib import Path

import onnxruntime
import torch
from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

PAIRS = 5


class Score(nn.Module):
    """The UNet with positional inputs and a tensor as its output, as an exporter wants it."""

    def __init__(self, unet: UNet2DConditionModel):
        super().__init__()
        self.unet = unet

    def forward(self, sample: Tensor, timestep: Tensor, hidden: Tensor, class_labels: Tensor | None = None) -> Tensor:
        return self.unet(sample, timestep, hidden, class_labels=class_labels).sample


def inputs(unet: UNet2DConditionModel, rows: int, size: int, tokens: int) -> dict[str, Tensor]:
    """Random inputs, every row of its own."""
    g, c = torch.Generator().manual_seed(0), unet.config
    found = {
        "sample": torch.randn(rows, c.in_channels, size, size, generator=g),
        "timestep": torch.full((rows,), 500),
        "hidden": torch.randn(rows, tokens, c.cross_attention_dim, generator=g),
    }
    if c.class_embed_type:
        found["class_labels"] = torch.randn(rows, c.projection_class_embeddings_input_dim, generator=g)
    return found


def session(model: Score, given: dict[str, Tensor], threads: int, path: Path) -> onnxruntime.InferenceSession:
    """The model in ONNX Runtime, by way of an ONNX file at path, with the result for given checked against PyTorch's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # shapes are traced as constants, and are meant to be
        # The older exporter takes seconds where the newer one takes half a minute; what they give is as fast.
        torch.onnx.export(model, tuple(given.values()), path, dynamo=False, opset_version=20,
                          input_names=list(given), output_names=["score"])
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        found = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    want = model(*given.values())
    got = torch.from_numpy(found.run(None, {k: v.numpy() for k, v in given.items()})[0])
    if (wrong := float((got - want).square().sum() / want.square().sum())) > 1e-6:
        raise RuntimeError(f"ONNX Runtime differs from PyTorch: normalised squared error {wrong:.1e}")
    return found


def times_ms(run, repeat: int) -> list[float]:
    """Milliseconds of each of repeat runs, after two that warm up."""
    found = []
    for i in range(repeat + 2):
        start = time.perf_counter()
        run()
        if i >= 2:
            found.append(1000 * (time.perf_counter() - start))
    return found


def median_ms(command: str) -> float:
    """What the command says of itself: the last line that is a JSON object with median_ms."""
    out = subprocess.run(shlex.split(command), check=True, stdout=subprocess.PIPE, text=True).stdout
    for text in [out, *reversed(out.splitlines())]:
        try:
            return float(json.loads(text)["median_ms"])
        except (ValueError, KeyError, TypeError):
            continue
    raise SystemExit(f"{command}: printed no JSON object with median_ms")


def load(folder: Path) -> tuple[UNet2DConditionModel, int]:
    """The UNet in float32 and the number of tokens of a condition."""
    unet = UNet2DConditionModel.from_pretrained(folder / "unet", low_cpu_mem_usage=False).float().eval()
    unet.set_attn_processor(AttnProcessor())  # plain matrix products, which the exporter and the FLOP counter both know
    text = json.loads((folder / "text_encoder" / "config.json").read_text())
    return unet, text["max_position_embeddings"]


@torch.inference_mode()
def main(a: argparse.Namespace):
    torch.set_num_threads(a.threads)
    unet, tokens = load(a.folder)
    model, given = Score(unet), inputs(unet, a.rows, a.size, tokens)
    with FlopCounterMode(display=False) as counter:
        model(*given.values())
    gflop = counter.get_total_flops() / 1e9
    with tempfile.TemporaryDirectory() as folder:
        ort = session(model, given, a.threads, a.onnx or Path(folder) / "unet.onnx")
    feed = {k: v.numpy() for k, v in given.items()}
    run = lambda: ort.run(None, feed)

    parameters = sum(p.numel() for p in unet.parameters())
    print(f"{parameters / 1e6:.2f} M parameters, {a.rows} rows of {a.size}×{a.size}, {gflop:.3f} GFLOP")
    if a.onnx:
        return
    print(f"onnxruntime {onnxruntime.__version__}, {a.threads} threads")
    if not a.counterpoint:
        found = times_ms(run, a.repeat)
        for name, ms in (("best", min(found)), ("median", statistics.median(found))):
            print(f"{name:7} {ms:8.2f} ms  {gflop / ms * 1000:7.1f} GFLOP/s")
        return
    ratios = []
    for _ in range(PAIRS):
        theirs, ours = statistics.median(times_ms(run, a.repeat)), median_ms(a.counterpoint)
        ratios.append(ours / theirs)
        print(f"onnxruntime {theirs:8.2f} ms {gflop / theirs * 1000:7.1f} GFLOP/s    "
              f"counterpoint {ours:8.2f} ms {gflop / ours * 1000:7.1f} GFLOP/s    ratio {ratios[-1]:.3f}")
    print(f"counterpoint takes {statistics.median(ratios):.3f} of onnxruntime's time "
          f"(median of {PAIRS} pairs, {min(ratios):.3f} to {max(ratios):.3f})")


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("folder", type=Path)
    p.add_argument("--rows", type=int, default=3)
    p.add_argument("--size", type=int, default=16, help="height and width of the latent")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--repeat", type=int, default=20)
    p.add_argument("--onnx", type=Path, metavar="FILE", help="write the network there")
    p.add_argument("--counterpoint", metavar="CMD", help="the other engine's benchmark")
    main(p.parse_args())
