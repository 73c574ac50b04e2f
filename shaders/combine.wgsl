// dst = Σ coef·term over runs of elements of up to four buffers and dst itself: composition and samplers (paper, equation 11).
#import index

// A term is (source, offset, bits of the f32 coefficient, 0). Sources 0 to 3 are a to d, 4 is dst.
struct Terms {
    size: u32,
    offset: u32, // of the result in dst
    count: u32,
    unused: u32,
    terms: array<vec4<u32>, 62>,
}
@group(0) @binding(#) var<uniform> p: Terms;
@group(0) @binding(#) var<storage, read> a: array<f32>;
@group(0) @binding(#) var<storage, read> b: array<f32>;
@group(0) @binding(#) var<storage, read> c: array<f32>;
@group(0) @binding(#) var<storage, read> d: array<f32>;
@group(0) @binding(#) var<storage, read_write> dst: array<f32>;

fn source(k: u32, i: u32) -> f32 {
    switch (k) {
        case 0u: { return a[i]; }
        case 1u: { return b[i]; }
        case 2u: { return c[i]; }
        case 3u: { return d[i]; }
        default: { return dst[i]; }
    }
}

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = flat_index(id, groups);
    if (i >= p.size) {
        return;
    }
    var sum = 0.0;
    for (var k = 0u; k < p.count; k++) {
        let t = p.terms[k];
        sum += bitcast<f32>(t.z) * source(t.x, t.y + i);
    }
    dst[p.offset + i] = sum;
}
