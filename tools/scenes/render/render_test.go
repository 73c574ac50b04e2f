package render

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"testing"

	"github.com/counterpoint/counterpoint/tools/scenes/geom"
	"github.com/counterpoint/counterpoint/tools/scenes/scene"
	"github.com/counterpoint/counterpoint/tools/scenes/vocab"
)

func sample(t testing.TB, index int) *scene.Scene {
	t.Helper()
	s, err := scene.Sample(1, index, scene.All, scene.Everything)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestGolden pins the pictures' bytes, on every platform: data sets are named by their seed alone.
func TestGolden(t *testing.T) {
	const want = "9f71dc04b637433d34da36f33d078e6fadaecc8bf2d66c3cba2e34528867ef31"
	h := sha256.New()
	for i := range 24 {
		h.Write(Image(sample(t, i), 64))
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		t.Errorf("sha256 %s, want %s", got, want)
	}
}

// stage returns a scene with one object of the usual size in the middle, or none if shape is "".
func stage(t testing.TB, background, shape, colour, material string) *scene.Scene {
	s := sample(t, 0)
	s.Background, s.Objects = background, nil
	if shape != "" {
		body, ok := geom.ShapeNamed(shape)
		if !ok {
			t.Fatalf("no shape %s", shape)
		}
		s.Objects = []scene.Object{{Shape: shape, Colour: colour, Material: material, On: -1,
			Instance: geom.Instance{Shape: body, Turn: geom.Turn{Cos: 1}, Scale: 1}}}
	}
	return s
}

// Every colour is the nearest of the eight to what is seen of it, by hue and then lightness, on every background and
// in both materials.
func TestColoursAreTold(t *testing.T) {
	for _, b := range vocab.Default.Backgrounds {
		for _, c := range vocab.Default.Colours {
			for _, m := range vocab.Default.Materials {
				s := stage(t, b.Name, "sphere", c.Name, m)
				got := told(mean(Image(s, 32), 32, s))
				if got != c.Name {
					t.Errorf("%s %s on %s looks %s", c.Name, m, b.Name, got)
				}
			}
		}
	}
}

// mean is the mean linear colour of the pixels about the centre of the only object.
func mean(pix []byte, size int, s *scene.Scene) vec {
	u, v := s.Camera.Project(s.Objects[0].Sphere().C)
	var sum vec
	n := 0.0
	for y := int(v*float64(size)) - 2; y <= int(v*float64(size))+2; y++ {
		for x := int(u*float64(size)) - 2; x <= int(u*float64(size))+2; x++ {
			p := pix[3*(y*size+x):]
			sum = sum.Add(vec{X: linear(p[0]), Y: linear(p[1]), Z: linear(p[2])})
			n++
		}
	}
	return sum.Scale(1 / n)
}

func linear(b byte) float64 {
	x := float64(b) / 255
	if x <= 0.04045 {
		return x / 12.92
	}
	return math.Pow((x+0.055)/1.055, 2.4)
}

// told is the colour whose direction is nearest: how much light there is does not count.
func told(c vec) string {
	best, name := -1.0, ""
	for _, k := range vocab.Default.Colours {
		if cos := c.Unit().Dot(rgb(k.RGB[0], k.RGB[1], k.RGB[2]).Unit()); cos > best {
			best, name = cos, k.Name
		}
	}
	return name
}

// Each shape is drawn, in its colour, and leaves a shadow to the right, whose edge is soft.
func TestShapesAndShadows(t *testing.T) {
	const size = 96
	empty := Image(stage(t, "studio", "", "", ""), size)
	for _, shape := range vocab.Default.Shapes {
		pix := Image(stage(t, "studio", shape, "red", "rubber"), size)
		red, dark, half := 0, 0, 0
		for i := 0; i < len(pix); i += 3 {
			drop := int(empty[i+1]) - int(pix[i+1])
			switch {
			case int(pix[i]) > 2*int(pix[i+1]):
				red++
			case drop > 45:
				dark++
			case drop > 12 && drop < 36:
				half++
			}
		}
		if red < 120 || dark < 20 || half < 20 {
			t.Errorf("%s: %d pixels red, %d dark, %d half shaded", shape, red, dark, half)
		}
	}
}

// A picture of twice the size is the same picture: its means over 2×2 pixels are near.
func TestSizes(t *testing.T) {
	s := sample(t, 4)
	const size = 64
	small, large := Image(s, size), Image(s, 2*size)
	sum := 0.0
	for y := range size {
		for x := range size {
			for k := range 3 {
				m := 0.0
				for _, d := range [][2]int{{0, 0}, {0, 1}, {1, 0}, {1, 1}} {
					m += float64(large[3*((2*y+d[0])*2*size+2*x+d[1])+k]) / 4
				}
				sum += math.Abs(m - float64(small[3*(y*size+x)+k]))
			}
		}
	}
	if mean := sum / (3 * size * size); mean > 1.5 {
		t.Errorf("mean difference %.2f codes", mean)
	}
}

func TestEveryBackgroundIsDrawn(t *testing.T) {
	seen := map[string]string{}
	for _, b := range vocab.Default.Backgrounds {
		sum := sha256.Sum256(Image(stage(t, b.Name, "", "", ""), 16))
		if other, ok := seen[string(sum[:])]; ok {
			t.Errorf("%s looks like %s", b.Name, other)
		}
		seen[string(sum[:])] = b.Name
	}
	if len(environments) != len(vocab.Default.Backgrounds) {
		t.Errorf("%d environments for %d backgrounds", len(environments), len(vocab.Default.Backgrounds))
	}
}

func TestEncode(t *testing.T) {
	for i := range 10001 {
		x := float64(i) / 10000
		want := 12.92 * x
		if x > 0.0031308 {
			want = 1.055*math.Pow(x, 1/2.4) - 0.055
		}
		if got := float64(encode(x)); math.Abs(got-255*want) > 1.5 {
			t.Fatalf("encode(%g) = %g, sRGB is %.2f", x, got, 255*want)
		}
	}
	if encode(-1) != 0 || encode(7) != 255 {
		t.Error("encode does not clamp")
	}
}

func BenchmarkRender128(b *testing.B) {
	scenes := make([]*scene.Scene, 64)
	for i := range scenes {
		scenes[i] = sample(b, i)
	}
	b.ResetTimer()
	for i := range b.N {
		Image(scenes[i%len(scenes)], 128)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
}
