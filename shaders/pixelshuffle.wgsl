// y [N,H·B,W·B,C] = x [N,H,W,C·B·B], its channels spread over blocks of B×B pixels.
#import copy

struct Params {
    images: u32,
    positions: u32,
    channels: u32,
    width: u32, // of y
    block: u32,
}
@group(0) @binding(#) var<uniform> p: Params;
@group(0) @binding(#) var<storage, read> x: array<value>;
@group(0) @binding(#) var<storage, read_write> y: array<value>;

fn origin(position: u32) -> u32 {
    let line = position / p.width;
    let j = position - line * p.width;
    let pixel = line / p.block * (p.width / p.block) + j / p.block; // B divides the height, so lines of images don't mix
    return (pixel * p.channels * p.block + line % p.block) * p.block + j % p.block;
}

fn fetch(position: u32, start: u32, c: u32) -> value {
    return x[start + c * p.block * p.block];
}

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    write_position(flat_index(id, groups));
}
