package e2e

import (
	"context"
	"io/fs"
	"os"
	"sync"
	"testing"

	"github.com/counterpoint/counterpoint/weights/pack"
)

// tinyModel is a random model of our own architecture, 64 pixels a side: it is quick, and its pictures are noise.
func tinyModel(t *testing.T) fs.FS {
	t.Helper()
	dir, err := packedOnce()
	if err != nil {
		t.Fatal(err)
	}
	return os.DirFS(dir)
}

// packed is the folder that packedOnce makes; TestMain removes it.
var packed string

var packedOnce = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "counterpoint-e2e-")
	if err != nil {
		return "", err
	}
	packed = dir
	_, err = pack.Pack(context.Background(), os.DirFS("../../engine/testdata/goldens/scenesish/model"), dir, pack.Options{})
	return dir, err
})
