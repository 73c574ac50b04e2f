// Package message is what webbench and its workers tell each other.
package message

// Timing asks for times.
type Timing struct {
	Rows   int `json:"rows"`   // of an evaluation
	Warmup int `json:"warmup"` // evaluations before those that are timed, at least 1
	Repeat int `json:"repeat"` // evaluations that are timed
}

// Timed answers it.
type Timed struct {
	Times     []float64  `json:"times"`               // milliseconds of each evaluation
	GFLOP     float64    `json:"gflop,omitempty"`     // of one evaluation; Counterpoint alone tells it, and what follows
	Encodings []Encoding `json:"encodings,omitempty"` // of each evaluation; none on the CPU
}

// Encoding is what it took JavaScript to encode an evaluation of the UNet for WebGPU.
type Encoding struct {
	Submits      int     `json:"submits"`
	Commands     int     `json:"commands"`
	Milliseconds float64 `json:"ms"` // of the worker's thread
}

// Since returns what was counted after an earlier count.
func (e Encoding) Since(earlier Encoding) Encoding {
	return Encoding{e.Submits - earlier.Submits, e.Commands - earlier.Commands, e.Milliseconds - earlier.Milliseconds}
}
