// Systematic resampling of the pictures of a batch: one invocation walks through their weights, over their mean, and gives
// each picture the first other one up to which they sum to more than its number and the uniform.

// The list is (pictures, offset of the scalars, slots of a picture, slot of the log-weights), (slots of the uniform and of
// the result, 0, 0).
@group(0) @binding(#) var<storage, read> list: array<vec4<u32>>;
@group(0) @binding(#) var<storage, read_write> scalars: array<f32>;

fn scalar(picture: u32, slot: u32) -> u32 {
    return list[0].y + picture * list[0].z + slot;
}

@compute @workgroup_size(1)
fn main() {
    let pictures = list[0].x;
    let weight = list[0].w;
    var highest = scalars[scalar(0u, weight)];
    for (var k = 1u; k < pictures; k++) {
        highest = max(highest, scalars[scalar(k, weight)]);
    }
    var sum = 0.0;
    for (var k = 0u; k < pictures; k++) {
        sum += exp(scalars[scalar(k, weight)] - highest);
    }
    let scale = f32(pictures) / sum;
    let uniform_number = scalars[scalar(0u, list[1].x)];
    var j = 0u;
    var up_to = exp(scalars[scalar(0u, weight)] - highest); // the sum of the weights of 0 to j
    for (var i = 0u; i < pictures; i++) {
        while (j + 1u < pictures && !(up_to * scale - f32(i) > uniform_number)) {
            j++;
            up_to += exp(scalars[scalar(j, weight)] - highest);
        }
        scalars[scalar(i, list[1].y)] = f32(j);
    }
}
