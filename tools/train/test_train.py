"""python -m unittest: what training, export and the engine must agree on. A few seconds."""

import json
import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

import autoencoder
import data
import export
import tokenizer
from model import Architecture, Denoiser, bumps, scheduler, velocity
from sample import Term, compose

SMALL = Architecture(widths=(16, 32), heads=2, text_width=16, text_layers=1, text_heads=2)


def small_tokenizer(folder: Path):
    words = tokenizer.words(tokenizer.VOCABULARY.read_text("utf-8"))
    tokenizer.save(words, folder)
    return words, tokenizer.load(folder)


class TokenizerTest(unittest.TestCase):
    def test_every_word_is_one_token(self):
        with tempfile.TemporaryDirectory() as folder:
            words, tok = small_tokenizer(Path(folder))
            self.assertIn("cylinder", words)
            self.assertEqual([w for w in words if tok.tokenize(w) != [w + tokenizer.END]], [])

    def test_merges_of_words_that_overlap(self):
        words = sorted(["an", "and", "sand", "andsand", "papa", "pap", "banana"])
        ranks = {pair: i for i, pair in enumerate(tokenizer.merges(words))}
        self.assertEqual([tokenizer.encode(w, ranks) for w in words], [[w + tokenizer.END] for w in words])

    def test_other_text_falls_to_bytes(self):
        with tempfile.TemporaryDirectory() as folder:
            _, tok = small_tokenizer(Path(folder))
            self.assertEqual(tok.decode(tok("a Zebra é").input_ids[1:-1]), "a zebra é")
            self.assertNotIn(tok.unk_token_id, tok("zebra 7 é").input_ids[1:-1])


class ModelTest(unittest.TestCase):
    def test_bump_peaks_at_its_place(self):
        # The middle of cell (row 2, column 5) of 8×8.
        b = bumps(torch.tensor([[5.5 / 8, 2.5 / 8], data.NOWHERE]), 8, 8, 1 / 8)
        self.assertEqual(b.shape, (2, 1, 8, 8))
        self.assertEqual(b[0, 0].argmax().item(), 2 * 8 + 5)
        self.assertAlmostEqual(b[0, 0, 2, 5].item(), 1.0, places=6)
        self.assertAlmostEqual(b[0, 0, 2, 6].item(), np.exp(-0.5), places=6)
        self.assertEqual(b[1].abs().max(), 0)

    def test_velocity_is_the_schedulers(self):
        ddim = scheduler()
        x0, noise, t = torch.randn(3, 2, 4, 4), torch.randn(3, 2, 4, 4), torch.tensor([0, 500, 999])
        x, v = velocity(x0, noise, t, ddim.alphas_cumprod)
        torch.testing.assert_close(x, ddim.add_noise(x0, noise, t))
        torch.testing.assert_close(v, ddim.get_velocity(x0, noise, t))

    def test_composition(self):
        """One term of weight w is guidance of scale w; terms of opposite weights cancel; neighbours do not matter."""
        with tempfile.TemporaryDirectory() as folder:
            torch.manual_seed(0)
            _, tok = small_tokenizer(Path(folder))
            model = Denoiser.new(SMALL, tok).eval()
            cube = Term("a red cube", (0.3, 0.6))
            twice = Term(cube.text, cube.place, 2.0)
            undone = [cube, Term(cube.text, cube.place, -1.0)]
            run = lambda pictures, seeds, g: compose(model, tok, pictures, seeds, 16, steps=3, guidance=g)
            null, guided, cancelled = run([[], [twice], undone], [5, 5, 5], 1.5)
            torch.testing.assert_close(guided[None], run([[cube]], [5], 3.0), rtol=1e-4, atol=1e-4)
            torch.testing.assert_close(cancelled, null, rtol=1e-4, atol=1e-4)
            self.assertGreater((guided - null).abs().max(), 1e-3)


    def test_things_laid(self):
        """A thing laid on a row is the same thing given with its place; nouns are found in every wording."""
        with tempfile.TemporaryDirectory() as folder:
            torch.manual_seed(0)
            _, tok = small_tokenizer(Path(folder))
            model = Denoiser.new(SMALL, tok).eval()
            encode = lambda text: torch.tensor(tok([text], padding="max_length", max_length=tokenizer.LENGTH).input_ids)
            x, t, bump = torch.randn(1, 8, 16, 16), torch.tensor([500]), bumps(torch.tensor([[0.3, 0.6]]), 16, 16, 1 / 16)
            given = model(x, t, encode("a red cube"), bump)
            laid = model(x, t, encode("a red cube"), 0 * bump, (torch.tensor([0]), encode("a red cube"), bump))
            torch.testing.assert_close(laid, given)
        self.assertEqual(data.nouns("a red cube is to the left of a car on snow"), ["a red cube", "a car"])
        self.assertEqual(data.nouns("a car, something red and a tree"), ["a car", "something red", "a tree"])
        self.assertEqual(data.nouns("small car on top of a cube at night"), ["small car", "a cube"])


class AutoencoderTest(unittest.TestCase):
    def test_fit(self):
        """Blocks of eight kinds of content come back exactly, and latents have unit variance."""
        generator = torch.Generator().manual_seed(0)
        basis = torch.randn(8, 3, 8, 8, generator=generator) / 10
        cells = torch.randn(64, 8, 4, 4, generator=generator)
        images = torch.einsum("nchw,cdij->ndhiwj", cells, basis).reshape(64, 3, 32, 32)
        vae = autoencoder.fit(images, Architecture())
        z = vae.encode(images)
        torch.testing.assert_close(z.std((0, 2, 3)), torch.ones(8), rtol=1e-3, atol=1e-3)
        torch.testing.assert_close(z.mean((0, 2, 3)), torch.zeros(8), rtol=0, atol=1e-3)
        # Only the mean block, which one bias colour cannot hold, is lost; and the learnt part starts at nothing.
        self.assertLess((vae.decode(z) - images).square().mean(), 2e-3 * images.square().mean())


class ExportTest(unittest.TestCase):
    def test_round_trip(self):
        with tempfile.TemporaryDirectory() as name:
            run, folder = Path(name) / "run", Path(name) / "scenes"
            torch.manual_seed(0)
            words, tok = small_tokenizer(run / "tokenizer")
            (run / "vocabulary.json").write_text(json.dumps(words))
            images = torch.rand(16, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
            vae = autoencoder.fit(images, Architecture())
            autoencoder.save(vae, run)
            model = Denoiser.new(Architecture(), tok).eval()
            facts = dict(samples="1", hours="0.5", images="16", machine="test")
            save_file(model.state_dict(), run / "ema.safetensors", facts)
            for _ in range(2):  # the second replaces the first
                export.write(run, folder)
            again, vae_again = export.read(folder)
            args = torch.randn(1, 8, 16, 16), torch.tensor([500]), torch.tensor([tok("a red cube").input_ids])
            bump = bumps(torch.tensor([[0.5, 0.5]]), 16, 16, 1 / 16)
            with torch.inference_mode():
                torch.testing.assert_close(again(*args, bump), model(*args, bump), rtol=0, atol=5e-3)  # float16
                torch.testing.assert_close(vae_again.encode(images), vae.encode(images), rtol=0, atol=2e-2)
            preview = json.loads((folder / "counterpoint.json").read_text())["latent_rgb"]
            z = vae.encode(images)
            want = vae.decode_linear(z).reshape(16, 3, 4, 8, 4, 8).mean((3, 5))
            got = torch.einsum("nchw,cd->ndhw", z, torch.tensor(preview["weight"]))
            got += torch.tensor(preview["bias"])[:, None, None]
            torch.testing.assert_close(got, want, rtol=0, atol=1e-4)
            self.assertEqual(sorted(p.name for p in Path(name).iterdir()), ["run", "scenes"])


if __name__ == "__main__":
    unittest.main()
