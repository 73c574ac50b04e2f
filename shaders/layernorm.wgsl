// y = gamma·(x − mean)/deviation + beta, mean and deviation those of a token's channels, counted in values. A workgroup norms
// a token, or without TOGETHER each of its invocations one.
#import index
#import run
#import value
#if TOGETHER
#import reduce
#else
#import moments
#endif

struct Params {
    images: u32,
    tokens: u32, // of an image
    channels: u32,
    eps: f32,
}
@group(0) @binding(#) var<uniform> p: Params;
@group(0) @binding(#) var<storage, read> x: array<value>;
@group(0) @binding(#) var<storage, read> gamma: array<value>;
@group(0) @binding(#) var<storage, read> beta: array<value>;
@group(0) @binding(#) var<storage, read_write> y: array<value>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
#if SUBGROUPS
    @builtin(subgroup_size) subgroup: u32,
#endif
    @builtin(local_invocation_index) invocation: u32) {
#if TOGETHER
    let token = workgroup.y * groups.x + workgroup.x;
    let first = invocation;
    let step = WG;
#else
    let token = (workgroup.y * groups.x + workgroup.x) * WG + invocation;
    let first = 0u;
    let step = 1u;
#endif
    let known = token < images(p.images) * p.tokens;
    let end = select(0u, p.channels, known);
    let at = token * p.channels;

    var shift = value(0.0);
    if (first < end) {
        shift = x[at + first];
    }
    var count = 0.0;
    var sum = value(0.0);
    var squares = value(0.0);
    for (var c = first; c < end; c += step) {
        let d = x[at + c] - shift;
        count += 1.0;
        sum += d;
        squares += d * d;
    }
    let own = moments(count, shift, sum, squares);
#if TOGETHER
#if SUBGROUPS
    let m = workgroup_moments(own, invocation, subgroup);
#else
    let m = workgroup_moments(own, invocation);
#endif
#else
    let m = own;
#endif
    let scale = sharpness(m, p.eps);
    for (var c = first; c < end; c += step) {
        y[at + c] = (x[at + c] - m.mean) * scale * gamma[c] + beta[c];
    }
}
