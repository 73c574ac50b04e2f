// Weights of two or more dimensions as package webgpu lays them out: rows of quads, four neighbouring input channels of one
// output and kernel position. ENC is a number of graph.EncodingKind, QUANTIZED tells that there are scales. Params has quads,
// of a row, and for quantized weights group, the quads that share a scale. With WIDE weights are read PACK quads at a time,
// four words; PACK divides the quads of a row and those of a group.
#if QUANTIZED
@group(0) @binding(#) var<storage, read> scales: array<u32>; // two f16 a word

fn scale(row: u32, quad: u32) -> f32 {
    let i = row * ((p.quads + p.group - 1u) / p.group) + quad / p.group;
    return unpack2x16float(scales[i / 2u])[i % 2u];
}

// The quad in a word, its bytes or with int4 its lower nibbles, each number too large by what scaling() takes from it. They are taken where
// they stand, since some machines shift a vector lane by lane: the bits of each, less what flipping its sign adds.
fn integers(word: u32) -> vec4<f32> {
    if (ENC == 2u) {
        return difference(vec4<u32>(word ^ 0x80808080u) & vec4<u32>(0xffu, 0xff00u, 0xff0000u, 0xff000000u),
            vec4<u32>(0x80u, 0x8000u, 0x800000u, 0x80000000u));
    }
    return difference(vec4<u32>(word ^ 0x8888u) & vec4<u32>(0xfu, 0xf0u, 0xf00u, 0xf000u), vec4<u32>(0x8u, 0x80u, 0x800u, 0x8000u));
}

fn difference(a: vec4<u32>, b: vec4<u32>) -> vec4<f32> {
    return vec4<f32>(vec4<i32>(a - b));
}

// What brings integers to their size.
fn scaling() -> vec4<f32> {
    if (ENC == 2u) {
        return vec4<f32>(1.0, 0x1p-8, 0x1p-16, 0x1p-24);
    }
    return vec4<f32>(1.0, 0x1p-4, 0x1p-8, 0x1p-12);
}
#endif

#if WIDE
@group(0) @binding(#) var<storage, read> weights: array<vec4<u32>>;

fn pack(row: u32, i: u32) -> vec4<u32> {
    return weights[row * (p.quads / PACK) + i];
}

// The u-th of the first UNIT quads of a pack, without scale and scaling.
fn leading(pack: vec4<u32>, u: u32) -> vec4<f32> {
#if QUANTIZED
    return integers(pack.x >> (16u * u));
#else
    return vec4<f32>(unpack2x16float(pack.x), unpack2x16float(pack.y));
#endif
}

// What follows the first UNIT quads of a pack.
fn rest(pack: vec4<u32>) -> vec4<u32> {
#if QUANTIZED
    return pack.yzww;
#else
    return pack.zwzw;
#endif
}
#else
#if QUANTIZED
@group(0) @binding(#) var<storage, read> weights: array<u32>;

fn weight(row: u32, quad: u32) -> vec4<f32> {
    let i = row * p.quads + quad;
    if (ENC == 2u) {
        return scale(row, quad) * scaling() * integers(weights[i]);
    }
    return scale(row, quad) * scaling() * integers(weights[i / 2u] >> (16u * (i % 2u)));
}
#else
#if ENC
@group(0) @binding(#) var<storage, read> weights: array<vec2<u32>>;

fn weight(row: u32, quad: u32) -> vec4<f32> {
    let halves = weights[row * p.quads + quad];
    return vec4<f32>(unpack2x16float(halves.x), unpack2x16float(halves.y));
}
#else
@group(0) @binding(#) var<storage, read> weights: array<vec4<f32>>;

fn weight(row: u32, quad: u32) -> vec4<f32> {
    return weights[row * p.quads + quad];
}
#endif
#endif
#endif
