package weights

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Component is a part of a pipeline: a network, a tokenizer, a scheduler.
type Component struct {
	Name    string // "unet"; its folder, and the first piece of its tensors' names
	Library string // "diffusers", "transformers"
	Class   string // "UNet2DConditionModel"
	// Config is its config.json (scheduler_config.json for a scheduler), as it
	// was in the folder. Empty for a tokenizer.
	Config json.RawMessage
}

// Decode unmarshals the config into v, a pointer to a struct whose tags are
// diffusers' or transformers' field names. A field that the config lacks has
// its class's default (see [Defaults]). Errors wrap ErrFormat.
func (c Component) Decode(v any) error {
	for _, j := range []json.RawMessage{Defaults(c.Class), c.Config} {
		if len(j) == 0 {
			continue
		}
		if err := json.Unmarshal(j, v); err != nil {
			return malformed("config of "+c.Name, "%v", err)
		}
	}
	return nil
}

// role is what a component is for, as its class's name tells.
type role int

const (
	network role = iota
	scheduler
	tokenizer
	unused // not needed to make pictures
)

func (c Component) role() role {
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
func (c Component) configFile() string {
	if c.role() == scheduler {
		return "scheduler_config.json"
	}
	return "config.json"
}

// weightsFile is the stem of its weights' file names.
func (c Component) weightsFile() string {
	if c.Library == "transformers" {
		return "model"
	}
	return "diffusion_pytorch_model"
}

// parseIndex gives the components a model_index.json names, sorted by name;
// those that are [null, null] are left out.
func parseIndex(index json.RawMessage) ([]Component, error) {
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(index, &entries); err != nil {
		return nil, err
	}
	if entries == nil {
		return nil, errors.New("not an object")
	}
	var cs []Component
	for name, value := range entries {
		// Other values are options of the pipeline, such as
		// "requires_safety_checker": false.
		if strings.HasPrefix(name, "_") || !strings.HasPrefix(string(value), "[") {
			continue
		}
		var pair []*string
		if err := json.Unmarshal(value, &pair); err != nil || len(pair) != 2 {
			return nil, fmt.Errorf("component %.80q is not [library, class]", name)
		}
		if pair[0] == nil || pair[1] == nil {
			continue
		}
		if !isNamePiece(name) || len(name) > 64 {
			return nil, fmt.Errorf("bad component name %.80q", name)
		}
		cs = append(cs, Component{Name: name, Library: *pair[0], Class: *pair[1]})
	}
	slices.SortFunc(cs, func(a, b Component) int { return cmp.Compare(a.Name, b.Name) })
	return cs, nil
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
