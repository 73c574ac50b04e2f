// Mean and reciprocal deviation of each group of each row from the moments of its parts. A workgroup merges one group's.
#import reduce

struct Params {
    parts: u32, // of a group
    eps: f32,
}
@group(0) @binding(#) var<uniform> p: Params;
@group(0) @binding(#) var<storage, read> parts: array<Moments>;
@group(0) @binding(#) var<storage, read_write> norms: array<vec2<f32>>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
#if SUBGROUPS
    @builtin(subgroup_size) subgroup: u32,
#endif
    @builtin(local_invocation_index) invocation: u32) {
    let group = workgroup.y * groups.x + workgroup.x;
    var own = Moments(0.0, 0.0, 0.0);
    for (var i = invocation; i < p.parts; i += WG) {
        own = merge(own, parts[group * p.parts + i]);
    }
#if SUBGROUPS
    let m = workgroup_moments(own, invocation, subgroup);
#else
    let m = workgroup_moments(own, invocation);
#endif
    if (invocation == 0u) {
        norms[group] = vec2<f32>(m.mean, sharpness(m, p.eps));
    }
}
