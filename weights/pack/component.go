package pack

import (
	"encoding/json"
	"strings"

	"github.com/counterpoint/counterpoint/weights"
)

// role is what a component is for, as its class's name tells.
type role int

const (
	network role = iota
	scheduler
	tokenizer
	unused // not needed to make pictures
)

func roleOf(c weights.Component) role {
	switch {
	case strings.HasSuffix(c.Class, "Scheduler"):
		return scheduler
	case strings.HasSuffix(c.Class, "Tokenizer"), strings.HasSuffix(c.Class, "TokenizerFast"):
		return tokenizer
	case strings.HasSuffix(c.Class, "SafetyChecker"), strings.HasSuffix(c.Class, "FeatureExtractor"),
		strings.HasSuffix(c.Class, "ImageProcessor"), strings.HasPrefix(c.Class, "CLIPVisionModel"):
		return unused
	}
	return network
}

// configFile is the name of the component's config in its folder.
func configFile(c weights.Component) string {
	if roleOf(c) == scheduler {
		return "scheduler_config.json"
	}
	return "config.json"
}

// weightsFile is the stem of its weights' file names.
func weightsFile(c weights.Component) string {
	if c.Library == "transformers" {
		return "model"
	}
	return "diffusion_pytorch_model"
}

// withoutComponents gives the index with the named components set to [null, null].
func withoutComponents(index json.RawMessage, names []string) (json.RawMessage, error) {
	if len(names) == 0 {
		return index, nil
	}
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(index, &entries); err != nil {
		return nil, err
	}
	for _, n := range names {
		entries[n] = json.RawMessage("[null, null]")
	}
	return json.Marshal(entries)
}
