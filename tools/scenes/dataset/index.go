package dataset

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// Index is the content of index.json: what was asked for, and how often each thing occurs.
type Index struct {
	N      int    `json:"n"`
	Start  int    `json:"start"`
	Size   int    `json:"size"`
	Seed   uint64 `json:"seed"`
	Split  string `json:"split"`
	Only   string `json:"only,omitempty"` // backgrounds, objects, or both
	Chunk  int    `json:"chunk"`          // scenes in a chunk
	Counts Counts `json:"counts"`
}

// Counts tells how often each thing occurs in a set of scenes.
type Counts struct {
	Objects     map[string]int `json:"objects"` // scenes, by number of objects
	Backgrounds map[string]int `json:"backgrounds"`
	Shapes      map[string]int `json:"shapes"`
	Colours     map[string]int `json:"colours"`
	Materials   map[string]int `json:"materials"`
	Sizes       map[string]int `json:"sizes"`
	Relations   map[string]int `json:"relations"`
	Captions    map[string]int `json:"captions"` // by kind
	Stacked     int            `json:"stacked"`  // objects standing on another
}

func newCounts() Counts {
	return Counts{
		Objects: map[string]int{}, Backgrounds: map[string]int{}, Shapes: map[string]int{},
		Colours: map[string]int{}, Materials: map[string]int{}, Sizes: map[string]int{},
		Relations: map[string]int{}, Captions: map[string]int{},
	}
}

func (c *Counts) add(t *Truth) {
	c.Objects[strconv.Itoa(len(t.Objects))]++
	c.Backgrounds[t.Background]++
	for _, o := range t.Objects {
		c.Shapes[o.Shape]++
		c.Colours[o.Colour]++
		c.Materials[o.Material]++
		c.Sizes[o.Size]++
		if o.On >= 0 {
			c.Stacked++
		}
	}
	for _, r := range t.Relations {
		c.Relations[r.Name]++
	}
	for _, k := range t.Captions {
		c.Captions[string(k.Kind)]++
	}
}

// UnmarshalJSON implements [json.Unmarshaler].
func (r *Relation) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&r.A, &r.Name, &r.B})
}

// writeIndex counts what the chunks of c hold, those kept from an earlier run included, and writes index.json.
func writeIndex(dir string, c *Config) error {
	x := Index{N: c.N, Start: c.Start, Size: c.Size, Seed: c.Seed, Split: string(c.Split), Only: string(c.Only),
		Chunk: ChunkScenes, Counts: newCounts()}
	for first := c.Start; first < c.Start+c.N; first += ChunkScenes {
		_, truth := chunkPaths(dir, first)
		if err := eachTruth(truth, x.Counts.add); err != nil {
			return err
		}
	}
	out, err := json.MarshalIndent(x, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, "index.json"), append(out, '\n'))
}

// eachTruth calls f with every line of a truth file.
func eachTruth(path string, f func(*Truth)) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	in := bufio.NewScanner(file)
	in.Buffer(nil, 1<<20)
	for line := 1; in.Scan(); line++ {
		var t Truth
		if err := json.Unmarshal(in.Bytes(), &t); err != nil {
			return fmt.Errorf("%s: line %d: %w", path, line, err)
		}
		f(&t)
	}
	return in.Err()
}
