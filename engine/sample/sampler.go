package sample

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Options are what samplers may be told beside the number of steps.
type Options struct {
	Eta     float64 // DDIM: the share of DDPM's noise, 0 to 1
	Spacing Spacing // of the timesteps; empty is the schedule's own
}

func (o Options) check() error {
	if !(o.Eta >= 0 && o.Eta <= 1) {
		return fmt.Errorf("sample: eta %g; want 0 to 1", o.Eta)
	}
	return nil
}

// Sampler is a named way from noise to picture.
type Sampler struct {
	Name    string
	Aliases []string // as A1111, stable-diffusion.cpp and diffusers spell it
	Summary string   // one line for a person
	// Steps returns n steps; it is a pure function.
	Steps func(s *Schedule, n int, o Options) ([]Step, error)
}

var (
	samplers = map[string]Sampler{} // by folded name and alias
	names    []string
)

// Register adds a sampler; it is called in the init of the sampler's file and
// panics if a name is taken.
func Register(s Sampler) {
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

// Lookup finds a sampler by its name or one of its aliases, in any case.
func Lookup(name string) (Sampler, error) {
	if s, ok := samplers[foldName(name)]; ok {
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
