package weights

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/fstest"
)

func TestManifestThatNeverEnds(t *testing.T) {
	src := FS(fstest.MapFS{ManifestName: {Data: []byte(strings.Repeat(" ", maxManifest+1))}})
	if _, err := OpenSource(context.Background(), src); !errors.Is(err, ErrFormat) {
		t.Errorf("error is %v, want one that wraps %v", err, ErrFormat)
	}
}

// TestDefaults checks those that differ from what Stable Diffusion's configs say.
func TestDefaults(t *testing.T) {
	for class, want := range map[string]string{
		"AutoencoderKL":               `"scaling_factor": 0.18215`,
		"AutoencoderTiny":             `"scaling_factor": 1.0`,
		"DDIMScheduler":               `"timestep_spacing": "leading"`,
		"EulerDiscreteScheduler":      `"timestep_spacing": "linspace"`,
		"DPMSolverMultistepScheduler": `"beta_schedule": "linear"`,
		"LCMScheduler":                `"beta_schedule": "scaled_linear"`,
		"UNet2DConditionModel":        `"cross_attention_dim": 1280`,
		"CLIPTextModel":               `"hidden_act": "quick_gelu"`,
	} {
		if !strings.Contains(string(Defaults(class)), want) {
			t.Errorf("%s does not default to %s", class, want)
		}
	}
	if d := Defaults("NoSuchModel"); d != nil {
		t.Errorf("defaults of an unknown class are %s", d)
	}
}
