// scalars = Σ (a − a0)·(b − b0) over the elements of a picture, for a list of pairs. A workgroup sums one pair of one
// picture: pairs are along x, pictures along y.
#import value

// The list begins with (values of a view, place of the first pair's sum, slots of a picture, 0). A pair is four views: a, a0,
// b, b0.
@group(0) @binding(#) var<storage, read> list: array<vec4<u32>>;
#import sources
@group(0) @binding(#) var<storage, read_write> scalars: array<f32>;

var<workgroup> sh_sums: array<f32, WG>;

// BLOCK products are summed before they join the invocation's sum, which so has fewer, larger steps to round.
const BLOCK = 16u;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {
    let all = list[0];
    let pair = workgroup.x;
    let picture = workgroup.y;
    let a = list[1u + 4u * pair];
    let a0 = list[2u + 4u * pair];
    let b = list[3u + 4u * pair];
    let b0 = list[4u + 4u * pair];

    var sum = value(0.0);
    for (var first = invocation; first < all.x; first += BLOCK * WG) {
        let end = min(first + BLOCK * WG, all.x);
        var part = value(0.0);
        for (var i = first; i < end; i += WG) {
            part += difference(a, a0, picture, i) * difference(b, b0, picture, i);
        }
        sum += part;
    }
    sh_sums[invocation] = total(sum);
    for (var half = WG / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if (invocation < half) {
            sh_sums[invocation] += sh_sums[invocation + half];
        }
    }
    if (invocation == 0u) {
        scalars[all.y + picture * all.z + pair] = sh_sums[0];
    }
}

// A view's value less another's, which is 0 where there is none; 1 where the view itself is none.
fn difference(view: vec4<u32>, minus: vec4<u32>, picture: u32, i: u32) -> value {
    if (view.x == NONE) {
        return value(1.0);
    }
    let x = source(view.x, view.y + picture * view.z + i);
    if (minus.x == NONE) {
        return x;
    }
    return x - source(minus.x, minus.y + picture * minus.z + i);
}
