// The moments of each channel of x over pieces of the positions of a row: the first step of norming groups too large for a
// workgroup each. Channels are counted in values.
#import index
#import run
#import moments

struct Params {
    images: u32,
    positions: u32,
    channels: u32,
    width: u32, // channels of a group
    pieces: u32,
    piece: u32, // positions of one
}
@group(0) @binding(#) var<uniform> p: Params;
@group(0) @binding(#) var<storage, read> x: array<value>;
@group(0) @binding(#) var<storage, read_write> parts: array<Moments>; // [N, groups, pieces, width]

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = flat_index(id, groups);
    let channel = i % p.channels;
    let piece = i / p.channels % p.pieces;
    let row = i / p.channels / p.pieces;
    if (row >= images(p.images)) {
        return;
    }
    let begin = piece * p.piece;
    let end = min(begin + p.piece, p.positions);
    let at = row * p.positions * p.channels + channel;
    let shift = x[at + begin * p.channels];
    var sum = value(0.0);
    var squares = value(0.0);
    for (var j = begin; j < end; j++) {
        let d = x[at + j * p.channels] - shift;
        sum += d;
        squares += d * d;
    }
    let group = row * (p.channels / p.width) + channel / p.width;
    parts[(group * p.pieces + piece) * p.width + channel % p.width] = moments(f32(end - begin), shift, sum, squares);
}
