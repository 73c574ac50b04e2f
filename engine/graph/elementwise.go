package graph

import "fmt"

// Add adds y to x. Each dimension of y, aligned at the innermost, is x's or 1.
type Add struct{}

func (Add) Name() string  { return "add" }
func (Add) Attrs() string { return "" }

func (Add) Infer(in []*Tensor) (Shape, error) {
	if err := need(in, 2, 2); err != nil {
		return nil, err
	}
	x, y := in[0].Shape, in[1].Shape
	for i := range y {
		j := len(x) - len(y) + i
		if j < 0 || y[i] != 1 && y[i] != x[j] {
			return nil, fmt.Errorf("y %v does not spread over x %v", y, x)
		}
	}
	return x, nil
}

// Affine maps each element to Mul·x + Add.
type Affine struct{ Mul, Add float32 }

func (Affine) Name() string    { return "affine" }
func (o Affine) Attrs() string { return fmt.Sprintf("mul=%g add=%g", o.Mul, o.Add) }

func (Affine) Infer(in []*Tensor) (Shape, error) {
	if err := need(in, 1, 1); err != nil {
		return nil, err
	}
	return in[0].Shape, nil
}

// GEGLU splits the channels of x [...,2C] in two halves a and b and returns a·gelu(b) [...,C] (Shazeer 2020; diffusers' GEGLU).
type GEGLU struct{}

func (GEGLU) Name() string  { return "geglu" }
func (GEGLU) Attrs() string { return "" }

func (GEGLU) Infer(in []*Tensor) (Shape, error) {
	if err := need(in, 1, 1); err != nil {
		return nil, err
	}
	x := in[0].Shape
	if x.Last()%2 != 0 {
		return nil, fmt.Errorf("x %v does not split in halves", x)
	}
	return append(append(Shape(nil), x[:len(x)-1]...), x.Last()/2), nil
}
