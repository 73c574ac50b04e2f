package device

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Expr builds a Program: each method appends an instruction. A mistake, such as a value of another Expr, is told by Program.
// The zero Expr is empty. Perp-Neg's weight of a perpendicular part, from the products of slots 0 and 1:
//
//	var e device.Expr
//	e.Store(2, e.Div(e.Load(0), e.Load(1)))
//	p, err := e.Program()
type Expr struct {
	code []value
	err  error
}

// Value is what an instruction of an Expr computes.
type Value struct {
	expr *Expr
	i    int // its instruction
}

// value is an instruction whose operands are instructions.
type value struct {
	op    Opcode
	args  []int
	slot  int
	float float32
}

// Opcode is what an instruction does, in f32. A result that is not a finite number is unspecified, and so is what comes of
// it, except that Select drops the value that it does not choose.
type Opcode uint8

// The instructions. To, A, B and C are registers of an Instr.
const (
	OpConst   Opcode = iota // To = Float
	OpLoad                  // To = the picture's scalar in Slot
	OpStore                 // the picture's scalar in Slot = A
	OpAdd                   // To = A + B
	OpSub                   // To = A − B
	OpMul                   // To = A · B
	OpDiv                   // To = A / B
	OpMin                   // To = the smaller of A and B
	OpMax                   // To = the larger of A and B
	OpExp                   // To = e to the A
	OpLog                   // To = the natural logarithm of A
	OpSqrt                  // To = √A
	OpAbs                   // To = |A|
	OpGreater               // To = 1 if A > B, otherwise 0
	OpSelect                // To = A if C > 0, otherwise B
	opcodes
)

var opcodeNames = [opcodes]string{"const", "load", "store", "add", "sub", "mul", "div", "min", "max", "exp", "log", "sqrt", "abs", "greater", "select"}

func (o Opcode) String() string { return opcodeNames[o] }

// What a Program may have at most.
const (
	MaxInstrs    = 4096
	MaxRegisters = 64 // values that are needed at the same time
)

func (e *Expr) add(op Opcode, slot int, float float32, args ...Value) Value {
	v := value{op: op, slot: slot, float: float}
	for _, a := range args {
		if a.expr != e {
			e.fail(fmt.Errorf("an operand of %v is no value of this expression", op))
		}
		v.args = append(v.args, a.i)
	}
	if slot < 0 {
		e.fail(fmt.Errorf("%v slot %d", op, slot))
	}
	e.code = append(e.code, v)
	return Value{e, len(e.code) - 1}
}

func (e *Expr) fail(err error) {
	if e.err == nil {
		e.err = fmt.Errorf("expression: instruction %d: %w", len(e.code), err)
	}
}

// Const is the same number for every picture, rounded to f32.
func (e *Expr) Const(c float64) Value {
	f := float32(c)
	if math.IsInf(float64(f), 0) || c != c {
		e.fail(fmt.Errorf("constant %v is no finite f32", c))
	}
	return e.add(OpConst, 0, f)
}

// Load is the scalar that a slot holds by now.
func (e *Expr) Load(slot int) Value { return e.add(OpLoad, slot, 0) }

// Store sets a slot.
func (e *Expr) Store(slot int, v Value) { e.add(OpStore, slot, 0, v) }

// Add is a + b.
func (e *Expr) Add(a, b Value) Value { return e.add(OpAdd, 0, 0, a, b) }

// Sub is a − b.
func (e *Expr) Sub(a, b Value) Value { return e.add(OpSub, 0, 0, a, b) }

// Mul is a · b.
func (e *Expr) Mul(a, b Value) Value { return e.add(OpMul, 0, 0, a, b) }

// Div is a / b, within 3 units of the last place.
func (e *Expr) Div(a, b Value) Value { return e.add(OpDiv, 0, 0, a, b) }

// Min is the smaller of a and b.
func (e *Expr) Min(a, b Value) Value { return e.add(OpMin, 0, 0, a, b) }

// Max is the larger of a and b.
func (e *Expr) Max(a, b Value) Value { return e.add(OpMax, 0, 0, a, b) }

// Exp is e to the a; GPUs lose accuracy in proportion to |a|.
func (e *Expr) Exp(a Value) Value { return e.add(OpExp, 0, 0, a) }

// Log is the natural logarithm of a > 0.
func (e *Expr) Log(a Value) Value { return e.add(OpLog, 0, 0, a) }

// Sqrt is the square root of a ≥ 0.
func (e *Expr) Sqrt(a Value) Value { return e.add(OpSqrt, 0, 0, a) }

// Abs is |a|.
func (e *Expr) Abs(a Value) Value { return e.add(OpAbs, 0, 0, a) }

// Greater is 1 if a > b, otherwise 0.
func (e *Expr) Greater(a, b Value) Value { return e.add(OpGreater, 0, 0, a, b) }

// Select is a if condition > 0, otherwise b.
func (e *Expr) Select(condition, a, b Value) Value { return e.add(OpSelect, 0, 0, a, b, condition) }

// Instr is an instruction of a Program over registers. All operands are read before To is written.
type Instr struct {
	Op          Opcode
	To, A, B, C uint8
	Slot        int
	Float       float32
}

// Program is a straight line of instructions over one picture's scalars, the same for every picture. It does not change.
type Program struct {
	instrs []Instr
	slots  int
	text   string
}

// Program assigns registers to the values, each from its instruction to its last use.
func (e *Expr) Program() (*Program, error) {
	if e.err != nil {
		return nil, e.err
	}
	if len(e.code) > MaxInstrs {
		return nil, fmt.Errorf("expression: %d instructions, at most %d", len(e.code), MaxInstrs)
	}
	last := make([]int, len(e.code))
	for i, v := range e.code {
		last[i] = i
		for _, a := range v.args {
			last[a] = i
		}
	}
	var free []uint8
	for r := range MaxRegisters {
		free = append(free, uint8(MaxRegisters-1-r))
	}
	p := &Program{text: e.String()}
	to := make([]uint8, len(e.code))
	for i, v := range e.code {
		in := Instr{Op: v.op, Slot: v.slot, Float: v.float}
		for j, a := range v.args {
			*[]*uint8{&in.A, &in.B, &in.C}[j] = to[a]
			if last[a] == i && !slices.Contains(v.args[:j], a) {
				free = append(free, to[a])
			}
		}
		if v.op == OpLoad || v.op == OpStore {
			p.slots = max(p.slots, v.slot+1)
		}
		if v.op != OpStore {
			if len(free) == 0 {
				return nil, fmt.Errorf("expression: instruction %d: more than %d values are needed at the same time", i, MaxRegisters)
			}
			in.To = free[len(free)-1]
			to[i] = in.To
			if last[i] > i {
				free = free[:len(free)-1]
			}
		}
		p.instrs = append(p.instrs, in)
	}
	return p, nil
}

// String lists the instructions, one a line: "v2 = div v0 v1".
func (e *Expr) String() string {
	var b strings.Builder
	for i, v := range e.code {
		if v.op != OpStore {
			fmt.Fprintf(&b, "v%d = ", i)
		}
		b.WriteString(v.op.String())
		switch v.op {
		case OpConst:
			fmt.Fprintf(&b, " %v", v.float)
		case OpLoad, OpStore:
			fmt.Fprintf(&b, " %d", v.slot)
		}
		for _, a := range v.args {
			fmt.Fprintf(&b, " v%d", a)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// Instrs returns the instructions, which are not to be changed.
func (p *Program) Instrs() []Instr { return p.instrs }

// Slots returns how many slots the program needs: one more than the highest it names.
func (p *Program) Slots() int { return p.slots }

// String lists the instructions as the Expr did.
func (p *Program) String() string { return p.text }

// Eval runs a program over each picture's scalars.
type Eval struct {
	Pictures int
	Scalars  Scalars
	Program  *Program
}

// Check reports what is wrong with the operation on a device that owns certain buffers.
func (o Eval) Check(owner Owner) error {
	if err := checkSize(o.Pictures, o.Scalars.Slots); err != nil {
		return err
	}
	if o.Program == nil {
		return fmt.Errorf("no program")
	}
	if err := o.Scalars.check(owner, o.Pictures); err != nil {
		return fmt.Errorf("scalars: %w", err)
	}
	if o.Program.slots > o.Scalars.Slots {
		return fmt.Errorf("the program names slot %d of %d", o.Program.slots-1, o.Scalars.Slots)
	}
	return nil
}
