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

// The four numbers in the low bits of a word, by bytes or with int4 by nibbles, without their scale.
fn integers(word: u32) -> vec4<f32> {
    if (ENC == 2u) {
        return vec4<f32>(vec4<i32>(vec4<u32>(word) << vec4<u32>(24u, 16u, 8u, 0u)) >> vec4<u32>(24u));
    }
    return vec4<f32>(vec4<i32>(vec4<u32>(word) << vec4<u32>(28u, 24u, 20u, 16u)) >> vec4<u32>(28u));
}
#endif

#if WIDE
@group(0) @binding(#) var<storage, read> weights: array<vec4<u32>>;

fn pack(row: u32, i: u32) -> vec4<u32> {
    return weights[row * (p.quads / PACK) + i];
}

// The u-th of the first UNIT quads of a pack, without its scale.
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
        return scale(row, quad) * integers(weights[i]);
    }
    return scale(row, quad) * integers(weights[i / 2u] >> (16u * (i % 2u)));
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
