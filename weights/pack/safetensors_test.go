package pack

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/counterpoint/counterpoint/weights"
)

// safetensorsFile is a file with the given header and n bytes of data.
func safetensorsFile(header string, n int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, n)...)
}

func TestSafetensorsRoundTrip(t *testing.T) {
	values := map[string][]float32{
		"a": {0, 1, -1.5, 65504, 0x1p-24, 3},
		"b": {float32(math.Inf(-1))},
		"c": {0.1, -0.2},
	}
	for _, dtype := range []DType{TypeF64, TypeF32, TypeF16, TypeBF16} {
		infos := []SafetensorInfo{{"c", dtype, []int{2}}, {"a", dtype, []int{2, 3}}, {"b", dtype, nil}}
		var b bytes.Buffer
		err := WriteSafetensors(&b, infos, map[string]string{"format": "pt"},
			func(name string) ([]float32, error) { return values[name], nil })
		if err != nil {
			t.Fatal(err)
		}
		s, err := OpenSafetensors(bytes.NewReader(b.Bytes()), int64(b.Len()))
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Names(); !slices.Equal(got, []string{"a", "b", "c"}) || s.Metadata()["format"] != "pt" {
			t.Errorf("%s: names %q, metadata %q", dtype, got, s.Metadata())
		}
		for _, info := range infos {
			got, err := s.Float32s(info.Name)
			if err != nil {
				t.Fatal(err)
			}
			want := make([]float32, len(got))
			for i, v := range values[info.Name] {
				switch dtype {
				case TypeF16:
					v = weights.HalfToFloat32(weights.Float32ToHalf(v))
				case TypeBF16:
					v = weights.BFloat16ToFloat32(weights.Float32ToBFloat16(v))
				}
				want[i] = v
			}
			if found, _ := s.Lookup(info.Name); !slices.Equal(got, want) || !slices.Equal(found.Shape, info.Shape) {
				t.Errorf("%s: %s is %v of shape %v, want %v", dtype, info.Name, got, found.Shape, want)
			}
		}
		if _, err := s.Float32s("d"); !errors.Is(err, weights.ErrNoTensor) {
			t.Errorf("error for a missing tensor is %v", err)
		}
	}
}

// TestSafetensorsByHand pins the byte layout, independently of the writer.
func TestSafetensorsByHand(t *testing.T) {
	file := safetensorsFile(`{"w":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}  `, 0)
	file = append(file, 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0)
	s, err := OpenSafetensors(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Float32s("w"); err != nil || !slices.Equal(got, []float32{1, -2}) {
		t.Errorf("values %v (%v), want [1 -2]", got, err)
	}
}

func TestSafetensorsDefects(t *testing.T) {
	const w = `{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`
	over := safetensorsFile(w, 8)
	binary.LittleEndian.PutUint64(over, 1<<63)
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"no header":         {[]byte("short"), "no header"},
		"header too long":   {over, "length 9223372036854775808"},
		"header past end":   {safetensorsFile(w, 8)[:20], "length"},
		"not JSON":          {safetensorsFile(`tensors`, 0), "not a JSON object"},
		"a list":            {safetensorsFile(`[]`, 0), "not a JSON object"},
		"unfinished":        {safetensorsFile(`{"w":{"dtype":"F32"`, 0), "unexpected EOF"},
		"trailing JSON":     {safetensorsFile(w+`{}`, 8), "after the object's end"},
		"twice":             {safetensorsFile(`{"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"w":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 2), `"w" is given twice`},
		"unknown dtype":     {safetensorsFile(strings.Replace(w, "F32", "F7", 1), 8), `unknown dtype "F7"`},
		"no shape":          {safetensorsFile(`{"w":{"dtype":"F32","data_offsets":[0,4]}}`, 4), "no shape"},
		"negative shape":    {safetensorsFile(strings.Replace(w, "[2]", "[-1,-2]", 1), 8), "out of range"},
		"overflowing shape": {safetensorsFile(strings.Replace(w, "[2]", "[4294967296,4294967296]", 1), 8), "out of range"},
		"wrong shape":       {safetensorsFile(strings.Replace(w, "[2]", "[3]", 1), 8), "want 12"},
		"one offset":        {safetensorsFile(strings.Replace(w, "[0,8]", "[0]", 1), 8), "1 data_offsets"},
		"offsets reversed":  {safetensorsFile(strings.Replace(w, "[0,8]", "[8,0]", 1), 8), "data_offsets [8 0]"},
		"negative offset":   {safetensorsFile(strings.Replace(w, "[0,8]", "[-8,0]", 1), 8), "data_offsets [-8 0]"},
		"past end":          {safetensorsFile(w, 7), "ends at 8 of 7"},
		"bytes left":        {safetensorsFile(w, 9), "take 8 of 9"},
		"hole":              {safetensorsFile(strings.Replace(w, "[0,8]", "[4,12]", 1), 12), "begins at 4"},
		"overlap":           {safetensorsFile(`{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}`, 6), "begins at 2"},
		"bad metadata":      {safetensorsFile(`{"__metadata__":{"a":1}}`, 0), "__metadata__"},
	} {
		_, err := OpenSafetensors(bytes.NewReader(c.file), int64(len(c.file)))
		if !errors.Is(err, weights.ErrFormat) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want one about %q", name, err, c.want)
		}
	}
}

func TestSafetensorsIntegersAreNoWeights(t *testing.T) {
	file := safetensorsFile(`{"ids":{"dtype":"I64","shape":[2],"data_offsets":[0,16]}}`, 16)
	s, err := OpenSafetensors(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Float32s("ids"); !errors.Is(err, weights.ErrFormat) {
		t.Errorf("error is %v, want one that wraps %v", err, weights.ErrFormat)
	}
}

// FuzzSafetensors: what opens can be read, and what is written from it reads the same.
func FuzzSafetensors(f *testing.F) {
	f.Add(testPipeline().safetensors(f, "vae", TypeF16))
	f.Add(safetensorsFile(`{"w":{"dtype":"BF16","shape":[2,1],"data_offsets":[0,4]},"__metadata__":{"a":"b"}}`, 4))
	f.Add(safetensorsFile(`{"w":{"dtype":"F64","shape":[],"data_offsets":[0,8]},"i":{"dtype":"I64","shape":[1],"data_offsets":[8,16]}}`, 16))
	f.Add(safetensorsFile(`{}`, 0))
	f.Fuzz(func(t *testing.T, file []byte) {
		s, err := OpenSafetensors(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			if s != nil {
				t.Error("a file came with an error")
			}
			return
		}
		var infos []SafetensorInfo
		for _, name := range s.Names() {
			info, ok := s.Lookup(name)
			if !ok {
				t.Fatalf("%q is listed and not found", name)
			}
			if info.DType.Float() {
				info.DType = TypeF64
				infos = append(infos, info)
			}
		}
		var b bytes.Buffer
		if err := WriteSafetensors(&b, infos, s.Metadata(), s.Float32s); err != nil {
			t.Fatal(err)
		}
		again, err := OpenSafetensors(bytes.NewReader(b.Bytes()), int64(b.Len()))
		if err != nil {
			t.Fatal(err)
		}
		for _, info := range infos {
			want, err := s.Float32s(info.Name)
			if err != nil {
				t.Fatal(err)
			}
			got, err := again.Float32s(info.Name)
			if err != nil {
				t.Fatal(err)
			}
			same := func(a, b float32) bool { return a == b || a != a && b != b }
			if !slices.EqualFunc(got, want, same) {
				t.Errorf("%q: %v became %v", info.Name, want, got)
			}
		}
	})
}
