// y = act(gamma·(x − mean)/deviation + beta) with what groupnorm_merge found out for each group.
#import index
#import run
#import value
#import activation

struct Params {
    images: u32,
    size: u32, // values of an image
    channels: u32,
    width: u32, // channels of a group
}
@group(0) @binding(#) var<uniform> p: Params;
@group(0) @binding(#) var<storage, read> x: array<value>;
@group(0) @binding(#) var<storage, read> norms: array<vec2<f32>>;
@group(0) @binding(#) var<storage, read> gamma: array<value>;
@group(0) @binding(#) var<storage, read> beta: array<value>;
@group(0) @binding(#) var<storage, read_write> y: array<value>;

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = flat_index(id, groups);
    if (i >= images(p.images) * p.size) {
        return;
    }
    let c = i % p.channels;
    let norm = norms[i / p.size * (p.channels / p.width) + c / p.width];
    y[i] = activate_value((x[i] - norm.x) * norm.y * gamma[c] + beta[c]);
}
