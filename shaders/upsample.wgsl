// y [N,toH,toW,C] = x [N,fromH,fromW,C] resized by nearest neighbour.
#import copy

struct Params {
    images: u32,
    positions: u32,
    channels: u32,
    fromH: u32,
    fromW: u32,
    toH: u32,
    toW: u32,
}
@group(0) @binding(#) var<uniform> p: Params;
@group(0) @binding(#) var<storage, read> x: array<value>;
@group(0) @binding(#) var<storage, read_write> y: array<value>;

fn origin(position: u32) -> u32 {
    let line = position / p.toW;
    let image = line / p.toH;
    let i = (line - image * p.toH) * p.fromH / p.toH;
    let j = (position - line * p.toW) * p.fromW / p.toW;
    return ((image * p.fromH + i) * p.fromW + j) * p.channels;
}

fn fetch(position: u32, start: u32, c: u32) -> value {
    return x[start + c];
}

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    write_position(flat_index(id, groups));
}
