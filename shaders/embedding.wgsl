// y [N,T,C] = the rows of a table [V,C] that ids [N,T] name.
#import copy

struct Params {
    images: u32,
    positions: u32,
    channels: u32,
    rows: u32, // of the table
    quads: u32, // of a row of the table
}
@group(0) @binding(#) var<uniform> p: Params;
@group(0) @binding(#) var<storage, read> ids: array<i32>;
#import table
@group(0) @binding(#) var<storage, read_write> y: array<value>;

fn origin(position: u32) -> u32 {
    return clamp_index(ids[position], p.rows);
}

fn fetch(position: u32, start: u32, c: u32) -> value {
    return table_value(start, c);
}

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    write_position(flat_index(id, groups));
}
