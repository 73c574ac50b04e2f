// The number of an invocation in a grid that is folded in two where it is longer than the device allows.
fn flat_index(id: vec3<u32>, groups: vec3<u32>) -> u32 {
    return id.y * groups.x * WG + id.x;
}

// An index from outside, kept within a table of n.
fn clamp_index(i: i32, n: u32) -> u32 {
    return u32(clamp(i, 0, i32(n) - 1));
}
