package kernel

import (
	"fmt"
	"os"
	"strings"
)

// Level is an instruction set that kernels exist for, slowest first.
type Level uint8

const (
	Portable Level = iota // plain Go, on any machine
	SIMD128               // WebAssembly or arm64, in a build with GOEXPERIMENT=simd
	AVX2                  // amd64 with AVX2, FMA and F16C
	AVX512                // amd64 with AVX-512 F, BW, DQ and VL
	levels
)

// LevelVariable is the environment variable that forces a level.
const LevelVariable = "COUNTERPOINT_CPU"

var levelNames = [levels]string{"portable", "simd128", "avx2", "avx512"}

// String returns the name used by the environment variable.
func (l Level) String() string {
	if l < levels {
		return levelNames[l]
	}
	return fmt.Sprintf("Level(%d)", uint8(l))
}

// MarshalText returns the level's name.
func (l Level) MarshalText() ([]byte, error) {
	if l >= levels {
		return nil, fmt.Errorf("kernel: unknown level %d", uint8(l))
	}
	return []byte(l.String()), nil
}

// UnmarshalText accepts the names that String returns.
func (l *Level) UnmarshalText(text []byte) error {
	for i, name := range levelNames {
		if name == string(text) {
			*l = Level(i)
			return nil
		}
	}
	return fmt.Errorf("kernel: unknown level %q, want one of %s", text, strings.Join(levelNames[:], ", "))
}

// Supported returns the levels that this machine can run, slowest first.
func Supported() []Level {
	list := make([]Level, 0, levels)
	for l := range levels {
		if tables[l] != nil {
			list = append(list, l)
		}
	}
	return list
}

// Detect returns the fastest level that this machine can run, or the one that the
// environment variable COUNTERPOINT_CPU names. An unknown name, or a level that this
// machine can't run, is an error.
func Detect() (Level, error) {
	name, ok := os.LookupEnv(LevelVariable)
	if !ok || name == "" {
		list := Supported()
		return list[len(list)-1], nil
	}
	var l Level
	if err := l.UnmarshalText([]byte(name)); err != nil {
		return Portable, fmt.Errorf("%s: %w", LevelVariable, err)
	}
	if tables[l] == nil {
		return Portable, fmt.Errorf("%s: kernel: this machine can't run level %s, it has %v", LevelVariable, l, Supported())
	}
	return l, nil
}

// tables holds the kernels of each level that this machine can run.
var tables = func() (t [levels]*Kernels) {
	t[Portable] = portableKernels()
	addNative(&t)
	return t
}()

// For returns the kernels of a level, or an error if this machine can't run it.
func For(l Level) (*Kernels, error) {
	if l >= levels || tables[l] == nil {
		return nil, fmt.Errorf("kernel: this machine can't run level %s, it has %v", l, Supported())
	}
	return tables[l], nil
}
