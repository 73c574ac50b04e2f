// The loop of product.wgsl through workgroup memory. With F16 products and their sums over a step are in f16, the sums of
// steps in f32.
const WORKGROUP = DOWN * ACROSS;
const POSITIONS = DOWN * M; // of a workgroup
const OUTPUT_QUADS = ACROSS * N_QUADS;
const APART = WORKGROUP / DEPTH; // positions or quads of outputs between two that an invocation loads

// By quad of the sum. An odd stride puts the quads of one position, which neighbours write, in different banks.
const X_STRIDE = POSITIONS + 1u;
const W_STRIDE = OUTPUT_QUADS + 1u;
const X_SIZE = DEPTH * X_STRIDE;
const W_SIZE = 4u * DEPTH * W_STRIDE;
var<workgroup> sh_x: array<real4, X_SIZE>; // four channels of a position
var<workgroup> sh_w: array<real4, W_SIZE>; // a channel of four outputs

fn product(workgroup: vec3<u32>, groups: vec3<u32>, invocation: u32) {
    let last = images(p.images) * p.positions - 1u;
    let position = (workgroup.z * groups.x + workgroup.x) * POSITIONS;
    let output = 4u * workgroup.y * OUTPUT_QUADS;
    let down = invocation / ACROSS;
    let across = invocation % ACROSS;
    let length = p.taps * p.quads;

    // What the invocation loads of each step: one quad, always the same, of X_LOADS positions and of W_LOADS quads of outputs.
    let own = invocation % DEPTH;
    let start = invocation / DEPTH;
#for i X_LOADS
    let to#i = place(min(position + start + #iu * APART, last));
#endfor

#for m M
#for n N_QUADS
    var part#m_#n = real4();
#endfor
#endfor
#if F16
#for m M
#for n N_QUADS
    var sum#m_#n = vec4<f32>();
#endfor
#endfor
#endif
    for (var step = 0u; step < length; step += DEPTH) {
        let k = min(step + own, length - 1u);
        let tap = k / p.quads;
        let quad = k - tap * p.quads;
        let beyond = step + own >= length;
        workgroupBarrier();
#for i X_LOADS
        if (start + #iu * APART < POSITIONS) {
            var its = tap_at(to#i, tap);
            its.inside = its.inside && !beyond;
            sh_x[own * X_STRIDE + start + #iu * APART] = real4(fetch(its, quad));
        }
#endfor
#for i W_LOADS
        if (start + #iu * APART < OUTPUT_QUADS) {
            let w = block(output + 4u * (start + #iu * APART), tap, quad);
            let at = 4u * own * W_STRIDE + start + #iu * APART;
            sh_w[at] = real4(w[0]);
            sh_w[at + W_STRIDE] = real4(w[1]);
            sh_w[at + 2u * W_STRIDE] = real4(w[2]);
            sh_w[at + 3u * W_STRIDE] = real4(w[3]);
        }
#endfor
        workgroupBarrier();
        for (var k = 0u; k < DEPTH; k++) {
#for n N_QUADS
            let w#n_0 = sh_w[4u * k * W_STRIDE + across + #nu * ACROSS];
            let w#n_1 = sh_w[(4u * k + 1u) * W_STRIDE + across + #nu * ACROSS];
            let w#n_2 = sh_w[(4u * k + 2u) * W_STRIDE + across + #nu * ACROSS];
            let w#n_3 = sh_w[(4u * k + 3u) * W_STRIDE + across + #nu * ACROSS];
#endfor
#for m M
            {
                let x = sh_x[k * X_STRIDE + down + #mu * DOWN];
#for n N_QUADS
                part#m_#n = accumulate(part#m_#n, x, w#n_0, w#n_1, w#n_2, w#n_3);
#endfor
            }
#endfor
        }
#if F16
#for m M
#for n N_QUADS
        sum#m_#n += vec4<f32>(part#m_#n);
        part#m_#n = real4();
#endfor
#endfor
#endif
    }
#for m M
#for n N_QUADS
#if F16
    finish(position + down + #mu * DOWN, output + 4u * (across + #nu * ACROSS), sum#m_#n);
#else
    finish(position + down + #mu * DOWN, output + 4u * (across + #nu * ACROSS), part#m_#n);
#endif
#endfor
#endfor
}
