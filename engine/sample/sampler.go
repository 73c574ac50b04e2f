package sample

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Options are what samplers may be told beside the number of steps. Those of
// other samplers are ignored.
type Options struct {
	Eta     float64 // DDIM: the share of DDPM's noise, 0 to 1
	Spacing Spacing // of the noise levels; empty is the schedule's own
	// Strength is the share of the n steps that are made, the last ones, in
	// diffusers' image-to-image convention: int(n·strength). 0 is all of them. The
	// run begins with a picture's latents noised as far as the first step expects,
	// see [Start].
	Strength  float64
	Corrector Corrector // moves at each level that a step has led to
	// CFGPlusPlus puts the noise back as the unconditional output predicts it, beside
	// the clean latents of the composed output, whose guidance scale is then from 0 to
	// 1 (Chung et al., arXiv 2406.08070, algorithm 2). See Sampler.PlusPlus.
	CFGPlusPlus bool
}

// first checks the options and returns the first of n steps that is to be made.
func (o Options) first(n int) (int, error) {
	if !(o.Eta >= 0 && o.Eta <= 1) {
		return 0, fmt.Errorf("sample: eta %g; want 0 to 1", o.Eta)
	}
	if !(o.Strength >= 0 && o.Strength <= 1) {
		return 0, fmt.Errorf("sample: strength %g; want 0 to 1", o.Strength)
	}
	if o.Strength == 0 || n < 1 {
		return 0, nil
	}
	made := int(float64(n) * o.Strength)
	if made == 0 {
		return 0, fmt.Errorf("sample: strength %g leaves none of %d steps; want at least %.2g", o.Strength, n, 1/float64(n))
	}
	return n - made, nil
}

// Sampler is a named way from noise to picture.
type Sampler struct {
	Name    string
	Title   string   // as A1111 writes it in a picture; empty if it has none such
	Aliases []string // as A1111, stable-diffusion.cpp and diffusers spell it
	Summary string   // one line for a person
	// Steps returns n steps, fewer with a strength; it is a pure function.
	Steps    func(s *Schedule, n int, o Options) ([]Step, error)
	PlusPlus bool // whether it has CFG++; Steps refuses it otherwise
	// Corrects says that Options.Corrector is this sampler's own matter.
	Corrects bool
}

var (
	samplers = map[string]Sampler{} // by folded name and alias
	names    []string
)

// Register adds a sampler; it is called in the init of the sampler's file and
// panics if a name is taken. The registered sampler's steps come with the moves of
// the corrector that its options ask for.
func Register(s Sampler) {
	plain := s.Steps
	s.Steps = func(schedule *Schedule, n int, o Options) ([]Step, error) {
		if o.CFGPlusPlus && !s.PlusPlus {
			return nil, fmt.Errorf("sample: %s has no CFG++; want ddim or euler", s.Name)
		}
		steps, err := plain(schedule, n, o)
		if err != nil || s.Corrects {
			return steps, err
		}
		first, err := o.first(n)
		if err != nil {
			return nil, err
		}
		return o.Corrector.correct(schedule, steps, first)
	}
	for _, name := range append([]string{s.Name}, s.Aliases...) {
		key := foldName(name)
		if other, taken := samplers[key]; taken {
			panic(fmt.Sprintf("sample: samplers %s and %s are both called %q", other.Name, s.Name, name))
		}
		samplers[key] = s
	}
	names = append(names, s.Name)
	slices.Sort(names)
}

// Lookup finds a sampler by its name or one of its aliases, in any case. A spacing
// over σ may follow, as in A1111's older "DPM++ 2M Karras"; the sampler then has it
// where its options name none.
func Lookup(name string) (Sampler, error) {
	folded := foldName(name)
	if s, ok := samplers[folded]; ok {
		return s, nil
	}
	for _, spacing := range []Spacing{Karras, Exponential} {
		base, cut := strings.CutSuffix(folded, "_"+string(spacing))
		s, ok := samplers[base]
		if !cut || !ok {
			continue
		}
		plain := s.Steps
		s.Name += " " + string(spacing)
		s.Summary += ", " + string(spacing) + " spacing"
		s.Steps = func(schedule *Schedule, n int, o Options) ([]Step, error) {
			o.Spacing = cmp.Or(o.Spacing, spacing)
			return plain(schedule, n, o)
		}
		return s, nil
	}
	return Sampler{}, fmt.Errorf("unknown sampler %q; want one of %s", name, strings.Join(names, ", "))
}

// Names lists the samplers, sorted, without their aliases.
func Names() []string { return slices.Clone(names) }

var nameFolder = strings.NewReplacer(" ", "_", "-", "_")

func foldName(name string) string {
	return nameFolder.Replace(strings.ToLower(strings.TrimSpace(name)))
}

// root is √v, where v may have come out a little below 0.
func root(v float64) float64 { return math.Sqrt(max(v, 0)) }
