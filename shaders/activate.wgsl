// y = act(x), element by element.
#import index
#import activation

struct Params {
    images: u32, // 0: the run's rows
    size: u32, // elements of an image
}
@group(0) @binding(#) var<uniform> p: Params;
#import run
@group(0) @binding(#) var<storage, read> x: array<f32>;
@group(0) @binding(#) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = flat_index(id, groups);
    if (i < images(p.images) * p.size) {
        y[i] = activate(x[i]);
    }
}
