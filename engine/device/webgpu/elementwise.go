package webgpu

import (
	"fmt"

	"github.com/counterpoint/counterpoint/engine/graph"
	"github.com/counterpoint/counterpoint/shaders"
)

func init() {
	register(graph.Activate{}, emitActivate)
	register(graph.Affine{}, emitAffine)
	register(graph.Add{}, emitAdd)
	register(graph.GEGLU{}, emitGEGLU)
}

// elementWorkgroup is the invocations of a workgroup of operators that do little for each element.
const elementWorkgroup = 64

func emitActivate(c *compiler, in graph.Instr) error {
	images, size := imageParams(in.Out.Shape)
	return c.dispatch("activate", shaders.Variant{shaders.Workgroup: elementWorkgroup, shaders.Act: int(in.Op.(graph.Activate).Act)},
		params{"images": images, "size": size},
		buffers{"x": c.operand(in.In[0]), "y": c.operand(in.Out)},
		c.flat(in.Out.Shape, 1, elementWorkgroup))
}

func emitAffine(c *compiler, in graph.Instr) error {
	op := in.Op.(graph.Affine)
	images, size := imageParams(in.Out.Shape)
	return c.dispatch("affine", shaders.Variant{shaders.Workgroup: elementWorkgroup},
		params{"images": images, "size": size, "mul": op.Mul, "add": op.Add},
		buffers{"x": c.operand(in.In[0]), "y": c.operand(in.Out)},
		c.flat(in.Out.Shape, 1, elementWorkgroup))
}

func emitGEGLU(c *compiler, in graph.Instr) error {
	o, err := c.dense(in.In[0], in.Out)
	if err != nil {
		return err
	}
	channels := in.Out.Shape.Last()
	return c.copy(copying{shader: "geglu", out: in.Out.Shape, run: channels, quads: inQuads(channels),
		variant: shaders.Variant{shaders.Act: int(graph.GELU)}, buffers: buffers{"x": o[0], "y": o[1]}})
}

func emitAdd(c *compiler, in graph.Instr) error {
	o, err := c.dense(in.In[0], in.Out)
	if err != nil {
		return err
	}
	x, z := rowsOf(in.In[0].Shape), in.In[1]
	weight := z.Space == graph.SpaceWeight && len(z.Shape) > 1
	b := spread(x, z.Shape, weight)
	if len(b.dims) > maxSpread {
		return fmt.Errorf("%v to %v: %d runs of dimensions that repeat or not, at most %d", z.Shape, x, len(b.dims)+1, maxSpread+1)
	}
	k := copying{shader: "add", out: x, run: b.run, quads: inQuads(b.run),
		variant: shaders.Variant{"DIMS": len(b.dims), "REPEAT": flag(b.repeat), "WEIGHT": flag(weight)},
		params:  params{}, buffers: buffers{"x": o[0], "y": o[1]}}
	for i := range maxSpread {
		var d spreadDim
		if i < len(b.dims) {
			d = b.dims[i]
		}
		if i < maxSpread-1 {
			k.params[fmt.Sprintf("size%d", i)] = d.size
		}
		k.params[fmt.Sprintf("step%d", i)] = quarter(d.step, k.quads && !b.repeat && !weight)
	}
	if weight {
		if err := c.table(&k, z); err != nil {
			return err
		}
	} else {
		k.buffers["z"] = c.operand(z)
	}
	return c.copy(k)
}

// maxSpread is how many dimensions add.wgsl knows around a run.
const maxSpread = 4

// spreading tells where the element of z for one of x lies, with dimensions joined that z follows or repeats along alike:
// the innermost elements of x are a run, along which z runs too or repeats; dims are around it, from the inside out.
type spreading struct {
	run    int
	repeat bool
	dims   []spreadDim
}

type spreadDim struct{ size, step int } // the outermost size is never used: it may be Rows

// spread works out how z spreads over x, of two or more dimensions. The first dimension stays apart. With rows, the run is
// the last dimension and steps count rows of z, otherwise elements.
func spread(x, z graph.Shape, rows bool) spreading {
	b := spreading{run: 1}
	step, last := 1, len(x)-1
	for i := last; i >= 0; i-- {
		j := i - (len(x) - len(z))
		d := spreadDim{size: x[i]}
		if j >= 0 && z[j] != 1 {
			d.step = step
			if i > 0 && !(rows && i == last) {
				step *= x[i]
			}
		}
		n := len(b.dims)
		switch repeat := d.step == 0; {
		case rows && i == last, !rows && i > 0 && n == 0 && (b.run == 1 || b.repeat == repeat):
			b.run, b.repeat = b.run*x[i], repeat
		case i > 0 && x[i] == 1:
		case n > 0 && (b.dims[n-1].step == 0) == repeat:
			b.dims[n-1].size *= x[i]
		default:
			b.dims = append(b.dims, d)
		}
	}
	if n := len(b.dims); n == 1 && b.dims[0].step == 0 {
		b.dims = nil
	}
	return b
}
