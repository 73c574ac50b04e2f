// The number of an invocation in a grid that is folded in two where it is longer than the device allows.
fn flat_index(id: vec3<u32>, groups: vec3<u32>) -> u32 {
    return id.y * groups.x * WG + id.x;
}
