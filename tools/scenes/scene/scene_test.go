package scene

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/counterpoint/counterpoint/tools/scenes/vocab"
)

func sample(t testing.TB, seed uint64, index int, split Split) *Scene {
	t.Helper()
	s, err := Sample(seed, index, split, Everything)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// each calls f with the first n scenes of a split.
func each(t *testing.T, split Split, n int, f func(*Scene)) {
	t.Helper()
	for i := range n {
		f(sample(t, 3, i, split))
	}
}

func TestDeterminism(t *testing.T) {
	for i := range 20 {
		a, b := sample(t, 9, i, Train), sample(t, 9, i, Train)
		if !reflect.DeepEqual(a, b) || !reflect.DeepEqual(a.Captions(), b.Captions()) {
			t.Fatalf("scene %d differs from itself", i)
		}
		if reflect.DeepEqual(a.Camera, sample(t, 10, i, Train).Camera) ||
			reflect.DeepEqual(a.Camera, sample(t, 9, i+1, Train).Camera) {
			t.Fatalf("scene %d has the camera of another seed or index", i)
		}
	}
}

func TestLayout(t *testing.T) {
	each(t, All, 200, func(s *Scene) {
		for i := range s.Objects {
			o := &s.Objects[i]
			if o.Visible < minVisible || o.Visible > 1 {
				t.Errorf("scene %d: object %d is visible to %g", s.Index, i, o.Visible)
			}
			for k, edge := range o.Box {
				if edge <= 0 || edge >= 1 {
					t.Errorf("scene %d: edge %d of object %d is at %g", s.Index, k, i, edge)
				}
			}
			if u, v := s.Camera.Project(o.Sphere().C); math.Abs(u-(o.Box[0]+o.Box[2])/2) > 0.06 ||
				math.Abs(v-(o.Box[1]+o.Box[3])/2) > 0.06 {
				t.Errorf("scene %d: object %d is seen at %g, %g, its box is %v", s.Index, i, u, v, o.Box)
			}
			if o.On < 0 {
				if o.Pos.Y != 0 {
					t.Errorf("scene %d: object %d floats at %g", s.Index, i, o.Pos.Y)
				}
			} else if b := &s.Objects[o.On]; b.FlatTop == 0 || b.On >= 0 || o.On >= i ||
				math.Abs(b.Hi.Y*b.Scale-o.Pos.Y) > 1e-12 || b.Pos.X != o.Pos.X || b.Pos.Z != o.Pos.Z {
				t.Errorf("scene %d: object %d does not stand on a %s", s.Index, i, b.Shape)
			}
			for j := range i {
				p := &s.Objects[j]
				d := math.Hypot(o.Pos.X-p.Pos.X, o.Pos.Z-p.Pos.Z)
				if o.On != j && d < o.Footprint*o.Scale+p.Footprint*p.Scale {
					t.Errorf("scene %d: objects %d and %d intersect", s.Index, j, i)
				}
			}
		}
	})
}

// TestVisibleShare counts, along rays through the picture, how much of each object is met first.
func TestVisibleShare(t *testing.T) {
	hidden := 0
	each(t, All, 60, func(s *Scene) {
		all, first := make([]int, len(s.Objects)), make([]int, len(s.Objects))
		for y := range maskSize {
			for x := range maskSize {
				r := s.Camera.Ray((float64(x)+0.5)/maskSize, (float64(y)+0.5)/maskSize)
				near, at := math.Inf(1), -1
				for i := range s.Objects {
					d, _, part := s.Objects[i].Hit(r)
					if part >= 0 {
						all[i]++
					}
					if d < near {
						near, at = d, i
					}
				}
				if at >= 0 {
					first[at]++
				}
			}
		}
		for i := range s.Objects {
			want := float64(first[i]) / float64(all[i])
			if math.Abs(s.Objects[i].Visible-want) > 1e-12 {
				t.Errorf("scene %d: object %d is said visible to %g, rays say %g", s.Index, i, s.Objects[i].Visible, want)
			}
			if want < 1 {
				hidden++
			}
		}
	})
	if hidden == 0 {
		t.Error("nothing hides anything in 60 scenes")
	}
}

func TestDistribution(t *testing.T) {
	const n = 600
	counts := make([]float64, MaxObjects+1)
	objects := map[string]float64{}
	total, stacked := 0.0, 0.0
	each(t, All, n, func(s *Scene) {
		counts[len(s.Objects)]++
		for i := range s.Objects {
			o := &s.Objects[i]
			total++
			for _, word := range []string{o.Shape, o.Colour, o.Material, o.Size} {
				objects[word]++
			}
			if o.On >= 0 {
				stacked++
			}
		}
	})
	for k, weight := range countWeights {
		if share := counts[k] / n; math.Abs(share-weight/100) > 0.04 {
			t.Errorf("%.3f of scenes have %d objects, want %.2f", share, k, weight/100)
		}
	}
	near := func(word string, choices int) {
		want := 1 / float64(choices)
		if share := objects[word] / total; share < 0.8*want || share > 1.25*want {
			t.Errorf("%.3f of objects are %s, want about %.3f", share, word, want)
		}
	}
	v := vocab.Default
	for _, w := range v.Shapes {
		near(w, len(v.Shapes))
	}
	for _, c := range v.Colours {
		near(c.Name, len(v.Colours))
	}
	for _, w := range v.Materials {
		near(w, len(v.Materials))
	}
	for _, z := range v.Sizes {
		near(z.Name, len(v.Sizes))
	}
	if share := stacked / total; share < 0.04 || share > 0.15 {
		t.Errorf("%.3f of objects stand on another", share)
	}
}

func TestRelations(t *testing.T) {
	seen := map[string]int{}
	each(t, All, 200, func(s *Scene) {
		holds := map[Relation]bool{}
		for _, r := range s.Relations() {
			if holds[r] {
				t.Errorf("scene %d: %v stands twice", s.Index, r)
			}
			holds[r] = true
			seen[r.Name]++
		}
		for r := range holds {
			word, ok := words.Relation(r.Name)
			if !ok || !holds[Relation{r.B, word.Inverse, r.A}] {
				t.Errorf("scene %d: %v without its inverse", s.Index, r)
			}
			if holds[Relation{r.B, r.Name, r.A}] {
				t.Errorf("scene %d: %v both ways", s.Index, r)
			}
			if !relationHolds(s, r, 1) {
				t.Errorf("scene %d: %v does not hold", s.Index, r)
			}
		}
		for a := range s.Objects {
			for b := range s.Objects {
				for _, w := range words.Relations {
					if r := (Relation{a, w.Name, b}); a != b && relationHolds(s, r, 1.01) && !holds[r] {
						t.Errorf("scene %d: %v is left out", s.Index, r)
					}
				}
			}
		}
	})
	for _, r := range words.Relations {
		if seen[r.Name] == 0 {
			t.Errorf("no scene has %q", r.Name)
		}
	}
}

// relationHolds judges a relation by where the objects are, apart from Relations: whether it holds by the given share
// of the margin.
func relationHolds(s *Scene, r Relation, share float64) bool {
	a, b := &s.Objects[r.A], &s.Objects[r.B]
	stacked := a.On == r.B || b.On == r.A
	right := (b.Box[0]+b.Box[2])/2 - (a.Box[0]+a.Box[2])/2
	away := s.Camera.Depth(b.Pos) - s.Camera.Depth(a.Pos)
	switch r.Name {
	case "left of":
		return !stacked && right > sideMargin*share
	case "right of":
		return !stacked && -right > sideMargin*share
	case "in front of":
		return !stacked && away > depthMargin*share
	case "behind":
		return !stacked && -away > depthMargin*share
	case "above":
		return a.On == r.B && a.Pos.Y > b.Pos.Y
	case "below":
		return b.On == r.A && b.Pos.Y > a.Pos.Y
	}
	return false
}

// Training scenes hold no held-out combination, not even by a hair; held-out scenes hold one.
func TestHeldout(t *testing.T) {
	h := vocab.DefaultHeldout
	combinations := func(s *Scene, side, depth float64) (found []string) {
		for _, o := range s.Objects {
			if h.ShapeColour[[2]string{o.Shape, o.Colour}] {
				found = append(found, o.Shape+" "+o.Colour)
			}
			if h.ShapeBackground[[2]string{o.Shape, s.Background}] {
				found = append(found, o.Shape+" "+s.Background)
			}
		}
		for _, r := range s.relations(side, depth) {
			a, b := s.Objects[r.A].Shape, s.Objects[r.B].Shape
			if h.Relations[vocab.Triple{Subject: a, Relation: r.Name, Object: b}] {
				found = append(found, a+" "+r.Name+" "+b)
			}
		}
		return found
	}
	each(t, Train, 250, func(s *Scene) {
		if found := combinations(s, 0, 0); found != nil {
			t.Errorf("train scene %d holds %q", s.Index, found)
		}
	})
	each(t, Heldout, 100, func(s *Scene) {
		if combinations(s, sideMargin, depthMargin) == nil {
			t.Errorf("heldout scene %d holds no held-out combination", s.Index)
		}
	})
}

// Scenes of one part of the world show nothing of the other, and that part as richly as scenes of everything do.
func TestOnly(t *testing.T) {
	const n = 200
	backgrounds, counts := map[string]int{}, map[int]int{}
	for i := range n {
		s, err := Sample(3, i, Train, Backgrounds)
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Objects) > 0 {
			t.Errorf("scene %d of backgrounds has %d objects", i, len(s.Objects))
		}
		backgrounds[s.Background]++
		if s, err = Sample(3, i, Train, Objects); err != nil {
			t.Fatal(err)
		}
		if s.Background != plain {
			t.Errorf("scene %d of objects is on %s", i, s.Background)
		}
		counts[len(s.Objects)]++
	}
	for _, b := range words.Backgrounds {
		if share := float64(backgrounds[b.Name]) / n; share < 0.5/float64(len(words.Backgrounds)) {
			t.Errorf("%.3f of backgrounds are %s", share, b.Name)
		}
	}
	if _, ok := words.Background(plain); !ok {
		t.Errorf("the vocabulary has no background %q", plain)
	}
	for k, weight := range countWeights {
		if share := float64(counts[k]) / n; math.Abs(share-weight/100) > 0.1 {
			t.Errorf("%.3f of scenes of objects have %d, want %.2f", share, k, weight/100)
		}
	}
	if _, err := Sample(3, 0, Heldout, Backgrounds); err == nil || !strings.Contains(err.Error(), "held out") {
		t.Errorf("held-out backgrounds: got %v", err)
	}
	if s, err := Sample(3, 0, Heldout, Objects); err != nil || !s.HoldsHeldout() || s.Background != plain {
		t.Errorf("held-out objects: got %+v, %v", s, err)
	}
}

func TestParseOnly(t *testing.T) {
	for _, o := range []Only{Everything, Backgrounds, Objects} {
		if got, err := ParseOnly(string(o)); got != o || err != nil {
			t.Errorf("ParseOnly(%q) = %q, %v", o, got, err)
		}
	}
	if _, err := ParseOnly("cars"); err == nil {
		t.Error("ParseOnly takes \"cars\"")
	}
}

func TestParseSplit(t *testing.T) {
	for _, s := range []Split{Train, Heldout, All} {
		if got, err := ParseSplit(string(s)); got != s || err != nil {
			t.Errorf("ParseSplit(%q) = %q, %v", s, got, err)
		}
	}
	if _, err := ParseSplit("test"); err == nil {
		t.Error("ParseSplit takes \"test\"")
	}
}

func BenchmarkSample(b *testing.B) {
	for i := range b.N {
		sample(b, 1, i%500, Train)
	}
}
