package pack

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"

	"github.com/counterpoint/counterpoint/weights"
)

// maxSafetensorsHeader is the format's own limit on a header's length.
const maxSafetensorsHeader = 100_000_000

// DType is a safetensors element type.
type DType string

// The element types this package reads. Only those of floats can be converted.
const (
	TypeF64  DType = "F64"
	TypeF32  DType = "F32"
	TypeF16  DType = "F16"
	TypeBF16 DType = "BF16"
	TypeI64  DType = "I64"
	TypeI32  DType = "I32"
	TypeI16  DType = "I16"
	TypeI8   DType = "I8"
	TypeU8   DType = "U8"
	TypeBool DType = "BOOL"
)

var dtypeSizes = map[DType]int64{
	TypeF64: 8, TypeI64: 8, TypeF32: 4, TypeI32: 4, TypeF16: 2, TypeBF16: 2, TypeI16: 2, TypeI8: 1, TypeU8: 1, TypeBool: 1,
}

// Float tells whether the type is a floating point type.
func (d DType) Float() bool {
	return d == TypeF64 || d == TypeF32 || d == TypeF16 || d == TypeBF16
}

// SafetensorInfo describes a tensor of a safetensors file.
type SafetensorInfo struct {
	Name  string
	DType DType
	Shape []int
}

// Len is the number of elements.
func (t SafetensorInfo) Len() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// size is the number of bytes of the elements.
func (t SafetensorInfo) size() int64 { return int64(t.Len()) * dtypeSizes[t.DType] }

// Safetensors is an open safetensors file, whose header has been checked.
type Safetensors struct {
	r        io.ReaderAt
	metadata map[string]string
	tensors  map[string]safetensor
}

type safetensor struct {
	SafetensorInfo
	begin, end int64 // in the file
}

// OpenSafetensors reads and checks the header of a safetensors file of the
// given size: every tensor's bytes lie in the file, are as many as its shape and
// type call for, and follow one another without overlap or hole. Errors wrap
// ErrFormat, or are those of r.
//
// Offsets need not be multiples of the element size: older writers do not pad,
// and nothing here needs it.
func OpenSafetensors(r io.ReaderAt, size int64) (*Safetensors, error) {
	const where = "safetensors header"
	var prefix [8]byte
	if size < int64(len(prefix)) {
		return nil, malformed(where, "file of %d bytes has no header", size)
	}
	if n, err := r.ReadAt(prefix[:], 0); n < len(prefix) {
		return nil, fmt.Errorf("%s: %w", where, err)
	}
	length := binary.LittleEndian.Uint64(prefix[:])
	if length > maxSafetensorsHeader || int64(length) > size-8 {
		return nil, malformed(where, "length %d in a file of %d bytes", length, size)
	}
	header := make([]byte, length)
	if n, err := r.ReadAt(header, 8); n < len(header) {
		return nil, fmt.Errorf("%s: %w", where, err)
	}
	s := &Safetensors{r: r, tensors: make(map[string]safetensor)}
	if err := s.parse(header); err != nil {
		return nil, malformed(where, "%v", err)
	}
	if err := s.place(8+int64(length), size); err != nil {
		return nil, malformed(where, "%v", err)
	}
	return s, nil
}

// parse reads the header's JSON. It goes key by key, since encoding/json would
// let a second entry of the same name replace the first.
func (s *Safetensors) parse(header []byte) error {
	d := json.NewDecoder(bytes.NewReader(header))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errors.New("not a JSON object")
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		name := key.(string)
		if name == "__metadata__" {
			if s.metadata != nil {
				return errors.New("__metadata__ is given twice")
			}
			if err := d.Decode(&s.metadata); err != nil {
				return fmt.Errorf("__metadata__: %w", err)
			}
			continue
		}
		if _, ok := s.tensors[name]; ok {
			return fmt.Errorf("tensor %.80q is given twice", name)
		}
		t, err := parseSafetensor(d)
		if err != nil {
			return fmt.Errorf("tensor %.80q: %w", name, err)
		}
		t.Name = name
		s.tensors[name] = t
	}
	if _, err := d.Token(); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("data after the object's end")
	}
	return nil
}

func parseSafetensor(d *json.Decoder) (safetensor, error) {
	var entry struct {
		DType   DType   `json:"dtype"`
		Shape   []int   `json:"shape"`
		Offsets []int64 `json:"data_offsets"`
	}
	if err := d.Decode(&entry); err != nil {
		return safetensor{}, err
	}
	size, ok := dtypeSizes[entry.DType]
	if !ok {
		return safetensor{}, fmt.Errorf("unknown dtype %.20q", entry.DType)
	}
	if entry.Shape == nil {
		return safetensor{}, errors.New("no shape")
	}
	if err := weights.CheckShape(entry.Shape); err != nil {
		return safetensor{}, err
	}
	if len(entry.Offsets) != 2 {
		return safetensor{}, fmt.Errorf("%d data_offsets, want 2", len(entry.Offsets))
	}
	t := safetensor{
		SafetensorInfo: SafetensorInfo{DType: entry.DType, Shape: entry.Shape},
		begin:          entry.Offsets[0], end: entry.Offsets[1],
	}
	if t.begin < 0 || t.end < t.begin {
		return safetensor{}, fmt.Errorf("data_offsets %v", entry.Offsets)
	}
	if want := int64(t.Len()) * size; t.end-t.begin != want {
		return safetensor{}, fmt.Errorf("%d bytes for shape %v of %s, want %d", t.end-t.begin, t.Shape, t.DType, want)
	}
	return t, nil
}

// place checks that the tensors tile the file from start to size, and makes
// their offsets relative to the file.
func (s *Safetensors) place(start, size int64) error {
	ts := slices.SortedFunc(maps.Values(s.tensors), func(a, b safetensor) int { return cmp.Compare(a.begin, b.begin) })
	end := int64(0)
	for _, t := range ts {
		if t.begin != end {
			return fmt.Errorf("tensor %.80q begins at %d, the one before ends at %d", t.Name, t.begin, end)
		}
		end = t.end
		if end > size-start {
			return fmt.Errorf("tensor %.80q ends at %d of %d bytes", t.Name, end, size-start)
		}
		t.begin += start
		t.end += start
		s.tensors[t.Name] = t
	}
	if end != size-start {
		return fmt.Errorf("tensors take %d of %d bytes", end, size-start)
	}
	return nil
}

// Metadata gives the header's __metadata__.
func (s *Safetensors) Metadata() map[string]string { return s.metadata }

// Names lists the file's tensors, sorted.
func (s *Safetensors) Names() []string { return slices.Sorted(maps.Keys(s.tensors)) }

// Lookup describes a tensor.
func (s *Safetensors) Lookup(name string) (SafetensorInfo, bool) {
	t, ok := s.tensors[name]
	return t.SafetensorInfo, ok
}

// Float32s reads a tensor of a floating point type, in PyTorch's order, rounded
// to float32 if it is of a larger one. Errors wrap ErrNoTensor or ErrFormat.
func (s *Safetensors) Float32s(name string) ([]float32, error) {
	t, ok := s.tensors[name]
	if !ok {
		return nil, fmt.Errorf("tensor %s: %w", name, weights.ErrNoTensor)
	}
	if !t.DType.Float() {
		return nil, malformed("tensor "+name, "type %s is not a floating point type", t.DType)
	}
	size := int(dtypeSizes[t.DType])
	values := make([]float32, t.Len())
	const piece = 1 << 16 // elements read at a time
	buffer := make([]byte, min(piece, len(values))*size)
	for i := 0; i < len(values); i += piece {
		dst := values[i:min(i+piece, len(values))]
		src := buffer[:len(dst)*size]
		if n, err := s.r.ReadAt(src, t.begin+int64(i*size)); n < len(src) {
			return nil, fmt.Errorf("tensor %s: %w", name, err)
		}
		t.DType.decode(dst, src)
	}
	return values, nil
}

// decode converts little-endian elements of a floating point type.
func (d DType) decode(dst []float32, src []byte) {
	le := binary.LittleEndian
	switch d {
	case TypeF64:
		for i := range dst {
			dst[i] = float32(math.Float64frombits(le.Uint64(src[8*i:])))
		}
	case TypeF32:
		for i := range dst {
			dst[i] = math.Float32frombits(le.Uint32(src[4*i:]))
		}
	case TypeF16:
		for i := range dst {
			dst[i] = weights.HalfToFloat32(le.Uint16(src[2*i:]))
		}
	case TypeBF16:
		for i := range dst {
			dst[i] = weights.BFloat16ToFloat32(le.Uint16(src[2*i:]))
		}
	}
}

// encode is the inverse of decode, rounding to nearest even.
func (d DType) encode(dst []byte, src []float32) {
	le := binary.LittleEndian
	for i, v := range src {
		switch d {
		case TypeF64:
			le.PutUint64(dst[8*i:], math.Float64bits(float64(v)))
		case TypeF32:
			le.PutUint32(dst[4*i:], math.Float32bits(v))
		case TypeF16:
			le.PutUint16(dst[2*i:], weights.Float32ToHalf(v))
		case TypeBF16:
			le.PutUint16(dst[2*i:], weights.Float32ToBFloat16(v))
		}
	}
}

// safetensorsHeader lays tensors out in the order given. It returns the bytes a
// file begins with and where in the file each tensor lies.
func safetensorsHeader(tensors []SafetensorInfo, metadata map[string]string) (header []byte, at []int64, err error) {
	type entry struct {
		DType   DType    `json:"dtype"`
		Shape   []int    `json:"shape"`
		Offsets [2]int64 `json:"data_offsets"`
	}
	entries := make(map[string]any, len(tensors)+1)
	if len(metadata) > 0 {
		entries["__metadata__"] = metadata
	}
	end := int64(0)
	for _, t := range tensors {
		if _, ok := entries[t.Name]; ok {
			return nil, nil, fmt.Errorf("tensor name %q is taken", t.Name)
		}
		shape := t.Shape
		if shape == nil {
			shape = []int{} // a scalar's shape is [], not null
		}
		at = append(at, end)
		entries[t.Name] = entry{t.DType, shape, [2]int64{end, end + t.size()}}
		end += t.size()
	}
	text, err := json.Marshal(entries)
	if err != nil {
		return nil, nil, err
	}
	for len(text)%8 != 0 { // so that the elements are aligned in a mapped file
		text = append(text, ' ')
	}
	header = binary.LittleEndian.AppendUint64(nil, uint64(len(text)))
	header = append(header, text...)
	for i := range at {
		at[i] += int64(len(header))
	}
	return header, at, nil
}

// WriteSafetensors writes a safetensors file of floating point tensors, in the
// order given; values is asked for each in turn, and gives its elements in
// PyTorch's order. They are rounded to the tensor's type, to nearest even.
func WriteSafetensors(w io.Writer, tensors []SafetensorInfo, metadata map[string]string, values func(name string) ([]float32, error)) error {
	header, _, err := safetensorsHeader(tensors, metadata)
	if err != nil {
		return fmt.Errorf("safetensors header: %w", err)
	}
	if _, err := w.Write(header); err != nil {
		return err
	}
	for _, t := range tensors {
		v, err := values(t.Name)
		if err != nil {
			return fmt.Errorf("tensor %s: %w", t.Name, err)
		}
		if !t.DType.Float() || len(v) != t.Len() {
			return fmt.Errorf("tensor %s: %d values for shape %v of %s", t.Name, len(v), t.Shape, t.DType)
		}
		data := make([]byte, t.size())
		t.DType.encode(data, v)
		if _, err := w.Write(data); err != nil {
			return err
		}
	}
	return nil
}
