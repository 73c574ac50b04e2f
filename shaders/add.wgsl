// y = x + z, z repeating along dimensions of x. Here a position is a run of the innermost dimensions along which z runs too,
// or with REPEAT one along which one element of z repeats. Around it, from the inside out, are dimensions of the given
// sizes, along which z advances by the given steps, 0 where it repeats; a step is an element, or with WEIGHT a row.
#import copy

struct Params {
    images: u32,
    positions: u32,
    channels: u32,
    size0: u32,
    size1: u32,
    size2: u32,
    step0: u32,
    step1: u32,
    step2: u32,
    step3: u32,
#if WEIGHT
    quads: u32, // of a row of z
#endif
}
@group(0) @binding(#) var<uniform> p: Params;
@group(0) @binding(#) var<storage, read> x: array<value>;
#if WEIGHT
#import table

fn other(start: u32, c: u32) -> value {
    if (REPEAT == 1u) {
        return value(weight(start, 0u).x);
    }
    return table_value(start, c);
}
#else
#if REPEAT
@group(0) @binding(#) var<storage, read> z: array<f32>;

fn other(start: u32, c: u32) -> value {
    return value(z[start]);
}
#else
@group(0) @binding(#) var<storage, read> z: array<value>;

fn other(start: u32, c: u32) -> value {
    return z[start + c];
}
#endif
#endif
@group(0) @binding(#) var<storage, read_write> y: array<value>;

fn origin(position: u32) -> u32 {
    if (DIMS == 0u) {
        return 0u;
    }
    if (DIMS == 1u) {
        return position * p.step0;
    }
    let a = position / p.size0;
    var at = (position - a * p.size0) * p.step0;
    if (DIMS == 2u) {
        return at + a * p.step1;
    }
    let b = a / p.size1;
    at += (a - b * p.size1) * p.step1;
    if (DIMS == 3u) {
        return at + b * p.step2;
    }
    let c = b / p.size2;
    return at + (b - c * p.size2) * p.step2 + c * p.step3;
}

fn fetch(position: u32, start: u32, c: u32) -> value {
    return x[position * p.channels + c] + other(start, c);
}

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    write_position(flat_index(id, groups));
}
