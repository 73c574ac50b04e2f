// Package wanted tells which GPU tests run on. Environment variables say what must be there, so that a GPU's tests can't
// pass by being left out:
//
//	COUNTERPOINT_TEST_WEBGPU=llvmpipe  the adapter: part of its name. Tests fail without it.
//	COUNTERPOINT_TEST_WEBGPU=          tests take the first adapter there is, and are skipped if there is none.
//	COUNTERPOINT_TEST_F16=1            use f16 variants; the adapter must have f16 and subgroups
//	COUNTERPOINT_WEBGPU_LIBRARY        the library that is loaded, as for the program
package wanted

import (
	"os"
	"strings"
	"testing"
)

// Adapter is a GPU that might be wanted.
type Adapter struct {
	Name string
	Half bool // it has f16 and subgroups
}

// Half tells whether f16 variants are to be used.
func Half() bool { return os.Getenv("COUNTERPOINT_TEST_F16") != "" }

// Library is the library to be loaded, "" for none.
func Library() string { return os.Getenv("COUNTERPOINT_WEBGPU_LIBRARY") }

// Pick returns which of the adapters the test is to run on. Where there are none, for the reason given, it ends the test:
// with a skip if none in particular is wanted.
func Pick(t testing.TB, adapters []Adapter, none error) int {
	t.Helper()
	want := os.Getenv("COUNTERPOINT_TEST_WEBGPU")
	var names []string
	for i, a := range adapters {
		names = append(names, a.Name)
		if !strings.Contains(strings.ToLower(a.Name), strings.ToLower(want)) {
			continue
		}
		if Half() && !a.Half {
			t.Fatalf("%s lacks f16 or subgroups, which the test needs", a.Name)
		}
		return i
	}
	switch {
	case len(adapters) > 0:
		t.Fatalf("no adapter %q among %s", want, strings.Join(names, "; "))
	case want != "":
		t.Fatalf("no adapter %q: %v", want, none)
	}
	t.Skipf("no GPU to test on: %v", none)
	return 0
}
