package pack

import "testing"

func TestInFloat32(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`{"dtype":"float16","hidden_size":8}`, `{"dtype":"float32","hidden_size":8}`},
		{`{"torch_dtype":"bfloat16"}`, `{"torch_dtype":"float32"}`},
		{`{ "hidden_size": 8 }`, `{ "hidden_size": 8 }`}, // to the byte
	} {
		got, err := inFloat32([]byte(c.in))
		if err != nil || string(got) != c.want {
			t.Errorf("%s: got %s, %v; want %s", c.in, got, err, c.want)
		}
	}
	if _, err := inFloat32([]byte("[]")); err == nil {
		t.Error("a config that is no object was accepted")
	}
}
