// A straight-line program over each picture's scalars, interpreted: an invocation a picture.
#import index

// The list begins with (instructions, offset of the scalars, slots of a picture, pictures). An instruction is (its number in
// package device's list of Opcodes, register · 256 of the result), register a, (register b, register c · 256), slot or bits.
@group(0) @binding(#) var<storage, read> list: array<vec4<u32>>;
@group(0) @binding(#) var<storage, read_write> scalars: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let picture = flat_index(id, groups);
    let program = list[0];
    if (picture >= program.w) {
        return;
    }
    let own = program.y + picture * program.z;
    var registers: array<f32, REGISTERS>;
    for (var k = 1u; k <= program.x; k++) {
        let code = list[k];
        let a = registers[code.y];
        let b = registers[code.z & 255u];
        var to = a;
        switch (code.x & 255u) {
            case 0u: { to = bitcast<f32>(code.w); }
            case 1u: { to = scalars[own + code.w]; }
            case 2u: {
                scalars[own + code.w] = a;
                continue;
            }
            case 3u: { to = a + b; }
            case 4u: { to = a - b; }
            case 5u: { to = a * b; }
            case 6u: { to = a / b; }
            case 7u: { to = min(a, b); }
            case 8u: { to = max(a, b); }
            case 9u: { to = exp(a); }
            case 10u: { to = log(a); }
            case 11u: { to = sqrt(a); }
            case 12u: { to = abs(a); }
            case 13u: { to = select(0.0, 1.0, a > b); }
            default: { to = select(b, a, registers[code.z >> 8u] > 0.0); }
        }
        registers[code.x >> 8u] = to;
    }
}
