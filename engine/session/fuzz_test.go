package session

import (
	"bytes"
	"errors"
	"testing"
)

// FuzzBinary: what parses is the one binary form of what it parses to.
func FuzzBinary(f *testing.F) {
	whole, err := AppendBinary(nil, []byte(`{"type":"shard","id":1,"name":"x"}`), [][]byte{[]byte("bytes"), nil, make([]byte, 300)})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:len(whole)-1])
	f.Add(append(bytes.Clone(whole), 0))
	f.Add([]byte{1, 0, 0, 0, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, '{'})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Add([]byte{1, 0, 0, 0, 0, 0, 0, 0, '{'})
	f.Fuzz(func(t *testing.T, data []byte) {
		head, frames, err := ParseBinary(data)
		if err != nil {
			if head != nil || frames != nil {
				t.Error("parts of a message came with an error")
			}
			return
		}
		again, err := AppendBinary(nil, head, frames)
		if err != nil || !bytes.Equal(again, data) {
			t.Errorf("%x was parsed and is written as %x, %v", data, again, err)
		}
	})
}

func TestBinaryRefuses(t *testing.T) {
	for name, frames := range map[string][][]byte{
		"many frames": make([][]byte, MaxFrames+1),
		"large frame": {make([]byte, MaxBytes+1)},
	} {
		if _, err := AppendBinary(nil, []byte("{}"), frames); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for _, n := range []int{0, MaxHead + 1} {
		if _, err := AppendBinary(nil, make([]byte, n), nil); err == nil {
			t.Errorf("head of %d bytes: no error", n)
		}
	}
}

// FuzzHead: a head is refused, or it is a message that says the same when it is written again.
func FuzzHead(f *testing.F) {
	for _, seed := range []string{
		`{"type":"open","id":1,"protocol":1,"device":"auto"}`,
		`{"type":"with","id":2,"name":"objects"}`,
		`{"type":"generate","id":2,"request":{"prompt":"a red cube","seed":9007199254740991},"output":["png"],"peers":2}`,
		`{"type":"generate","id":2,"request":{"prompt":"a","strength":0.5},"image":{"width":2,"height":3},"mask_image":{"width":1,"height":1}}`,
		`{"type":"cancel","id":2,"keep":true}`, `{"type":"assist","id":4503599627370496,"peer":0,"model":"x","request":{},"rows":[0,1]}`,
		`{"type":"score","id":4503599627370496,"peer":1,"t":981.5}`, `{"type":"error","code":"busy","message":"x","offset":0}`,
		`{"type":"info","id":1e0}`, `{"id":1,"type":"info","id":2}`, `{"type":"info","id":1,"request":{}}`, "null", "{\"type\":\"\xff\"}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, head []byte) {
		m, err := decodeHead(head)
		if err != nil {
			var bad *headError
			if m != nil || !errors.As(err, &bad) || bad.msg == "" {
				t.Errorf("message %v with error %v", m, err)
			}
			return
		}
		once, err := encodeHead(m)
		if err != nil {
			t.Fatal(err)
		}
		again, err := decodeHead(once)
		if err != nil {
			t.Fatalf("%s is refused: %v", once, err)
		}
		if twice, err := encodeHead(again); err != nil || !bytes.Equal(once, twice) {
			t.Errorf("%s became %s (%v)", once, twice, err)
		}
	})
}
