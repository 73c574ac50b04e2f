package session

import (
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/counterpoint/counterpoint/engine"
	"github.com/counterpoint/counterpoint/engine/compose"
)

// outgoing are the messages that an engine sends; those to helpers and from them are among incoming as well.
var outgoing = []message{ready{}, deviceOpened{}, deviceLost{}, need{}, loading{}, opened{}, named{}, event{}, preview{}, termMaps{}, picture{}, done{},
	cancelled{}, explained{}, infoAnswer{}, closed{}, failure{}}

// TestProtocolText holds PROTOCOL.md to the Go types: each message has a heading and a table of exactly its fields.
func TestProtocolText(t *testing.T) {
	data, err := os.ReadFile("PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	types := map[string]message{}
	for kind, f := range incoming {
		if m := f(); kind != "cancelled" && kind != "error" { // the same as outgoing
			types["`"+kind+"` → engine"] = m
		}
		if m := f(); m.kind() != kind {
			t.Errorf("incoming %s makes a message of type %s", kind, m.kind())
		}
	}
	for _, m := range outgoing {
		types["`"+m.kind()+"` → page"] = m
	}
	headings := regexp.MustCompile("(?m)^#### (`[a-z]+` → (?:engine|page))$").FindAllStringSubmatch(text, -1)
	var named []string
	for _, h := range headings {
		named = append(named, h[1])
	}
	slices.Sort(named)
	if want := slices.Sorted(maps.Keys(types)); !slices.Equal(named, want) {
		t.Errorf("headings %q, the messages are %q", named, want)
	}
	for heading, m := range types {
		_, section, _ := strings.Cut(text, "#### "+heading+"\n")
		section, _, _ = strings.Cut(section, "\n#")
		compareFields(t, heading, section, reflect.Indirect(reflect.ValueOf(m)).Type())
	}
	for title, v := range map[string]any{"Request": engine.Request{}, "Model": modelInfo{}, "Device": deviceInfo{}} {
		_, section, _ := strings.Cut(text, "\n**"+title+"**")
		section, _, _ = strings.Cut(section, "\n**")
		compareFields(t, title, section, reflect.TypeOf(v))
	}
	for title, v := range map[string]any{"Row": compose.Row{}, "Lift": engine.Lift{}, "Warning": warning{}, "Tree": node{}} {
		_, section, _ := strings.Cut(text, "\n**"+title+"**")
		section, _, _ = strings.Cut(section, "\n\n")
		for name := range fieldsOf(reflect.TypeOf(v)) {
			if !strings.Contains(section, `"`+name+`"`) {
				t.Errorf("%s does not show field %s", title, name)
			}
		}
	}

	_, section, _ := strings.Cut(text, "## 3. Error codes")
	section, _, _ = strings.Cut(section, "\n## ")
	var found []Code
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_]+)`").FindAllStringSubmatch(section, -1) {
		found = append(found, Code(m[1]))
	}
	if !slices.Equal(found, codes) {
		t.Errorf("error codes %q, want %q", found, codes)
	}
}

// compareFields compares a section's table with a struct: names, and which fields are optional.
func compareFields(t *testing.T, where, section string, of reflect.Type) {
	t.Helper()
	written := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| (`[a-z_0-9`, ]+) \\| ([^|]*) \\|").FindAllStringSubmatch(section, -1) {
		for name := range strings.SplitSeq(row[1], ",") {
			written[strings.Trim(name, " `")] = strings.Contains(row[2], "opt.")
		}
	}
	if want := fieldsOf(of); !maps.Equal(written, want) {
		t.Errorf("%s: fields %v, want %v (true: optional)", where, written, want)
	}
}

// fieldsOf lists a struct's JSON fields and whether each may be absent.
func fieldsOf(of reflect.Type) map[string]bool {
	fields := map[string]bool{}
	for _, f := range reflect.VisibleFields(of) {
		if !f.Anonymous && f.Tag.Get("json") != "-" {
			name, option, _ := strings.Cut(f.Tag.Get("json"), ",")
			fields[name] = option == "omitempty"
		}
	}
	return fields
}

// TestMalformed sends what is no message. Each is answered, and the session goes on.
func TestMalformed(t *testing.T) {
	p := visit(t, Options{})
	for _, c := range []struct {
		head   string
		frames int
		want   string // in the error's message
		id     any
	}{
		{``, 0, "head of 0 bytes", nil},
		{strings.Repeat(" ", MaxHead+1), 0, "head of", nil},
		{`[]`, 0, "not a JSON object", nil},
		{`null`, 0, "not a JSON object", nil},
		{`{"type":"info","id":1`, 0, "not a JSON object", nil},
		{`{"type":"info","id":1} {}`, 0, "not a JSON object", nil},
		{`{"id":1}`, 0, "no type", 1.0},
		{`{"type":7,"id":1}`, 0, "no type", 1.0},
		{`{"type":"dance","id":1}`, 0, `unknown message type "dance"`, 1.0},
		{`{"type":"opened","id":1}`, 0, "unknown message type", 1.0},
		{`{"type":"info"}`, 0, `no field "id"`, nil},
		{`{"type":"info","id":null}`, 0, `"id" is null`, nil},
		{`{"type":"info","id":0}`, 0, "id 0", nil},
		{`{"type":"info","id":-3}`, 0, "id -3", nil},
		{`{"type":"info","id":1.5}`, 0, "id 1.5", nil},
		{`{"type":"info","id":"1"}`, 0, `id "1"`, nil},
		{`{"type":"info","id":9007199254740992}`, 0, "id 9007199254740992", nil},
		{`{"type":"info","id":4503599627370496}`, 0, "a page's are from 1", 4503599627370496.0},
		{`{"type":"info","id":1,"Id":2}`, 0, `unknown field "Id"`, 1.0},
		{`{"type":"info","id":1,"x":2}`, 0, `unknown field "x"`, 1.0},
		{`{"type":"info","id":1}`, 1, "1 frames, want 0 to 0", 1.0},
		{`{"type":"info","id":1}`, MaxFrames + 1, "17 frames", nil},
		{`{"type":"open","id":1,"protocol":1}`, 0, "0 frames, want 1 to 1", 1.0},
		{`{"type":"open","id":1}`, 1, `no field "protocol"`, 1.0},
		{`{"type":"open","id":1,"protocol":"1"}`, 1, `"protocol" is a string`, 1.0},
		{`{"type":"generate","id":1,"request":{"prompt":"a","step":3}}`, 0, `unknown field "step"`, 1.0},
		{`{"type":"generate","id":1,"request":{"prompt":"a","steps":"3"}}`, 0, `"request.steps" is a string`, 1.0},
		{`{"type":"generate","id":1,"request":[]}`, 0, `"request" is a array`, 1.0},
		{`{"type":"score","id":1,"peer":0,"t":3}`, 0, "0 frames", 1.0},
	} {
		frames := make([][]byte, c.frames)
		p.send(c.head, frames...)
		got := p.wantError(BadRequest)
		if !strings.Contains(got["message"].(string), c.want) || got["id"] != c.id {
			t.Errorf("%.60s with %d frames: %v, want id %v and %q", c.head, c.frames, got, c.id, c.want)
		}
	}
	p.send(`{"type":"cancel","id":3}`) // about nothing: ignored
	p.send(`{"type":"shard","id":3,"name":"x"}`)
	p.send(`{"type":"error","code":"peer_lost","message":"x"}`)
	p.open()
}

func TestEncodeHead(t *testing.T) {
	for want, m := range map[string]message{
		`{"type":"closed","id":3}`:                                  closed{3},
		`{"type":"error","code":"busy","message":"a < b & ∅"}`:      failure{Code: Busy, Message: "a < b & ∅"},
		`{"type":"ready","protocol":1,"version":"","devices":null}`: ready{Protocol: 1},
	} {
		if got, err := encodeHead(m); err != nil || string(got) != want {
			t.Errorf("got %s, %v; want %s", got, err, want)
		}
	}
}
