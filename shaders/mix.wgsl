// dst = Σ coef·factor·mask·view for each picture: composition and samplers (paper, equation 11). A term's factor, and the
// picture whose view it reads, may be scalars; its mask has an element a cell of several values. Pictures are along z.
#import index

// The list begins with (size, offset and stride of the result, count of terms), all in values, and (offset and slots of the
// scalars, values of a cell, 0). A term is (view, coef), (slots of factor and row, rows there are, source of the mask),
// (offset and stride of the mask, 0, 0).
@group(0) @binding(#) var<storage, read> list: array<vec4<u32>>;
#import sources
@group(0) @binding(#) var<storage, read_write> dst: array<value>;
#if SCALED
@group(0) @binding(#) var<storage, read> scalars: array<f32>;
#endif

fn view_value(k: u32, i: u32) -> value {
    if (k == 4u) {
        return dst[i];
    }
    return source(k, i);
}

#if MASKED
fn mask_element(k: u32, i: u32) -> f32 {
#if QUADS
    return view_value(k, i / 4u)[i % 4u];
#else
    return view_value(k, i);
#endif
}
#endif

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = flat_index(id, groups);
    let result = list[0];
    if (i >= result.x) {
        return;
    }
    let numbers = list[1];
    let picture = id.z;
    var sum = value(0.0);
    for (var k = 0u; k < result.w; k++) {
        let view = list[2u + 3u * k];
        var coef = bitcast<f32>(view.w);
        var row = picture;
#if SCALED
        let own = numbers.x + picture * numbers.y;
        let uses = list[3u + 3u * k];
        if (uses.x != NONE) {
            coef *= scalars[own + uses.x];
        }
        if (uses.y != NONE) {
            row = u32(clamp(scalars[own + uses.y], 0.0, f32(uses.z - 1u)) + 0.5);
        }
#endif
        if (coef == 0.0) {
            continue;
        }
        var term = view_value(view.x, view.y + row * view.z + i);
#if MASKED
        let mask = list[3u + 3u * k].w;
        if (mask != NONE) {
            let place = list[4u + 3u * k];
            coef *= mask_element(mask, place.x + picture * place.y + i / numbers.z);
        }
#endif
        sum += coef * term;
    }
    dst[result.y + picture * result.z + i] = sum;
}
