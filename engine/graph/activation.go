package graph

import "fmt"

// Activation is a function applied to each element, alone or at the end of another operator.
type Activation uint8

// The activations of the networks we run.
const (
	Identity  Activation = iota
	SiLU                 // x·sigmoid(x)
	GELU                 // x·Φ(x), the exact form
	QuickGELU            // x·sigmoid(1.702x), CLIP's
	ReLU                 // max(x, 0)
	Tanh
)

var activationNames = [...]string{"identity", "silu", "gelu", "quick_gelu", "relu", "tanh"}

func (a Activation) String() string { return activationNames[a] }

// ParseActivation finds an activation by the name diffusers and transformers configs give it.
func ParseActivation(name string) (Activation, error) {
	if name == "swish" {
		return SiLU, nil
	}
	for i, n := range activationNames {
		if n == name {
			return Activation(i), nil
		}
	}
	return 0, fmt.Errorf("activation %q is not known", name)
}

// Activate applies a function to each element of its input.
type Activate struct{ Act Activation }

func (Activate) Name() string    { return "activate" }
func (o Activate) Attrs() string { return actAttr(o.Act) }

func (o Activate) Infer(in []*Tensor) (Shape, error) {
	if err := need(in, 1, 1); err != nil {
		return nil, err
	}
	return in[0].Shape, nil
}

func actAttr(a Activation) string {
	if a == Identity {
		return ""
	}
	return "act=" + a.String()
}
