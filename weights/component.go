package weights

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
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

// ParseIndex gives the components a model_index.json names, sorted by name;
// those that are [null, null] are left out.
func ParseIndex(index json.RawMessage) ([]Component, error) {
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(index, &entries); err != nil {
		return nil, err
	}
	if entries == nil {
		return nil, errors.New("not an object")
	}
	var cs []Component
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		value := entries[name]
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
	return cs, nil
}
