// The loop of product.wgsl without workgroup memory: best where the invocations of a workgroup are the lanes of a vector. A
// load costs such a machine as much as dozens of products, whatever it loads, so weights come in packs with WIDE.
#if WIDE
// PACK quads of each of four outputs.
struct Packs {
    rows: array<vec4<u32>, 4>,
    scales: vec4<f32>,
}

fn packs(first: u32, tap: u32, i: u32) -> Packs {
    let rows = rows_from(first, tap);
    var scales = vec4<f32>(1.0);
#if QUANTIZED
    scales = vec4<f32>(scale(rows.x, i * PACK), scale(rows.y, i * PACK), scale(rows.z, i * PACK), scale(rows.w, i * PACK));
#endif
    return Packs(array<vec4<u32>, 4>(pack(rows.x, i), pack(rows.y, i), pack(rows.z, i), pack(rows.w, i)), scales);
}

fn leading_block(these: Packs, u: u32) -> mat4x4<f32> {
    let w = transpose(mat4x4<f32>(leading(these.rows[0], u), leading(these.rows[1], u), leading(these.rows[2], u), leading(these.rows[3], u)));
#if QUANTIZED
    return mat4x4<f32>(these.scales * w[0], these.scales * w[1], these.scales * w[2], these.scales * w[3]);
#else
    return w;
#endif
}

fn rest_of(these: Packs) -> Packs {
    return Packs(array<vec4<u32>, 4>(rest(these.rows[0]), rest(these.rows[1]), rest(these.rows[2]), rest(these.rows[3])), these.scales);
}
// A quad of x with the scaling of the weights in their stead: there are fewer of them.
fn scaled(x: vec4<f32>) -> vec4<f32> {
#if QUANTIZED
    return scaling() * x;
#else
    return x;
#endif
}
#else
alias Packs = mat4x4<f32>;

fn packs(first: u32, tap: u32, i: u32) -> Packs {
    return block(first, tap, i);
}

fn leading_block(these: Packs, u: u32) -> mat4x4<f32> {
    return these;
}

fn rest_of(these: Packs) -> Packs {
    return these;
}

fn scaled(x: vec4<f32>) -> vec4<f32> {
    return x;
}
#endif

fn product(workgroup: vec3<u32>, groups: vec3<u32>, invocation: u32) {
    let last = images(p.images) * p.positions - 1u;
    let position = (workgroup.z * groups.x + workgroup.x) * (DOWN * M) + invocation / ACROSS;
    let output = 4u * (workgroup.y * (ACROSS * N_QUADS) + invocation % ACROSS);
#for m M
    let to#m = place(min(position + #mu * DOWN, last));
#for n N_QUADS
    var sum#m_#n = vec4<f32>();
#endfor
#endfor
    for (var tap = 0u; tap < p.taps; tap++) {
#for m M
        let its#m = tap_at(to#m, tap);
#endfor
        for (var i = 0u; i < p.quads / PACK; i++) {
#for n N_QUADS
            var packs#n = packs(output + 4u * #nu * ACROSS, tap, i);
#endfor
            for (var quad = i * PACK; quad < (i + 1u) * PACK; quad += UNIT) {
#for u UNIT
                {
#for m M
                    let x#m = scaled(fetch(its#m, quad + #uu));
#endfor
#for n N_QUADS
                    let w#n = leading_block(packs#n, #uu);
#for m M
                    sum#m_#n = accumulate(sum#m_#n, x#m, w#n[0], w#n[1], w#n[2], w#n[3]);
#endfor
#endfor
                }
#endfor
#for n N_QUADS
                packs#n = rest_of(packs#n);
#endfor
            }
        }
    }
#for m M
#for n N_QUADS
    finish(position + #mu * DOWN, output + 4u * #nu * ACROSS, sum#m_#n);
#endfor
#endfor
}
