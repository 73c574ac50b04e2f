// y = act(gamma·(x − mean)/deviation + beta), mean and deviation those of a group of channels over all positions of a row.
// A workgroup norms one group of one row. Channels are counted in values.
#import activation
#import reduce

struct Params {
    positions: u32,
    channels: u32,
    width: u32, // channels of a group
    eps: f32,
}
@group(0) @binding(#) var<uniform> p: Params;
@group(0) @binding(#) var<storage, read> x: array<value>;
@group(0) @binding(#) var<storage, read> gamma: array<value>;
@group(0) @binding(#) var<storage, read> beta: array<value>;
@group(0) @binding(#) var<storage, read_write> y: array<value>;

// Where an invocation is in a group: each step leads WG values further.
struct Walk {
    channel: u32, // of the group
    position: u32, // its offset
}

fn next(w: Walk) -> Walk {
    let channel = w.channel + WG % p.width;
    let position = w.position + WG / p.width * p.channels;
    if (channel >= p.width) {
        return Walk(channel - p.width, position + p.channels);
    }
    return Walk(channel, position);
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>,
#if SUBGROUPS
    @builtin(subgroup_size) subgroup: u32,
#endif
    @builtin(local_invocation_index) invocation: u32) {
    let channel = workgroup.x * p.width;
    let row = workgroup.y * p.positions * p.channels + channel;
    let size = p.positions * p.width;
    let first = Walk(invocation % p.width, invocation / p.width * p.channels);

    var shift = value(0.0);
    if (invocation < size) {
        shift = x[row + first.position + first.channel];
    }
    var count = 0.0;
    var sum = value(0.0);
    var squares = value(0.0);
    var at = first;
    for (var i = invocation; i < size; i += WG) {
        let d = x[row + at.position + at.channel] - shift;
        count += 1.0;
        sum += d;
        squares += d * d;
        at = next(at);
    }
#if SUBGROUPS
    let m = workgroup_moments(moments(count, shift, sum, squares), invocation, subgroup);
#else
    let m = workgroup_moments(moments(count, shift, sum, squares), invocation);
#endif
    let scale = sharpness(m, p.eps);
    at = first;
    for (var i = invocation; i < size; i += WG) {
        let c = channel + at.channel;
        let to = row + at.position + at.channel;
        y[to] = activate_value((x[to] - m.mean) * scale * gamma[c] + beta[c]);
        at = next(at);
    }
}
