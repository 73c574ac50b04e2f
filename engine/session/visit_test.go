package session

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/counterpoint/counterpoint/engine/recipe"
	"github.com/counterpoint/counterpoint/weights"
)

var update = flag.Bool("update", false, "write testdata/visit.golden")

// TestVisit holds a whole visit, from ready to closed, to its transcript. Of frames it has the size, but of PNG files, which
// Go's next version may write in other bytes.
func TestVisit(t *testing.T) {
	now := time.Unix(0, 0)
	p := visit(t, Options{}, func(s *Session) {
		s.now = func() time.Time { now = now.Add(100 * time.Millisecond); return now }
	})
	var transcript strings.Builder
	p.onMessage = func(from string, m sent) {
		fmt.Fprintf(&transcript, "%-6s  %s", from, m.head)
		for _, f := range m.frames {
			if bytes.HasPrefix(f, []byte("\x89PNG")) {
				transcript.WriteString(" + a PNG file")
			} else {
				fmt.Fprintf(&transcript, " + %d bytes", len(f))
			}
		}
		transcript.WriteByte('\n')
	}
	p.onMessage("engine", sent{head: p.ready})
	p.send(`{"type":"open","id":1,"protocol":1,"device":"auto"}`, p.files[weights.ManifestName])
	p.until("opened")
	p.send(`{"type":"explain","id":2,"request":{"prompt":"a red cube @(0.2, 0.7) AND (a blue sphere AND NOT a tree) :2","guidance_scale":3}}`)
	p.until("explained")
	p.send(`{"type":"explain","id":3,"request":{"prompt":"a red cube OR (a tree @0.5-1"}}`)
	p.until("error")
	p.send(`{"type":"generate","id":4,"preview_every":2,"output":["png","rgba"],"request":{"prompt":"a red cube | a blue sphere:7","seed":5,"steps":4,"width":64,"height":40,"batch":2}}`)
	_, _, frames := p.until("picture")
	p.until("done")
	p.send(`{"type":"info","id":5}`)
	p.until("info")
	p.send(`{"type":"close","id":6}`)
	p.until("closed")

	got := regexp.MustCompile(`"memory":\d+`).ReplaceAllString(transcript.String(), `"memory":…`)
	const golden = "testdata/visit.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	gotLines, wantLines := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range min(len(gotLines), len(wantLines)) {
		if gotLines[i] != wantLines[i] {
			t.Fatalf("line %d\n got %s\nwant %s", i+1, gotLines[i], wantLines[i])
		}
	}
	if len(gotLines) != len(wantLines) {
		t.Errorf("%d messages, want %d", len(gotLines), len(wantLines))
	}

	r, err := recipe.Decode(bytes.NewReader(frames[0]))
	if err != nil || r.Request.Prompt != "a red cube | a blue sphere:7" || r.Request.Seed != 5 || r.Version != "counterpoint test" {
		t.Errorf("the picture's recipe is %+v, %v", r, err)
	}
}
