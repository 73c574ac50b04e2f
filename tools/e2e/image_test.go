package e2e

import "testing"

// inpainted is what inpaint tells of a run.
type inpainted struct {
	Kept   int // pixels of the left half that are the picture's
	Anew   int // pixels of the right half that are not
	Digest string
	Steps  int
	Field  string // that a file which is no picture is refused for
}

// inpaint changes the right half of a picture, given as a PNG file, by a mask that is drawn on a canvas.
const inpaint = `(async () => {
	const { Counterpoint } = await import("/counterpoint.js");
	const cp = await Counterpoint.from_pretrained("/model/", { device: "cpu" });
	const last = async (options) => {
		let found;
		for await (const event of cp.stream("a red cube", { seed: 7, steps: 4, ...options })) found = event.blob ?? found;
		return found;
	};
	const read = async (blob) => {
		const context = new OffscreenCanvas(64, 64).getContext("2d");
		context.drawImage(await createImageBitmap(blob), 0, 0);
		return new Uint32Array(context.getImageData(0, 0, 64, 64).data.buffer);
	};
	const image = await last({});
	const mask_image = new OffscreenCanvas(64, 64);
	const context = mask_image.getContext("2d");
	context.fillStyle = "white";
	context.fillRect(32, 0, 32, 64);
	const told = { Kept: 0, Anew: 0 };
	let steps = 0, recipe;
	const before = await read(image);
	for await (const event of cp.stream("a blue sphere", { image, mask_image, strength: 0.75, steps: 4, seed: 8 })) {
		if (event.phase === "denoising") steps = event.steps;
		if (event.type === "done") recipe = event.request;
		if (event.type !== "picture") continue;
		(await read(event.blob)).forEach((pixel, i) => {
			if (i % 64 < 32) told.Kept += pixel === before[i];
			else told.Anew += pixel !== before[i];
		});
	}
	try {
		await last({ image: new Blob(["no picture"]) });
	} catch ({ field }) {
		told.Field = field;
	}
	cp.dispose();
	return { ...told, Digest: recipe.image_sha256, Steps: steps };
})()`

// A page changes a part of a picture; the rest stays as it is, to the bit.
func TestInpaint(t *testing.T) {
	o := newOrigin(t, tinyModel(t))
	v := newVisit(t, o.url+"?device=cpu")
	v.awaitText("status", "^Ready$")
	got := evaluate[inpainted](v, inpaint)
	if half := 32 * 64; got.Kept != half || got.Anew < half/2 {
		t.Errorf("of %d pixels each, %d are kept and %d new", half, got.Kept, got.Anew)
	}
	if got.Steps != 3 || len(got.Digest) != 64 || got.Field != "image" {
		t.Errorf("%+v", got)
	}
}
