package sample

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// Prediction is what the network's output estimates.
type Prediction string

const (
	PredictEpsilon  Prediction = "epsilon"      // the noise
	PredictVelocity Prediction = "v_prediction" // √ᾱ ε − √(1−ᾱ) x₀ (Salimans & Ho, arXiv 2202.00512)
	PredictSample   Prediction = "sample"       // the clean latent
)

// Config is a diffusers scheduler_config.json, as far as it says what noise the
// network was trained on. ParseConfig fills in the defaults of its class.
type Config struct {
	Class               string     `json:"_class_name"`
	NumTrainTimesteps   int        `json:"num_train_timesteps"`
	BetaStart           float64    `json:"beta_start"`
	BetaEnd             float64    `json:"beta_end"`
	BetaSchedule        string     `json:"beta_schedule"`
	TrainedBetas        []float64  `json:"trained_betas,omitempty"`
	PredictionType      Prediction `json:"prediction_type"`
	TimestepSpacing     Spacing    `json:"timestep_spacing"`
	StepsOffset         int        `json:"steps_offset"`
	SetAlphaToOne       bool       `json:"set_alpha_to_one"`
	RescaleBetasZeroSNR bool       `json:"rescale_betas_zero_snr"`
	VarianceType        string     `json:"variance_type"`
	OriginalSteps       int        `json:"original_inference_steps"` // LCM: of the distillation
	TimestepScaling     float64    `json:"timestep_scaling"`         // LCM: of the boundary condition
	ClipSample          bool       `json:"clip_sample"`
	Thresholding        bool       `json:"thresholding"`
}

// classDefaults are diffusers 0.42's; a field that a config leaves out has the
// default of its class, not that of Stable Diffusion.
var classDefaults = func() map[string]Config {
	base := Config{
		NumTrainTimesteps: 1000, BetaStart: 0.0001, BetaEnd: 0.02, BetaSchedule: "linear",
		PredictionType: PredictEpsilon, TimestepSpacing: Leading, SetAlphaToOne: true, VarianceType: "fixed_small",
		OriginalSteps: 50, TimestepScaling: 10,
	}
	with := func(change func(c *Config)) Config {
		c := base
		change(&c)
		return c
	}
	linspace := with(func(c *Config) { c.TimestepSpacing = Linspace })
	narrow := with(func(c *Config) { c.BetaStart, c.BetaEnd, c.TimestepSpacing = 0.00085, 0.012, Linspace })
	return map[string]Config{
		"DDIMScheduler":                   with(func(c *Config) { c.ClipSample = true }),
		"DDPMScheduler":                   with(func(c *Config) { c.ClipSample = true }),
		"PNDMScheduler":                   with(func(c *Config) { c.SetAlphaToOne = false }),
		"LCMScheduler":                    with(func(c *Config) { c.BetaStart, c.BetaEnd, c.BetaSchedule = 0.00085, 0.012, "scaled_linear" }),
		"EulerDiscreteScheduler":          linspace,
		"EulerAncestralDiscreteScheduler": linspace,
		"DPMSolverMultistepScheduler":     linspace,
		"DPMSolverSDEScheduler":           narrow,
		"UniPCMultistepScheduler":         linspace,
		"HeunDiscreteScheduler":           narrow,
	}
}()

// ParseConfig reads a scheduler_config.json.
func ParseConfig(data []byte) (Config, error) {
	var head struct {
		Class string `json:"_class_name"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return Config{}, fmt.Errorf("scheduler config: %w", err)
	}
	c, ok := classDefaults[head.Class]
	if !ok {
		return Config{}, fmt.Errorf("scheduler config: unknown _class_name %q; want one of %s",
			head.Class, strings.Join(slices.Sorted(maps.Keys(classDefaults)), ", "))
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return Config{}, fmt.Errorf("scheduler config: %w", err)
	}
	return c, nil
}

// Schedule is a noise schedule: for every training timestep t the share ᾱ(t) of
// signal in x_t = √ᾱ x₀ + √(1−ᾱ) ε. diffusers computes it in float32, this is
// float64; trajectories agree to some 1e-6.
type Schedule struct {
	Config   Config
	alphaBar []float64
	final    float64 // ᾱ past the last step
}

const maxTrainTimesteps = 100_000

// NewSchedule computes the schedule of a config.
func NewSchedule(c Config) (*Schedule, error) {
	n := c.NumTrainTimesteps
	if n < 1 || n > maxTrainTimesteps {
		return nil, fmt.Errorf("scheduler config: num_train_timesteps %d; want 1 to %d", n, maxTrainTimesteps)
	}
	switch c.PredictionType {
	case PredictEpsilon, PredictVelocity, PredictSample:
	default:
		return nil, fmt.Errorf("scheduler config: unknown prediction_type %q", c.PredictionType)
	}
	if c.StepsOffset < 0 || c.StepsOffset >= n {
		return nil, fmt.Errorf("scheduler config: steps_offset %d; want 0 to %d", c.StepsOffset, n-1)
	}
	betas, err := c.betas()
	if err != nil {
		return nil, err
	}
	s := &Schedule{Config: c, alphaBar: make([]float64, n), final: 1}
	product := 1.0
	for t, beta := range betas {
		if !(beta > 0 && beta < 1) {
			return nil, fmt.Errorf("scheduler config: beta %g at timestep %d; want it between 0 and 1", beta, t)
		}
		product *= 1 - beta
		s.alphaBar[t] = product
	}
	if c.RescaleBetasZeroSNR {
		rescaleZeroSNR(s.alphaBar)
	}
	for t, last := 0, 1.0; t < n; t++ {
		a := s.alphaBar[t]
		if !(a < last) {
			return nil, fmt.Errorf("scheduler config: ᾱ is %g at timestep %d, after %g; want it to fall", a, t, last)
		}
		last = a
	}
	if !c.SetAlphaToOne {
		s.final = s.alphaBar[0]
	}
	return s, nil
}

func (c Config) betas() ([]float64, error) {
	n := c.NumTrainTimesteps
	if c.TrainedBetas != nil {
		if len(c.TrainedBetas) != n {
			return nil, fmt.Errorf("scheduler config: %d trained_betas for %d timesteps", len(c.TrainedBetas), n)
		}
		return c.TrainedBetas, nil
	}
	betas := make([]float64, n)
	switch c.BetaSchedule {
	case "linear":
		for t := range betas {
			betas[t] = lerp(c.BetaStart, c.BetaEnd, t, n)
		}
	case "scaled_linear":
		for t := range betas {
			root := lerp(math.Sqrt(c.BetaStart), math.Sqrt(c.BetaEnd), t, n)
			betas[t] = float64(root * root)
		}
	case "squaredcos_cap_v2": // Nichol & Dhariwal, arXiv 2102.09672, equation 17
		alphaBar := func(t int) float64 {
			x := (float64(t)/float64(n) + 0.008) / 1.008
			cos := fixedCos(float64(x * (math.Pi / 2)))
			return float64(cos * cos)
		}
		for t := range betas {
			betas[t] = min(1-alphaBar(t+1)/alphaBar(t), 0.999)
		}
	default:
		return nil, fmt.Errorf("scheduler config: unknown beta_schedule %q; want linear, scaled_linear or squaredcos_cap_v2", c.BetaSchedule)
	}
	return betas, nil
}

// lerp is element i of n from a to b.
func lerp(a, b float64, i, n int) float64 {
	if n == 1 {
		return a
	}
	return a + float64((b-a)*(float64(i)/float64(n-1)))
}

// rescaleZeroSNR makes the last timestep pure noise (Lin et al., algorithm 1).
func rescaleZeroSNR(alphaBar []float64) {
	first, last := math.Sqrt(alphaBar[0]), math.Sqrt(alphaBar[len(alphaBar)-1])
	if first == last {
		return
	}
	for t, a := range alphaBar {
		root := (math.Sqrt(a) - last) * (first / (first - last))
		alphaBar[t] = float64(root * root)
	}
}

// AlphaBar is ᾱ(t), for t from -1 (past the last step) to the last training
// timestep.
func (s *Schedule) AlphaBar(t int) float64 {
	if t < 0 {
		return s.final
	}
	return s.alphaBar[t]
}

// SameLevels reports whether every timestep of both schedules has the same noise level.
func (s *Schedule) SameLevels(o *Schedule) bool { return slices.Equal(s.alphaBar, o.alphaBar) }

// Translation returns how the output of a network on another schedule becomes what one on s would have to give for the same
// estimate of the clean latents at a level: x·latents + out·output. It fails where [Schedule.Clean] does, unless both
// networks predict alike, which are 0 and 1.
func (s *Schedule) Translation(other *Schedule, l Level) (x, out float64, err error) {
	if s.Config.PredictionType == other.Config.PredictionType {
		return 0, 1, nil
	}
	cleanX, cleanOut, err := s.Clean(l)
	if err != nil {
		return 0, 0, err
	}
	otherX, otherOut, err := other.Clean(l)
	if err != nil {
		return 0, 0, err
	}
	return (otherX - cleanX) / cleanOut, otherOut / cleanOut, nil
}

// Nearest is the timestep whose logarithm of the signal-to-noise ratio ᾱ/(1−ᾱ) is nearest to the given one.
func (s *Schedule) Nearest(logSNR float64) int {
	least, nearest := math.Inf(1), 0
	for t, a := range s.alphaBar {
		if a == 0 {
			break // pure noise
		}
		if off := math.Abs(fixedLog(a/(1-a)) - logSNR); off < least {
			least, nearest = off, t
		}
	}
	return nearest
}

// Notes lists what the config asks for and samplers here do not do: they are
// linear, and clipping is not.
func (s *Schedule) Notes() []string {
	var notes []string
	if s.Config.ClipSample {
		notes = append(notes, "clip_sample is not applied: it suits pixels in [-1, 1], and latents have no such bound")
	}
	if s.Config.Thresholding {
		notes = append(notes, "thresholding is not applied: it suits pixels, not latents")
	}
	return notes
}
