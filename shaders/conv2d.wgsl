// y [N,H',W',O] = convolution of x [N,H,W,I], each pixel repeated UP times along both axes, with w [O,KH,KW,I].
struct Params {
    images: u32,
    positions: u32, // pixels of an image of y
    width: u32, // of y
    outputs: u32,
    taps: u32, // KH·KW
    kernel: u32, // KW
    quads: u32, // of a tap
    group: u32, // quads that share a scale
    channels: u32, // I
    xHeight: u32,
    xWidth: u32,
    stride: u32,
    up: u32,
    top: u32, // padding
    left: u32,
}
@group(0) @binding(#) var<uniform> p: Params;
#import product

struct Place {
    image: u32, // its first pixel in x
    i: u32, // of the window's corner, in the repeated image; above and left of it, wrapped around
    j: u32,
}

fn place(position: u32) -> Place {
    let image = position / p.positions;
    let pixel = position - image * p.positions;
    let i = pixel / p.width;
    return Place(image * p.xHeight * p.xWidth, i * p.stride - p.top, (pixel - i * p.width) * p.stride - p.left);
}

fn tap_at(to: Place, tap: u32) -> Tap {
    let i = to.i + tap / p.kernel;
    let j = to.j + tap % p.kernel;
    let inside = i < p.xHeight * p.up && j < p.xWidth * p.up;
    let pixel = select(0u, to.image + i / p.up * p.xWidth + j / p.up, inside);
#if X_QUADS
    return Tap(pixel * p.quads, inside);
#else
    return Tap(pixel * p.channels, inside);
#endif
}

@compute @workgroup_size(DOWN * ACROSS)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {
    product(workgroup, groups, invocation);
}
