package sample

import (
	"fmt"
	"math"
	"strings"
)

// Spacing is how a sampler's noise levels are spread over the schedule. The first
// three space timesteps (Lin et al., arXiv 2305.08891, table 2), the others σ,
// over the whole of the schedule, whatever the config's own spacing.
type Spacing string

const (
	Leading     Spacing = "leading"
	Trailing    Spacing = "trailing"
	Linspace    Spacing = "linspace"
	Karras      Spacing = "karras"      // σ^(1/7) evenly (Karras et al., arXiv 2206.00364, equation 5)
	Exponential Spacing = "exponential" // log σ evenly
)

// Spacings lists all of them.
func Spacings() []Spacing { return []Spacing{Leading, Trailing, Linspace, Karras, Exponential} }

// ParseSpacing finds a spacing by its name or by A1111's or stable-diffusion.cpp's
// name for it, in any case. Empty and "automatic" are the schedule's own, "".
func ParseSpacing(name string) (Spacing, error) {
	switch folded := foldName(name); folded {
	case "", "automatic":
		return "", nil
	case "uniform", "discrete":
		return Linspace, nil
	case "sgm_uniform":
		return Trailing, nil
	default:
		var known []string
		for _, s := range Spacings() {
			if folded == string(s) {
				return s, nil
			}
			known = append(known, string(s))
		}
		return "", fmt.Errorf("unknown spacing %q; want one of %s", name, strings.Join(known, ", "))
	}
}

// Timesteps returns the timesteps of n steps, from noise to picture, as the
// set_timesteps of diffusers' DDIMScheduler does; an empty spacing is the
// config's own.
func (s *Schedule) Timesteps(n int, spacing Spacing) ([]int, error) {
	train := s.Config.NumTrainTimesteps
	if n < 1 || n > train {
		return nil, fmt.Errorf("sample: %d steps; want 1 to %d", n, train)
	}
	if spacing == "" {
		spacing = s.Config.TimestepSpacing
	}
	ts := make([]int, n)
	switch spacing {
	case Linspace:
		for i := range ts {
			if n > 1 {
				step := float64(train-1) / float64(n-1)
				ts[n-1-i] = int(math.RoundToEven(float64(i) * step))
			}
		}
	case Leading:
		for i := range ts {
			ts[n-1-i] = i*(train/n) + s.Config.StepsOffset
		}
	case Trailing:
		// numpy.arange adds the difference of its first two values, already rounded.
		delta := float64(train) - float64(train)/float64(n) - float64(train)
		for i := range ts {
			ts[i] = int(math.RoundToEven(float64(train)+float64(float64(i)*delta))) - 1
		}
	default:
		return nil, fmt.Errorf("sample: unknown timestep spacing %q; want %s, %s or %s", spacing, Leading, Trailing, Linspace)
	}
	if ts[0] >= train {
		return nil, fmt.Errorf("sample: %d %s steps with steps_offset %d begin at timestep %d; the last is %d", n, spacing, s.Config.StepsOffset, ts[0], train-1)
	}
	return ts, nil
}

// Level is a noise level: the timestep T that the network is told, which may lie
// between two training ones, and the share of signal ᾱ in x = √ᾱ x₀ + √(1−ᾱ) ε.
type Level struct{ T, AlphaBar float64 }

// noiseless is the level past the last step.
var noiseless = Level{AlphaBar: 1}

// Sigma is σ = √((1−ᾱ)/ᾱ), the noise beside a whole signal, in which k-diffusion
// and half of diffusers count: their latents are x/√ᾱ. Pure noise has infinite σ.
func (l Level) Sigma() float64 { return math.Sqrt((1 - l.AlphaBar) / l.AlphaBar) }

// ratio is σ(to)/σ(l), which is finite from pure noise on.
func (l Level) ratio(to Level) float64 {
	return math.Sqrt((1 - to.AlphaBar) / (1 - l.AlphaBar) * l.AlphaBar / to.AlphaBar)
}

// maxSigma bounds the spacings over σ. Beyond e^5.1 there is no picture left, and
// a schedule that goes on to pure noise would spend most of its steps there: the
// authors of DPM-Solver clip the cosine schedule at the same level.
const maxSigma = 164.0219

// level is that of a training timestep, or of -1, past the last step.
func (s *Schedule) level(t int) Level { return Level{float64(t), s.AlphaBar(t)} }

// levels returns the noise levels of n steps and, last, the clean one. With ends,
// leading and linspace spacing reach the schedule's last timestep, as in
// diffusers' EulerDiscreteScheduler; without, they are those of n+1 steps without
// the last, as in its DPMSolverMultistepScheduler.
func (s *Schedule) levels(n int, o Options, ends bool) ([]Level, error) {
	if n < 1 {
		return nil, fmt.Errorf("sample: %d steps; want 1 to %d", n, s.Config.NumTrainTimesteps)
	}
	first, err := o.first(n)
	if err != nil {
		return nil, err
	}
	spacing := o.Spacing
	if spacing == "" {
		spacing = s.Config.TimestepSpacing
	}
	var levels []Level
	switch {
	case spacing == Karras || spacing == Exponential:
		levels, err = s.sigmaLevels(n, spacing)
	case spacing == Linspace && ends:
		levels, err = s.evenLevels(n)
	default:
		count := n
		if !ends && spacing != Trailing {
			count++
		}
		if train := s.Config.NumTrainTimesteps; n == train && count > n {
			return nil, fmt.Errorf("sample: %d %s steps; want 1 to %d", n, spacing, train-1)
		}
		var ts []int
		if ts, err = s.Timesteps(count, spacing); err == nil {
			for _, t := range ts[:n] {
				levels = append(levels, s.level(t))
			}
		}
	}
	if err != nil {
		return nil, err
	}
	return append(levels[first:], noiseless), nil
}

// evenLevels are at n timesteps from the last to 0, not rounded; σ is interpolated.
func (s *Schedule) evenLevels(n int) ([]Level, error) {
	if _, err := s.Timesteps(n, Linspace); err != nil {
		return nil, err
	}
	levels := make([]Level, n)
	for i := range levels {
		t := lerp(0, float64(len(s.alphaBar)-1), i, n)
		low := int(t)
		l := s.level(low)
		if share := t - float64(low); share > 0 {
			sigma := float64((1-share)*l.Sigma()) + float64(share*s.level(low+1).Sigma())
			l = Level{t, 1 / (1 + float64(sigma*sigma))}
		}
		levels[n-1-i] = l
	}
	return levels, nil
}

// sigmaLevels are n from the noisiest, but no noisier than maxSigma, to the
// cleanest timestep, evenly in a function of σ.
func (s *Schedule) sigmaLevels(n int, spacing Spacing) ([]Level, error) {
	last := len(s.alphaBar) - 1
	if n < 1 || n > last+1 {
		return nil, fmt.Errorf("sample: %d steps; want 1 to %d", n, last+1)
	}
	low, high := s.level(0).Sigma(), s.level(last).Sigma()
	if low < maxSigma && high > maxSigma {
		high = maxSigma
	}
	low, high = fixedLog(low), fixedLog(high)
	levels := make([]Level, n)
	for i := range levels {
		log := lerp(high, low, i, n)
		if spacing == Karras {
			log = float64(7 * fixedLog(lerp(fixedExp(high/7), fixedExp(low/7), i, n)))
		}
		levels[i] = s.atLogSigma(log)
	}
	return levels, nil
}

// atLogSigma is the level of a given log σ, its timestep interpolated in log σ
// (k-diffusion's DiscreteSchedule.sigma_to_t, diffusers' _sigma_to_t).
func (s *Schedule) atLogSigma(log float64) Level {
	alphaBar := 1 / (1 + fixedExp(2*log))
	low, high := 0, len(s.alphaBar)-1 // ᾱ(low) ≥ alphaBar, or low is 0
	for high-low > 1 {
		if mid := (low + high) / 2; s.alphaBar[mid] >= alphaBar {
			low = mid
		} else {
			high = mid
		}
	}
	share := 0.0
	if s.alphaBar[high] > 0 && high > low {
		from := fixedLog(s.level(low).Sigma())
		share = min(max((log-from)/(fixedLog(s.level(high).Sigma())-from), 0), 1)
	}
	return Level{float64(low) + float64(share*float64(high-low)), alphaBar}
}

// linear is a value as a combination of x and the network's output.
type linear struct{ x, out float64 }

// combine returns a·l + b·m.
func (l linear) combine(a float64, m linear, b float64) linear {
	return linear{float64(a*l.x) + float64(b*m.x), float64(a*l.out) + float64(b*m.out)}
}

// predictions returns the estimates of the clean latent and of the noise at a
// level. They are linear in x and the output whatever the network predicts, so
// that samplers need not know.
func (s *Schedule) predictions(l Level) (clean, noise linear, err error) {
	signal, sigma := math.Sqrt(l.AlphaBar), math.Sqrt(1-l.AlphaBar)
	switch s.Config.PredictionType {
	case PredictVelocity:
		return linear{signal, -sigma}, linear{sigma, signal}, nil
	case PredictSample:
		return linear{0, 1}, linear{1 / sigma, -signal / sigma}, nil
	default:
		if l.AlphaBar == 0 {
			return linear{}, linear{}, fmt.Errorf("sample: timestep %v is pure noise, where a network that predicts epsilon says nothing of the picture; use %s or %s spacing", l.T, Leading, Karras)
		}
		return linear{1 / signal, -sigma / signal}, linear{0, 1}, nil
	}
}

// Clean returns the estimate of the clean latents at a level, as coefficients of x and of the network's output. It fails in
// pure noise for a network that predicts epsilon.
func (s *Schedule) Clean(l Level) (x, out float64, err error) {
	clean, _, err := s.predictions(l)
	return clean.x, clean.out, err
}
