package kernel

// Kernels is the table of inner loops of one level. Its methods take slices whose
// first len(dst) (or len(x)) values are used; a shorter operand panics like any slice
// expression. dst may be one of the operands, but must not overlap one in part.
// Kernels are safe for concurrent use.
type Kernels struct {
	level Level
	rows  int // rows of the largest tile
	width int // columns of a panel; the last panel of a matrix may have width/2

	// tile[0] has tiles of width columns, tile[1] of width/2; [r-1] of r rows.
	tile    [2][]tileFunc
	expand8 [2]expandInt8Func
	expand4 [2]expandInt4Func

	expandHalf func(dst []float32, src []byte) // whole vectors
	transpose  transposeFunc

	unary      [activations]unaryFunc
	exp        unaryFunc
	add, mul   func(dst, x, y []float32)
	scale      func(dst, x []float32, a float32)
	scaleAdd   func(dst, x, y []float32, a, b float32)
	scaleShift func(dst, x, scale, shift []float32)
	normalize  func(dst, x, gamma, beta []float32, mean, rstd float32)
	expSum     func(dst, x []float32, scale, shift float32) float32
	max        func(x []float32) float32
	dot        func(x, y []float32) float64
	moments    func(x []float32) (sum, squares float64)
	columns    columnsFunc
}

// A tileFunc computes c[i][j] = Σ_t a[i*lda+t]·b[t*width+j] for the rows and width it
// is made for, t from 0 to k-1 ≥ 0 in this order with one accumulator a value, and with
// accumulate adds the sum to what c holds.
type tileFunc func(c []float32, ldc int, a []float32, lda int, b []float32, k int, accumulate bool)

// They write dst[t*width+j] = src[t][j]·scale[j] for the width it is made
// for and the k rows of one group.
type (
	expandInt8Func func(dst []float32, src []int8, scale []uint16, k int)
	expandInt4Func func(dst []float32, src []byte, scale []uint16, k int)
)

type (
	// A unaryFunc sets dst[i] to a function of x[i].
	unaryFunc func(dst, x []float32)
	// A transposeFunc sets dst[j*ldd+i] = src[i*lds+j] for i < rows and j < cols.
	transposeFunc func(dst []float32, ldd int, src []float32, lds, rows, cols int)
	// A columnsFunc adds up the len(sum) first columns of x, and their squares.
	columnsFunc func(sum, squares []float64, x []float32, stride, rows int)
)

// Activation is a function applied to each value of a matrix product.
type Activation uint8

const (
	NoActivation Activation = iota
	ReLU                    // max(x, 0)
	SiLU                    // x·σ(x), also called swish
	GELU                    // x·Φ(x) with the exact normal distribution function, PyTorch's default
	QuickGELU               // x·σ(1.702x), OpenAI CLIP's
	Tanh
	activations
)

// String returns diffusers' and transformers' name of the activation.
func (a Activation) String() string {
	switch a {
	case NoActivation:
		return "none"
	case ReLU:
		return "relu"
	case SiLU:
		return "silu"
	case GELU:
		return "gelu"
	case QuickGELU:
		return "quick_gelu"
	case Tanh:
		return "tanh"
	}
	return "unknown activation"
}

// Level returns the level that these kernels belong to.
func (k *Kernels) Level() Level { return k.level }

// ExpandHalf sets dst to the len(dst) little-endian float16 in src, exactly.
func (k *Kernels) ExpandHalf(dst []float32, src []byte) {
	whole := len(dst) &^ 15
	k.expandHalf(dst[:whole], src[:2*whole])
	expandHalfPortable(dst[whole:], src[2*whole:2*len(dst)])
}

// Exp sets dst = exp(x): relative error at most 1e-7 where the result is a normal
// number; results below the smallest normal number lose bits or are zero.
func (k *Kernels) Exp(dst, x []float32) { k.exp(dst, x[:len(dst)]) }

// Activate sets dst = f(x). The relative error is at most 2e-7 for SiLU, QuickGELU and Tanh
// and 4e-7 for GELU, as far as the result is a normal
// number; where σ(x) itself is below the normal numbers the result may be zero.
func (k *Kernels) Activate(f Activation, dst, x []float32) { k.unary[f](dst, x[:len(dst)]) }

// Add sets dst = x + y.
func (k *Kernels) Add(dst, x, y []float32) { k.add(dst, x[:len(dst)], y[:len(dst)]) }

// Mul sets dst = x·y.
func (k *Kernels) Mul(dst, x, y []float32) { k.mul(dst, x[:len(dst)], y[:len(dst)]) }

// Scale sets dst = a·x.
func (k *Kernels) Scale(dst []float32, a float32, x []float32) { k.scale(dst, x[:len(dst)], a) }

// Axpy sets dst = dst + a·x.
func (k *Kernels) Axpy(dst []float32, a float32, x []float32) {
	k.scaleAdd(dst, x[:len(dst)], dst, a, 1)
}

// ScaleAdd sets dst = a·x + b·y.
func (k *Kernels) ScaleAdd(dst []float32, a float32, x []float32, b float32, y []float32) {
	k.scaleAdd(dst, x[:len(dst)], y[:len(dst)], a, b)
}

// ScaleShift sets dst[i] = x[i]·scale[i] + shift[i]: the second half of a group norm, one
// pixel at a time, with scale and shift of each channel already containing the group's
// mean and deviation.
func (k *Kernels) ScaleShift(dst, x, scale, shift []float32) {
	n := len(dst)
	k.scaleShift(dst, x[:n], scale[:n], shift[:n])
}

// Normalize sets dst[i] = (x[i] - mean)·rstd·gamma[i] + beta[i]: the second half of a
// layer norm of one row.
func (k *Kernels) Normalize(dst, x []float32, mean, rstd float32, gamma, beta []float32) {
	n := len(dst)
	k.normalize(dst, x[:n], gamma[:n], beta[:n], mean, rstd)
}

// ExpSum sets dst = exp(scale·x + shift) and returns the sum of dst.
func (k *Kernels) ExpSum(dst, x []float32, scale, shift float32) float32 {
	return k.expSum(dst, x[:len(dst)], scale, shift)
}

// Softmax sets dst = softmax(scale·x), for a scale that is not negative. A NaN in x makes
// the whole row NaN.
func (k *Kernels) Softmax(dst, x []float32, scale float32) {
	x = x[:len(dst)]
	sum := k.expSum(dst, x, scale, -scale*k.max(x))
	k.scale(dst, dst, 1/sum)
}

// Max returns the largest value of x, or negative infinity for none. With a NaN in x it
// may be any of the values.
func (k *Kernels) Max(x []float32) float32 { return k.max(x) }

// Dot returns Σ x·y, accumulated in float64.
func (k *Kernels) Dot(x, y []float32) float64 { return k.dot(x, y[:len(x)]) }

// Moments returns Σ x and Σ x², accumulated in float64.
func (k *Kernels) Moments(x []float32) (sum, squares float64) { return k.moments(x) }

// ColumnMoments sets sum[c] = Σ_r x[r*stride+c] and squares[c] = Σ_r x[r*stride+c]² for
// each column c < len(sum) over rows rows, accumulated in float64: the first half of a
// group norm, whose groups then add up their channels.
func (k *Kernels) ColumnMoments(sum, squares []float64, x []float32, stride, rows int) {
	if n := len(sum); n > 0 && rows > 0 {
		k.columns(sum, squares[:n], x[:(rows-1)*stride+n], stride, rows)
		return
	}
	clear(sum)
	clear(squares[:len(sum)])
}
