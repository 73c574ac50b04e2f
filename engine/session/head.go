package session

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// encodeHead is the JSON of a message, its type first.
func encodeHead(m message) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"type":%q`, m.kind())
	fields := b.Len()
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(m); err != nil {
		return nil, fmt.Errorf("session: message %s: %w", m.kind(), err)
	}
	head := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	if head[fields] = ','; head[fields+1] == '}' { // a message without fields
		head = append(head[:fields], '}')
	}
	return head, nil
}

// headError is what is wrong with a message: the field at fault, and the id, where they could be read.
type headError struct {
	id    int64
	field string
	msg   string
}

func (e *headError) Error() string { return e.msg }

// decodeHead reads a head strictly: one JSON object of a type and exactly its fields. Its errors are *headError.
func decodeHead(head []byte) (message, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(head, &fields); err != nil || fields == nil {
		return nil, &headError{msg: "the head is not a JSON object"}
	}
	bad := &headError{}
	var kind string
	if err := json.Unmarshal(fields["id"], &bad.id); err != nil || bad.id < 1 || bad.id > maxID {
		bad.id = 0
	}
	fail := func(field, format string, args ...any) (message, error) {
		bad.field, bad.msg = field, fmt.Sprintf(format, args...)
		return nil, bad
	}
	if err := json.Unmarshal(fields["type"], &kind); err != nil {
		return fail("type", "the head has no type")
	}
	make, ok := incoming[kind]
	if !ok {
		return fail("type", "unknown message type %.40q", kind)
	}
	delete(fields, "type")
	m := make()
	required := map[string]bool{}
	for _, f := range reflect.VisibleFields(reflect.TypeOf(m).Elem()) {
		name, option, _ := strings.Cut(f.Tag.Get("json"), ",")
		required[name] = option == ""
		if value, ok := fields[name]; required[name] && !ok {
			return fail(name, "%s: no field %q", kind, name)
		} else if ok && string(value) == "null" {
			return fail(name, "%s: field %q is null", kind, name)
		}
	}
	for name := range fields {
		if _, ok := required[name]; !ok {
			return fail("", "%s: unknown field %.40q", kind, name)
		}
	}
	if required["id"] && bad.id == 0 {
		return fail("id", "%s: id %.40s, want an integer from 1 to %d", kind, fields["id"], int64(maxID))
	}
	// The fields are known by now, but for those of objects in them.
	known, err := json.Marshal(fields)
	if err == nil {
		d := json.NewDecoder(bytes.NewReader(known))
		d.DisallowUnknownFields()
		err = d.Decode(m)
	}
	if err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			return fail(lastPiece(wrong.Field), "%s: field %q is a %s", kind, wrong.Field, wrong.Value)
		}
		return fail("", "%s: %s", kind, strings.TrimPrefix(err.Error(), "json: "))
	}
	return m, nil
}

// lastPiece is the field that a path ends in: steps of request.steps.
func lastPiece(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }

// parse checks a whole message and reads its head.
func parse(m Message) (message, error) {
	if err := m.check(); err != nil {
		return nil, &headError{msg: err.Error()}
	}
	head, err := decodeHead(m.Head)
	if err != nil {
		return nil, err
	}
	if allowed := frames[head.kind()]; len(m.Frames) < allowed[0] || len(m.Frames) > allowed[1] {
		return nil, &headError{id: idOf(head), msg: fmt.Sprintf("%s with %d frames, want %d to %d", head.kind(), len(m.Frames), allowed[0], allowed[1])}
	}
	return head, nil
}

// idOf is the id of any incoming message, 0 if it has none.
func idOf(m message) int64 {
	if id := reflect.Indirect(reflect.ValueOf(m)).FieldByName("ID"); id.IsValid() {
		return id.Int()
	}
	return 0
}

// outputs are the forms of a picture.
var outputs = []string{"png", "rgba"}

// validOutput reports the first form that is none.
func validOutput(forms []string) error {
	for _, f := range forms {
		if !slices.Contains(outputs, f) {
			return fmt.Errorf("output %.40q, want some of %s", f, strings.Join(outputs, ", "))
		}
	}
	if len(forms) > len(outputs) {
		return fmt.Errorf("%d outputs, want at most %d", len(forms), len(outputs))
	}
	return nil
}
