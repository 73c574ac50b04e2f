package weights

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"sync"
)

// defaults.json is made by testdata/defaults.py from the signatures of
// diffusers' and transformers' own classes.
//
//go:embed defaults.json
var defaultsJSON []byte

var classDefaults = sync.OnceValue(func() map[string]json.RawMessage {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(defaultsJSON, &m); err != nil {
		panic(fmt.Sprintf("BUG: defaults.json: %v", err))
	}
	return m
})

// Defaults gives the values that fields missing from a config have, as a JSON
// object: those of the class in diffusers or transformers. A missing scheduler
// field, for one, takes its class's default and not Stable Diffusion's value.
// It is nil for a class that is not known.
func Defaults(class string) json.RawMessage { return classDefaults()[class] }
