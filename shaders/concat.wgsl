// y [N,…,A+B] = a [N,…,A] and b [N,…,B] side by side.
#import copy

struct Params {
    images: u32,
    positions: u32,
    channels: u32, // of y
    split: u32, // channels of a
}
@group(0) @binding(#) var<uniform> p: Params;
@group(0) @binding(#) var<storage, read> a: array<value>;
@group(0) @binding(#) var<storage, read> b: array<value>;
@group(0) @binding(#) var<storage, read_write> y: array<value>;

fn origin(position: u32) -> u32 {
    return position * p.split;
}

fn fetch(position: u32, start: u32, c: u32) -> value {
    if (c < p.split) {
        return a[start + c];
    }
    return b[position * (p.channels - p.split) + c - p.split];
}

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    write_position(flat_index(id, groups));
}
