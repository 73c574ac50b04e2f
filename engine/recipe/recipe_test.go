package recipe

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"image/png"
	"reflect"
	"strings"
	"testing"

	"github.com/counterpoint/counterpoint/engine"
	"github.com/counterpoint/counterpoint/engine/compose"
)

func example() Recipe {
	return Recipe{
		Format:  Format,
		Version: "counterpoint v0.1.0",
		Request: engine.Request{
			Prompt: "a red cube AND a blue sphere :1.2 AND NOT a shadow", NegativePrompt: "blurry",
			Seed: 7, Steps: 24, GuidanceScale: 6, MaxGuidance: 10, Sampler: "ddim", Width: 256, Height: 256, Batch: 1,
		},
		Model: engine.ModelInfo{Name: "scenes", Hash: "3fa1c09b2e", Profile: "int8"},
		Rows: []compose.Row{
			{Text: "blurry", Coef: -6.2, Unconditional: true},
			{Text: "a blue sphere", Coef: 7.2, Place: &compose.Place{X: 0.25, Y: 0.5}},
		},
	}
}

func picture() *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, 5, 3))
	for i := range 15 {
		img.SetNRGBA(i%5, i/5, color.NRGBA{uint8(16 * i), uint8(255 - i), 40, 255})
	}
	return img
}

func encoded(t testing.TB, r *Recipe) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Encode(&b, picture(), r); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// The example of the conventions, to the byte.
func TestParameters(t *testing.T) {
	const want = `a red cube AND a blue sphere :1.2 AND a shadow :-1
Negative prompt: blurry
Steps: 24, Sampler: DDIM, CFG scale: 6, Seed: 7, Size: 256x256, Model hash: 3fa1c09b2e, Model: scenes, Version: counterpoint v0.1.0`
	r := example()
	if got := r.Parameters(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// A strength goes there and back, and so does A1111's second run at a higher resolution, if it says how much higher.
func TestDenoisingStrength(t *testing.T) {
	r := example()
	r.Request.Strength, r.Request.ImageSHA256 = 0.55, strings.Repeat("0a", 32)
	text := r.Parameters()
	if !strings.Contains(text, ", Denoising strength: 0.55, Version") {
		t.Errorf("parameters %s", text)
	}
	for more, want := range map[string]engine.Request{
		"":                                   {Strength: 0.55, Width: 256},
		", Hires upscale: 2, Hires steps: 7": {Strength: 0.55, Width: 512, Hires: 2},
		", Hires upscale: 1":                 {Width: 256, Hires: 1},
		", Hires resize: 512x300":            {Width: 256},
		", Hires upscale: 1.5, Hires upscaler: A": {Strength: 0.55, Width: 384, Hires: 1.5},
	} {
		got, err := ParseParameters(text + more)
		if q := got.Request; err != nil || q.Strength != want.Strength || q.Width != want.Width || q.Hires != want.Hires {
			t.Errorf("%q: strength %v, width %d, hires %v, %v; want %+v", more, q.Strength, q.Width, q.Hires, err, want)
		}
	}
	for _, more := range []string{", Hires upscale: 0.5", ", Hires upscale: 9", ", Hires upscale: x", ", Size: 4000x8, Hires upscale: 2"} {
		if _, err := ParseParameters(text + more); err == nil {
			t.Errorf("%q is taken", more)
		}
	}
	larger := example()
	larger.Request.Hires, larger.Request.Strength = 2, 0.5
	if got := larger.Parameters(); !strings.Contains(got, "Size: 128x128, ") || !strings.Contains(got, ", Denoising strength: 0.5, Hires upscale: 2, ") {
		t.Errorf("parameters %s", got)
	} else if again, err := ParseParameters(got); err != nil || again.Request.Width != 256 || again.Request.Height != 256 || again.Request.Hires != 2 {
		t.Errorf("%s is read as %+v, %v", got, again.Request, err)
	}
	if _, err := ParseParameters(strings.Replace(text, "0.55", "5.5", 1)); err == nil {
		t.Error("a strength of 5.5 is none")
	}
	got, err := Decode(bytes.NewReader(encoded(t, &r)))
	if err != nil || got.Request.ImageSHA256 != r.Request.ImageSHA256 || got.Request.Strength != 0.55 {
		t.Errorf("got %+v, %v", got.Request, err)
	}
}

func TestDialect(t *testing.T) {
	for _, c := range []struct{ source, want string }{
		{"a red cube", "a red cube"},
		{"a AND NOT b :0.5", "a AND b :-0.5"},
		{"(a AND b :2) :1.5 AND NOT (c AND NOT d)", "a :1.5 AND b :3 AND c :-1 AND d"},
		{"a AND a", "a :2"},
		{"ratio 16:9", "ratio 16:9 :1"},
		{`room 7\:30 AND b`, "room 7:30 :1 AND b"},
		{`smile \(wide\) AND \\o`, `smile \(wide\) AND \\o`},
		{"  a\n\tred   cube ", "a red cube"},
		{"a @(0.25, 0.5) AND\nb", "a @(0.25, 0.5) AND b"},
		{`rock \AND roll AND NOT jazz`, `rock \AND roll AND NOT jazz`},
		{`\[x\:y\:0.4\] z`, `\[x\:y\:0.4\] z`},
		{"not ours: [a:b:0.4]", "not ours: [a:b:0.4]"},
		{"a (red:1.2) cube BREAK [on (sand)] AND NOT b", "a (red:1.2) cube BREAK [on (sand)] AND b :-1"},
		{`(red) AND \(red\) AND (red)`, `(red) :2 AND \(red\)`},
		{`(a\: b) AND NOT c`, `(a\: b) AND NOT c`},
	} {
		if got := dialect(c.source); got != c.want {
			t.Errorf("dialect(%q) = %q, want %q", c.source, got, c.want)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	for _, prompt := range []string{
		"a red cube AND a blue sphere",
		"un château d'été",                 // fits Latin-1, still not in tEXt
		"雪の家 AND 🏠 @(0.5, 0.5)",            // beyond Latin-1, beyond the basic plane
		"a \"quoted\" <b> & \\( \x7f\n\tb", // what JSON and HTML escape
	} {
		want := example()
		want.Request.Prompt = prompt
		file := encoded(t, &want)
		got, err := Decode(bytes.NewReader(file))
		if err != nil {
			t.Fatalf("%q: %v", prompt, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %+v, want %+v", prompt, got, want)
		}
		img, err := png.Decode(bytes.NewReader(file))
		if err != nil {
			t.Fatalf("%q: %v", prompt, err)
		}
		for y := range 3 {
			for x := range 5 {
				if got, want := color.NRGBAModel.Convert(img.At(x, y)), picture().At(x, y); got != want {
					t.Fatalf("%q: pixel %d,%d is %v, want %v", prompt, x, y, got, want)
				}
			}
		}
	}
}

// Text stands right after the header, ours is ASCII whatever the prompt, and the other is tEXt exactly if it is ASCII.
func TestChunks(t *testing.T) {
	for _, c := range []struct{ prompt, kind, data string }{
		{"a red cube", "tEXt", "parameters\x00a red cube\n"},
		{"été", "iTXt", "parameters\x00\x00\x00\x00\x00été\n"},
	} {
		r := example()
		r.Request.Prompt = c.prompt
		file := encoded(t, &r)
		const offset = 33
		length := int(binary.BigEndian.Uint32(file[offset:]))
		kind, data := string(file[offset+4:offset+8]), string(file[offset+8:offset+8+length])
		if kind != c.kind || !strings.HasPrefix(data, c.data) {
			t.Errorf("%q: chunk at byte %d is %s %q, want %s %q…", c.prompt, offset, kind, data, c.kind, c.data)
		}
		next := file[offset+chunkFrame+length:]
		ours := next[8 : 8+binary.BigEndian.Uint32(next)]
		if kind := string(next[4:8]); kind != "tEXt" || !bytes.HasPrefix(ours, []byte("counterpoint\x00{")) || !isASCII(string(ours)) {
			t.Errorf("%q: the next is %s %q, want tEXt, ASCII, of counterpoint", c.prompt, kind, ours)
		}
	}
}

func TestPlain(t *testing.T) {
	file := encoded(t, nil)
	if bytes.Contains(file, []byte("tEXt")) || bytes.Contains(file, []byte("iTXt")) {
		t.Error("a picture without a recipe has text")
	}
	if _, err := Decode(bytes.NewReader(file)); !errors.Is(err, ErrNone) {
		t.Errorf("Decode: %v, want ErrNone", err)
	}
}

func TestOf(t *testing.T) {
	e := example()
	result := &engine.Result{Request: e.Request, Model: e.Model, Rows: e.Rows,
		Pictures: []engine.Picture{{Seed: 7}, {Seed: 8}}}
	result.Request.Batch = 2
	want := e
	want.Request.Seed = 8
	if got := Of(result, 1, e.Version); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// A candidate's picture is made alone; a particle's only with all of them.
func TestOfSeveral(t *testing.T) {
	e := example()
	result := &engine.Result{Request: e.Request, Model: e.Model, Rows: e.Rows, Pictures: []engine.Picture{{Seed: 9}, {Seed: 11}}}
	result.Request.Batch, result.Request.BestOf = 2, 3
	got := Of(result, 1, e.Version)
	if q := got.Request; q.Seed != 11 || q.Batch != 1 || q.BestOf != 0 || got.Index != 0 {
		t.Errorf("the best of three has recipe %+v", got)
	}
	result.Request.BestOf, result.Request.Particles = 0, true
	got = Of(result, 1, e.Version)
	if q := got.Request; q.Seed != e.Request.Seed || q.Batch != 2 || got.Index != 1 {
		t.Errorf("a particle has recipe %+v", got)
	}
	back, err := ParseParameters(got.Parameters())
	if err != nil || !back.Request.Particles || back.Request.Batch != 2 || back.Index != 1 {
		t.Errorf("a particle's text %q reads as %+v, %v", got.Parameters(), back, err)
	}
}

// Settings that other programs don't have come back from the text as they were.
func TestExtras(t *testing.T) {
	want := example()
	q := &want.Request
	q.Negation, q.NegationPrior, q.NegationMaxGate = "gated", 0.25, 3
	q.StopAfter, q.Rescale, q.GuidanceStart, q.GuidanceStop = 3, 0.7, 0.125, 0.75
	q.APG, q.APGEta, q.APGNormThreshold = true, 0.5, 15
	q.Particles, q.ParticlesClamp, q.ResampleBelow, q.Batch, want.Index = true, 2, 0.5, 8, 3
	got, err := ParseParameters(want.Parameters())
	if err != nil {
		t.Fatal(err)
	}
	got.Request.Prompt, got.Request.MaxGuidance, got.Rows, got.Model.Profile = q.Prompt, q.MaxGuidance, want.Rows, want.Model.Profile
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// withText returns a picture with raw chunks after its header.
func withText(t testing.TB, chunks ...[]byte) []byte {
	plain := encoded(t, nil)
	file := append([]byte{}, plain[:headerBytes]...)
	for _, c := range chunks {
		file = append(file, c...)
	}
	return append(file, plain[headerBytes:]...)
}

func TestDecodeA1111(t *testing.T) {
	const text = "château, (best:1.2)\nsecond line\nNegative prompt: blurry,\nugly\n" +
		`Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7.5, Seed: 42, Size: 512x768, ` +
		`Model hash: 0123456789, Model: v1-5, Lora hashes: "x: 1, y: 2", Version: v1.10.1`
	want := Recipe{Format: Format, Version: "v1.10.1",
		Request: engine.Request{
			Prompt: "château, (best:1.2)\nsecond line", NegativePrompt: "blurry,\nugly", Seed: 42, Steps: 20,
			GuidanceScale: 7.5, Sampler: "dpm++ 2m", Scheduler: "karras", Width: 512, Height: 768, Batch: 1,
		},
		Model: engine.ModelInfo{Name: "v1-5", Hash: "0123456789"},
	}
	latin := appendChunk(nil, "tEXt", "parameters\x00"+string(toLatin1(text)))
	for name, file := range map[string][]byte{
		"tEXt": withText(t, latin),
		"iTXt": withText(t, appendText(nil, keyA1111, text)),
	} {
		got, err := Decode(bytes.NewReader(file))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
	}
}

func toLatin1(s string) (b []byte) {
	for _, r := range s {
		b = append(b, byte(r))
	}
	return b
}

func TestDecodeErrors(t *testing.T) {
	good := encoded(t, &Recipe{Format: Format})
	flipped := bytes.Clone(good)
	flipped[45] ^= 1
	huge := binary.BigEndian.AppendUint32([]byte(signature), ihdrLength)
	huge = append(append(huge, good[12:headerBytes]...), "\xff\xff\xff\xf0IDAT"...)
	for _, c := range []struct {
		name string
		file []byte
		want string
	}{
		{"empty", nil, "ends within the signature"},
		{"JPEG", []byte("\xff\xd8\xff\xe0aaaaaaaaaaaaaaaa"), "wrong signature"},
		{"no IHDR", []byte(signature + "\x00\x00\x00\x0dIDATaaaaaaaaaaaaaaaaaaa"), "want IHDR"},
		{"cut head", good[:36], "ends within a chunk's head"},
		{"cut data", good[:45], `ends within chunk "tEXt", after 4 of`},
		{"flipped byte", flipped, "CRC mismatch"},
		{"wild length", huge, "more than"},
		{"long text", withText(t, appendChunk(nil, "tEXt", strings.Repeat("a", maxText+1))), "at most 1048576 are read"},
		{"not JSON", withText(t, appendText(nil, keyOurs, "{")), `chunk "counterpoint"`},
		{"later format", withText(t, appendText(nil, keyOurs, `{"format":99}`)), "format 99, want 1"},
		{"bad seed", withText(t, appendText(nil, keyA1111, "a\nSteps: 2, Seed: -4, Size: 8x8")), "Seed"},
		{"bad size", withText(t, appendText(nil, keyA1111, "a\nSteps: 2, Seed: 4, Size: 8x999999")), "Size"},
		{"few settings", withText(t, appendText(nil, keyA1111, "a\nSteps: 2, Seed: 4")), ErrNone.Error()},
		{"no separator", withText(t, appendChunk(nil, "tEXt", "parameters")), ErrNone.Error()},
		{"compressed", withText(t, appendChunk(nil, "iTXt", "parameters\x00\x01\x00\x00\x00x")), ErrNone.Error()},
	} {
		_, err := Decode(bytes.NewReader(c.file))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error with %q", c.name, err, c.want)
		}
	}
}

// What decodes, encodes and decodes to the same again.
func FuzzDecode(f *testing.F) {
	r := example()
	f.Add(encoded(f, &r))
	r.Request.Prompt = "été 🏠"
	f.Add(encoded(f, &r))
	f.Add(encoded(f, nil))
	f.Add(withText(f, appendText(nil, keyA1111, "a\nNegative prompt: b\nSteps: 2, Sampler: Euler a, CFG scale: 7, Seed: 4, Size: 8x8")))
	f.Fuzz(func(t *testing.T, file []byte) {
		first, err := Decode(bytes.NewReader(file))
		if err != nil {
			if !reflect.DeepEqual(first, Recipe{}) {
				t.Fatalf("error %v with a recipe %+v", err, first)
			}
			return
		}
		var again bytes.Buffer
		if err := Encode(&again, picture(), &first); err != nil {
			t.Fatal(err)
		}
		second, err := Decode(&again)
		if err != nil {
			t.Fatal(err)
		}
		a, _ := json.Marshal(first)
		b, _ := json.Marshal(second)
		if !bytes.Equal(a, b) {
			t.Fatalf("first %s, then %s", a, b)
		}
	})
}

// FuzzParameters parses text from other programs; one of ours reads back as it was asked for.
func FuzzParameters(f *testing.F) {
	r := example()
	f.Add(r.Parameters(), "a red cube")
	f.Add("x\nSteps: 1, Seed: 2, Size: 1x1", `a \( b: 16:9 AND NOT c`)
	f.Fuzz(func(t *testing.T, text, prompt string) {
		_, _ = ParseParameters(text)
		r := example()
		r.Request.Prompt = prompt
		back, err := ParseParameters(r.Parameters())
		if err != nil {
			t.Fatalf("%q: %v", r.Parameters(), err)
		}
		if got, want := back.Request.Seed, r.Request.Seed; got != want {
			t.Fatalf("%q: seed %d, want %d", r.Parameters(), got, want)
		}
	})
}
