// y [N,…,C] = the first channels of x [N,…,stride].
#import copy

struct Params {
    images: u32,
    positions: u32,
    channels: u32,
    stride: u32, // channels of x
}
@group(0) @binding(#) var<uniform> p: Params;
@group(0) @binding(#) var<storage, read> x: array<value>;
@group(0) @binding(#) var<storage, read_write> y: array<value>;

fn origin(position: u32) -> u32 {
    return position * p.stride;
}

fn fetch(position: u32, start: u32, c: u32) -> value {
    return x[start + c];
}

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    write_position(flat_index(id, groups));
}
