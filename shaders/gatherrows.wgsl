// y [N,…] = the rows of x [M,…] that index [N] names. A row is one position here.
#import copy

struct Params {
    images: u32,
    positions: u32,
    channels: u32,
    rows: u32, // of x; 0: the run's
}
@group(0) @binding(#) var<uniform> p: Params;
@group(0) @binding(#) var<storage, read> x: array<value>;
@group(0) @binding(#) var<storage, read> index: array<i32>;
@group(0) @binding(#) var<storage, read_write> y: array<value>;

fn origin(position: u32) -> u32 {
    return clamp_index(index[position], images(p.rows)) * p.channels;
}

fn fetch(position: u32, start: u32, c: u32) -> value {
    return x[start + c];
}

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    write_position(flat_index(id, groups));
}
