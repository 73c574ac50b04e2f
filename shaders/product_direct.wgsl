// The loop of product.wgsl without workgroup memory.
fn product(workgroup: vec3<u32>, groups: vec3<u32>, invocation: u32) {
    let last = images(p.images) * p.positions - 1u;
    let position = (workgroup.z * groups.x + workgroup.x) * (DOWN * M) + invocation / ACROSS;
    let output = 4u * (workgroup.y * (ACROSS * N_QUADS) + invocation % ACROSS);
#for m M
    let to#m = place(min(position + #mu * DOWN, last));
#endfor
#for m M
#for n N_QUADS
    var sum#m_#n = vec4<f32>();
#endfor
#endfor
    for (var tap = 0u; tap < p.taps; tap++) {
#for m M
        let from#m = tap_at(to#m, tap);
#endfor
        for (var quad = 0u; quad < p.quads; quad++) {
#for m M
            let x#m = fetch(from#m, quad);
#endfor
#for n N_QUADS
            {
                let w = block(output + 4u * #nu * ACROSS, tap, quad);
#for m M
                sum#m_#n = sum#m_#n + x#m.x * w[0] + x#m.y * w[1] + x#m.z * w[2] + x#m.w * w[3];
#endfor
            }
#endfor
        }
    }
#for m M
#for n N_QUADS
    finish(position + #mu * DOWN, output + 4u * #nu * ACROSS, sum#m_#n);
#endfor
#endfor
}
