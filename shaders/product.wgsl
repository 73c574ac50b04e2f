// y = act(x·w + bias + row) + residual, where x·w sums over the taps of each output position and the channels of each tap, in
// quads of four neighbours. What a tap is, conv2d.wgsl and linear.wgsl say:
//
//	fn place(position: u32) -> Place       what they keep of an output position
//	fn tap_at(to: Place, tap: u32) -> Tap  where the channels of a tap lie in x
//
// An invocation computes M positions by N_QUADS quads of outputs and keeps the sums in registers; a workgroup is DOWN
// invocations along the positions by ACROSS along the outputs. Neighbouring invocations have neighbouring positions or
// outputs: the i-th of an invocation's is i·DOWN or i·ACROSS further. With SHARED the workgroup passes through x and w in
// steps of DEPTH quads of the sum, which it loads together into workgroup memory, dequantized; without, each invocation
// reads what it needs. x comes in quads with X_QUADS, outputs with QUADS.
#import run
#import value
#import activation
#import weights
#if X_QUADS
@group(0) @binding(#) var<storage, read> x: array<vec4<f32>>;
#else
@group(0) @binding(#) var<storage, read> x: array<f32>;
#endif
#if BIAS
@group(0) @binding(#) var<storage, read> bias: array<value>;
#endif
#if ROW
@group(0) @binding(#) var<storage, read> row: array<value>; // [N,O]
#endif
#if RESIDUAL
@group(0) @binding(#) var<storage, read> residual: array<value>;
#endif
@group(0) @binding(#) var<storage, read_write> y: array<value>;

#if F16
alias real4 = vec4<f16>;
#else
alias real4 = vec4<f32>;
#endif

// Tap is where the channels of an input pixel or token begin in x, counted as x is; what is not inside reads as zeros.
struct Tap {
    at: u32,
    inside: bool,
}

fn fetch(tap: Tap, quad: u32) -> vec4<f32> {
#if X_QUADS
    return select(vec4<f32>(0.0), x[tap.at + quad], tap.inside);
#else
    let c = 4u * quad + vec4<u32>(0u, 1u, 2u, 3u);
    let i = tap.at + min(c, vec4<u32>(p.channels - 1u));
    return select(vec4<f32>(0.0), vec4<f32>(x[i.x], x[i.y], x[i.z], x[i.w]), c < vec4<u32>(select(0u, p.channels, tap.inside)));
#endif
}

// The rows of w for a tap of four outputs from the first; outputs that do not exist repeat the last.
fn rows_from(first: u32, tap: u32) -> vec4<u32> {
    return min(first + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(p.outputs - 1u)) * p.taps + tap;
}

#if !WIDE
// One quad of each of four outputs from the first, by channel.
fn block(first: u32, tap: u32, quad: u32) -> mat4x4<f32> {
    let rows = rows_from(first, tap);
    return transpose(mat4x4<f32>(weight(rows.x, quad), weight(rows.y, quad), weight(rows.z, quad), weight(rows.w, quad)));
}
#endif

// The sums of four outputs with the products of a quad of x added, one after the other, so that each is a fused one where
// the machine has such.
fn accumulate(sums: real4, x: real4, w0: real4, w1: real4, w2: real4, w3: real4) -> real4 {
    return sums + x.x * w0 + x.y * w1 + x.z * w2 + x.w * w3;
}

fn store(position: u32, output: u32, sum: value) {
    let i = position * (p.outputs / WIDTH) + output;
    var v = sum;
#if BIAS
    v += bias[output];
#endif
#if ROW
    v += row[position / p.positions * (p.outputs / WIDTH) + output];
#endif
    v = activate_value(v);
#if RESIDUAL
    v += residual[i];
#endif
    y[i] = v;
}

// Stores four outputs from the first, those that exist.
fn finish(position: u32, first: u32, sums: vec4<f32>) {
    if (position >= images(p.images) * p.positions || first >= p.outputs) {
        return;
    }
#if QUADS
    store(position, first / 4u, sums);
#else
    for (var i = 0u; i < min(4u, p.outputs - first); i++) {
        store(position, first + i, sums[i]);
    }
#endif
}

#if SHARED
#import product_shared
#else
#import product_direct
#endif
