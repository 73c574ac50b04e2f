// Weights of two or more dimensions as package webgpu lays them out: rows of quads, four neighbouring input channels of one
// output and kernel position. ENC is a number of graph.EncodingKind, QUANTIZED tells that there are scales. Params has quads,
// of a row, and for quantized weights group, the quads that share a scale.
#if QUANTIZED
@group(0) @binding(#) var<storage, read> weights: array<u32>;
@group(0) @binding(#) var<storage, read> scales: array<u32>; // two f16 a word

fn scale(row: u32, quad: u32) -> f32 {
    let i = row * ((p.quads + p.group - 1u) / p.group) + quad / p.group;
    return unpack2x16float(scales[i / 2u])[i % 2u];
}

fn weight(row: u32, quad: u32) -> vec4<f32> {
    let i = row * p.quads + quad;
    if (ENC == 2u) {
        return scale(row, quad) * vec4<f32>(vec4<i32>(vec4<u32>(weights[i]) << vec4<u32>(24u, 16u, 8u, 0u)) >> vec4<u32>(24u));
    }
    let word = weights[i / 2u] >> (16u * (i % 2u));
    return scale(row, quad) * vec4<f32>(vec4<i32>(vec4<u32>(word) << vec4<u32>(28u, 24u, 20u, 16u)) >> vec4<u32>(28u));
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
