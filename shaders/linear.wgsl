// y [N,…,O] = x [N,…,I] times w [O,I].
struct Params {
    images: u32,
    positions: u32, // of an image
    outputs: u32,
    taps: u32, // 1
    quads: u32, // of a row of w
    group: u32, // quads that share a scale
    channels: u32, // I
}
@group(0) @binding(#) var<uniform> p: Params;
#import product

alias Place = u32;

fn place(position: u32) -> Place {
    return position;
}

fn tap_at(to: Place, tap: u32) -> Tap {
#if X_QUADS
    return Tap(to * p.quads, true);
#else
    return Tap(to * p.channels, true);
#endif
}

@compute @workgroup_size(DOWN * ACROSS)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {
    product(workgroup, groups, invocation);
}
