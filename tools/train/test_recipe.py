"""python -m unittest: the recipe can be stopped anywhere, and killed training goes on. Half a minute."""

import argparse
import contextlib
import csv
import dataclasses
import io
import json
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from safetensors import safe_open

import autoencoder
import data
import recipe
import train
from common import Clock
from model import Architecture
from test_loop import Steps

SIDE = 32  # pixels


def write_scenes(folder: Path, count: int):
    """A folder as tools/scenes writes it: grainy grounds, a box of another colour on each, captions that name it."""
    rng = np.random.default_rng(0)
    pixels = np.empty((count, SIDE, SIDE, 3), np.uint8)
    scenes = []
    for picture in pixels:
        picture[:] = (60, 120, 60) + rng.integers(-20, 20, picture.shape)
        u, v = rng.integers(1, 3, 2) * 8
        picture[v : v + 8, u : u + 8] = (200, 30, 30)
        centre = [(u + 4) / SIDE, (v + 4) / SIDE]
        thing = {"shape": "cube", "colour": "red", "centre": centre, "visible": 1}
        box = [u / SIDE, v / SIDE, (u + 8) / SIDE, (v + 8) / SIDE]
        captions = [
            {"text": "a red cube", "kind": "place", "place": centre, "objects": [0]},
            {"text": "a red cube", "kind": "object", "objects": [0]},
            {"text": "on grass", "kind": "background", "objects": []},
            {"text": "a red cube on grass", "kind": "joined", "objects": [0]},
        ]
        scenes.append({"background": "grass", "objects": [thing | {"box": box}], "relations": [], "captions": captions})
    folder.mkdir(parents=True)
    (folder / "truth-00000.jsonl").write_text("".join(json.dumps(s) + "\n" for s in scenes))
    pixels.tofile(folder / "images-00000.bin")


def losses(run: Path) -> list[tuple[int, float]]:
    """Steps and losses of log.csv; a line that was cut off by a kill isn't counted."""
    if not (run / "log.csv").exists():
        return []
    with (run / "log.csv").open() as f:
        return [(int(r["step"]), float(r["loss"])) for r in csv.DictReader(f) if r["pace"]]


class ResumeTest(unittest.TestCase):
    def test_killed_and_gone_on_with(self):
        with tempfile.TemporaryDirectory() as name:
            scenes, run = Path(name) / "scenes", Path(name) / "run"
            write_scenes(scenes, data.HELD_OUT + 40)
            images = data.to_float(data.read_chunk(*data.chunks(scenes)[0])[0])
            autoencoder.save(autoencoder.fit(images, Architecture()), run)
            self.kill_in_the_middle(scenes, run)
            before = torch.load(run / "last.pt", weights_only=True)
            self.assertGreater(before["step"], 10)
            logged = len(losses(run))

            # Without time left nothing may change: what is written is what was read.
            self.go_on(scenes, run, before["hours"])
            same = torch.load(run / "last.pt", weights_only=True)
            self.assertEqual((same["step"], same["samples"]), (before["step"], before["samples"]))
            torch.testing.assert_close(same["model"], before["model"], rtol=0, atol=0)
            torch.testing.assert_close(same["ema"], before["ema"], rtol=0, atol=0)
            torch.testing.assert_close(same["optimizer"]["state"], before["optimizer"]["state"], rtol=0, atol=0)

            # With some, all go on counting, and the loss stays down.
            with mock.patch.object(train, "Clock", lambda *_: Steps(8)):
                self.go_on(scenes, run, same["hours"])
            after = torch.load(run / "last.pt", weights_only=True)
            steps = after["step"] - before["step"]
            self.assertEqual(steps, 8)
            self.assertEqual(after["samples"] - before["samples"], 8 * steps)
            self.assertEqual({int(s["step"]) for s in after["optimizer"]["state"].values()}, {after["step"]})
            self.assertGreater(after["hours"], before["hours"])
            with safe_open(run / "ema.safetensors", "pt") as f:
                self.assertEqual(int(f.metadata()["samples"]), after["samples"])
                torch.testing.assert_close(f.get_tensor("unet.conv_in.weight"), after["ema"]["unet.conv_in.weight"])
            # Means, since a line of two steps is off by 0.04 by luck.
            log = losses(run)
            first = log[0][1]
            last = np.mean([loss for step, loss in log[:logged] if step <= before["step"]][-5:])
            again = np.mean([loss for _, loss in log[logged:]])
            self.assertLess(last, first - 0.05, "nothing was learnt before the kill")
            self.assertLess(again, (first + last) / 2, "the loss jumped")

    def kill_in_the_middle(self, scenes: Path, run: Path):
        """Starts train.py and kills it once it is some steps past a checkpoint."""
        command = [sys.executable, "train.py", scenes, run, "--preset", "tiny", "--budget", "1"]
        with (run / "out.txt").open("w") as out:
            process = subprocess.Popen(command, cwd=Path(__file__).parent, stdout=out, stderr=out)
        try:
            deadline = time.time() + 300
            while not ((run / "last.pt").exists() and (log := losses(run)) and log[-1][0] >= 30):
                self.assertIsNone(process.poll(), (run / "out.txt").read_text())
                self.assertLess(time.time(), deadline, (run / "out.txt").read_text())
                time.sleep(0.1)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()

    def go_on(self, scenes: Path, run: Path, budget: float):
        a = argparse.Namespace(data=scenes, run=run, large=None, preset="tiny", hours=None, until=None, budget=budget)
        vocabulary = recipe.ROOT / "tools/scenes/vocab/vocabulary.txt"
        with contextlib.redirect_stdout(io.StringIO()):
            train.main(argparse.Namespace(**vars(a), export=None, widths=None, vocabulary=vocabulary, seed=0))


class ClockTest(unittest.TestCase):
    def test_what_was_spent_counts(self):
        self.assertAlmostEqual(Clock(None, None, budget=2, spent=1.5).part, 0.75, places=4)
        self.assertEqual(Clock(None, None, budget=2, spent=3).part, 1)
        self.assertAlmostEqual(Clock(1, None).part, 0, places=4)
        with self.assertRaises(SystemExit):
            Clock(None, None)

    def test_time_of_the_processor(self):
        """Waiting for others is no training."""
        own, wall = Clock(1e-4, None, cpu=True), Clock(1e-4, None)
        time.sleep(0.4)
        self.assertEqual(wall.part, 1)
        self.assertLess(own.part, 0.5)
        with self.assertRaises(SystemExit):
            Clock(1, "17:30", cpu=True)


class StagesTest(unittest.TestCase):
    """Stages that append to a file tell how often they ran."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.work = Path(folder.name)

    def stage(self, name: str, needs=(), text="x", fail=False) -> recipe.Stage:
        path = self.work / name
        code = f"open({str(path)!r}, 'a').write({text!r}); raise SystemExit({int(fail)})"
        return recipe.Stage(name, "", [sys.executable, "-c", code], [path], needs)

    def follow(self, *todo: recipe.Stage, only=frozenset()):
        with contextlib.redirect_stdout(io.StringIO()):
            recipe.follow(list(todo), self.work, only)

    def ran(self) -> dict[str, str]:
        return {p.name: p.read_text() for p in self.work.iterdir() if p.name != "recipe.json"}

    def test_done_once(self):
        todo = self.stage("a"), self.stage("b", ("a",))
        for _ in range(2):
            self.follow(*todo)
        self.assertEqual(self.ran(), {"a": "x", "b": "x"})

    def test_another_command_and_all_that_needs_it(self):
        a, b, c = self.stage("a"), self.stage("b", ("a",)), self.stage("c")
        self.follow(a, b, c)
        self.follow(self.stage("a", text="y"), b, c)
        self.assertEqual(self.ran(), {"a": "xy", "b": "xx", "c": "x"})

    def test_what_is_gone_is_made_again(self):
        a, b = self.stage("a"), self.stage("b", ("a",))
        self.follow(a, b)
        (self.work / "b").unlink()
        self.follow(a, b)
        self.assertEqual(self.ran(), {"a": "x", "b": "x"})

    def test_failure_stops_and_is_gone_on_with(self):
        a, b = self.stage("a"), self.stage("b", ("a",))
        with self.assertRaisesRegex(SystemExit, "b ended with 1; the same command again goes on"):
            self.follow(a, self.stage("b", ("a",), fail=True))
        self.follow(a, b)
        self.assertEqual(self.ran(), {"a": "x", "b": "xx"})

    def test_size(self):
        """What is too large stops, and isn't taken for done."""
        stage = lambda most: dataclasses.replace(self.stage("a"), makes=[self.work / "a"], most_bytes=most)
        for _ in range(2):
            (self.work / "a").unlink(missing_ok=True)
            (self.work / "b").write_text("xyz")
            with self.assertRaisesRegex(SystemExit, "is 4 bytes, want at most 3"):
                self.follow(stage(3))
        (self.work / "a").unlink()
        self.follow(stage(4))
        self.assertEqual(self.ran(), {"a": "x", "b": "xyz"})

    def test_component_models_are_packed(self):
        todo = {s.name: s for s in recipe.stages(self.work, recipe.PRESETS["cpu"], 1)}
        for part in ("backgrounds", "objects"):
            pack, export = todo[f"{part}-pack"], todo[f"{part}-export"]
            self.assertIn(str(export.makes[0].parent), pack.command)
            self.assertEqual(pack.command[-2:], todo["pack"].command[-2:])
            self.assertEqual((pack.most_bytes, todo["pack"].most_bytes), (5_000_000, None))

    def test_presets(self):
        """Every preset's stages have names of their own, need what comes before, and say all they make."""
        for name, preset in recipe.PRESETS.items():
            todo = recipe.stages(self.work, preset, 1)
            names = [s.name for s in todo]
            self.assertEqual(len(set(names)), len(names), name)
            for i, s in enumerate(todo):
                self.assertLessEqual(set(s.needs), set(names[:i]), f"{name}: {s.name}")
                self.assertTrue(s.makes, f"{name}: {s.name}")
            alone = recipe.measuring_alone(self.work, self.work / "model", preset)
            self.assertEqual({n for s in alone for n in s.needs} - {s.name for s in alone}, set(), name)
            self.assertEqual({"unet", "judge"} & {s.name for s in alone}, set(), name)

    def test_decoder_hours_of_several_starts(self):
        rows = ["minutes,step", "0.5,0", "3,100", "6,200", "0.2,0", "4,150"]
        (self.work / "decoder.csv").write_text("\n".join(rows) + "\n")
        self.assertAlmostEqual(recipe.decoder_hours(self.work), 10 / 60)
        self.assertEqual(recipe.decoder_hours(self.work / "nowhere"), 0)


if __name__ == "__main__":
    unittest.main()
