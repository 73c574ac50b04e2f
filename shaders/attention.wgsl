// y = softmax(q·kᵀ·scale)·v for each head, HEAD channels, without storing scores: keys come in blocks, and what was summed
// before is scaled down where a block has a larger score (Dao et al. 2022; Milakov and Gimelshein 2018). An invocation has
// QUERIES queries, kept in registers with their sums. Those of a workgroup have one row and head in common, hence keys and
// values: with SHARED it loads TILE of them at a time in workgroup memory, without it each invocation reads them itself.
// HEAD_QUADS is HEAD in quads, HEAD_TAIL is HEAD % 4: heads that are not whole quads are read channel by channel.
#import run
#import index

struct Params {
    rows: u32, // of k and v; 0: the run's
    queries: u32,
    keys: u32,
    channels: u32,
    scale: f32, // times log₂e: the exponentials are powers of 2
}
@group(0) @binding(#) var<uniform> p: Params;
#if HEAD_TAIL
@group(0) @binding(#) var<storage, read> q: array<f32>;
@group(0) @binding(#) var<storage, read> k: array<f32>;
@group(0) @binding(#) var<storage, read> v: array<f32>;
#else
@group(0) @binding(#) var<storage, read> q: array<vec4<f32>>;
@group(0) @binding(#) var<storage, read> k: array<vec4<f32>>;
@group(0) @binding(#) var<storage, read> v: array<vec4<f32>>;
#endif
#if INDEXED
@group(0) @binding(#) var<storage, read> index: array<i32>;
#endif
#if HEAD_TAIL
@group(0) @binding(#) var<storage, read_write> y: array<f32>;
#else
@group(0) @binding(#) var<storage, read_write> y: array<vec4<f32>>;
#endif

const TILE_QUADS = TILE * HEAD_QUADS;
const STATE = QUERIES * HEAD_QUADS;
const BLOCK_SCORES = QUERIES * BLOCK;
const LOWEST = -3.0e38; // of a masked score: far below any other, and finite

// Quad c of the head's channels that begin at the given element; beyond the head, its last channel again.
#if HEAD_TAIL
fn places(at: u32, c: u32) -> vec4<u32> {
    return at + min(4u * c + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(HEAD - 1u));
}

fn query_quad(at: u32, c: u32) -> vec4<f32> {
    let i = places(at, c);
    let inside = 4u * c + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(HEAD);
    return select(vec4<f32>(0.0), vec4<f32>(q[i.x], q[i.y], q[i.z], q[i.w]), inside);
}

fn key_quad(at: u32, c: u32) -> vec4<f32> {
    let i = places(at, c);
    return vec4<f32>(k[i.x], k[i.y], k[i.z], k[i.w]);
}

fn value_quad(at: u32, c: u32) -> vec4<f32> {
    let i = places(at, c);
    return vec4<f32>(v[i.x], v[i.y], v[i.z], v[i.w]);
}

fn store_quad(at: u32, c: u32, sum: vec4<f32>) {
    for (var i = 0u; i < min(4u, HEAD - 4u * c); i++) {
        y[at + 4u * c + i] = sum[i];
    }
}
#else
fn query_quad(at: u32, c: u32) -> vec4<f32> {
    return q[at / 4u + c];
}

fn key_quad(at: u32, c: u32) -> vec4<f32> {
    return k[at / 4u + c];
}

fn value_quad(at: u32, c: u32) -> vec4<f32> {
    return v[at / 4u + c];
}

fn store_quad(at: u32, c: u32, sum: vec4<f32>) {
    y[at / 4u + c] = sum;
}
#endif

#if SHARED
var<workgroup> sh_keys: array<vec4<f32>, TILE_QUADS>;
var<workgroup> sh_values: array<vec4<f32>, TILE_QUADS>;

fn key_at(at: u32, c: u32) -> vec4<f32> {
    return sh_keys[at + c];
}

fn value_at(at: u32, c: u32) -> vec4<f32> {
    return sh_values[at + c];
}
#else
fn key_at(at: u32, c: u32) -> vec4<f32> {
    return key_quad(at, c);
}

fn value_at(at: u32, c: u32) -> vec4<f32> {
    return value_quad(at, c);
}
#endif

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {
    let row = workgroup.z;
    let head = workgroup.y * HEAD;
    let query = workgroup.x * WG * QUERIES + invocation; // the first; the others follow WG apart
    let queries = row * p.queries * p.channels + head;
#if INDEXED
    let pair = clamp_index(index[row], images(p.rows));
#else
    let pair = row;
#endif
    let keys = pair * p.keys * p.channels + head;

    var own: array<vec4<f32>, STATE>;
    var mix: array<vec4<f32>, STATE>;
    var top: array<f32, QUERIES>;
    var sum: array<f32, QUERIES>;
#for i QUERIES
    {
        let at = queries + min(query + #iu * WG, p.queries - 1u) * p.channels;
#for c HEAD_QUADS
        own[#iu * HEAD_QUADS + #cu] = p.scale * query_quad(at, #cu);
        mix[#iu * HEAD_QUADS + #cu] = vec4<f32>(0.0);
#endfor
        top[#i] = LOWEST;
        sum[#i] = 0.0;
    }
#endfor
#if CAUSAL
    let end = min((workgroup.x + 1u) * WG * QUERIES, p.keys);
#else
    let end = p.keys;
#endif
    for (var tile = 0u; tile < end; tile += TILE) {
#if SHARED
        workgroupBarrier();
        for (var i = invocation; i < TILE_QUADS; i += WG) {
            let at = keys + min(tile + i / HEAD_QUADS, p.keys - 1u) * p.channels;
            sh_keys[i] = key_quad(at, i % HEAD_QUADS);
            sh_values[i] = value_quad(at, i % HEAD_QUADS);
        }
        workgroupBarrier();
#endif
        for (var block = 0u; block < TILE; block += BLOCK) {
            var scores: array<f32, BLOCK_SCORES>;
#for j BLOCK
            {
                let key = tile + block + #ju;
#if SHARED
                let at = (block + #ju) * HEAD_QUADS;
#else
                let at = keys + min(key, p.keys - 1u) * p.channels;
#endif
#for i QUERIES
                var products#i = vec4<f32>(0.0);
#endfor
#for c HEAD_QUADS
                {
                    let quad = key_at(at, #cu);
#for i QUERIES
                    products#i += own[#iu * HEAD_QUADS + #cu] * quad;
#endfor
                }
#endfor
#for i QUERIES
#if CAUSAL
                let seen#i = key < p.keys && key <= query + #iu * WG;
#else
                let seen#i = key < p.keys;
#endif
                scores[#iu * BLOCK + #ju] = select(LOWEST, products#i.x + products#i.y + (products#i.z + products#i.w), seen#i);
#endfor
            }
#endfor
#for i QUERIES
            {
                var larger = top[#i];
#for j BLOCK
                larger = max(larger, scores[#iu * BLOCK + #ju]);
#endfor
                let less = exp2(top[#i] - larger);
                top[#i] = larger;
                sum[#i] *= less;
#for c HEAD_QUADS
                mix[#iu * HEAD_QUADS + #cu] *= less;
#endfor
#for j BLOCK
                scores[#iu * BLOCK + #ju] = exp2(scores[#iu * BLOCK + #ju] - larger);
                sum[#i] += scores[#iu * BLOCK + #ju];
#endfor
            }
#endfor
#for j BLOCK
            {
#if SHARED
                let at = (block + #ju) * HEAD_QUADS;
#else
                let at = keys + min(tile + block + #ju, p.keys - 1u) * p.channels;
#endif
#for c HEAD_QUADS
                {
                    let quad = value_at(at, #cu);
#for i QUERIES
                    mix[#iu * HEAD_QUADS + #cu] += scores[#iu * BLOCK + #ju] * quad;
#endfor
                }
#endfor
            }
#endfor
        }
    }
#for i QUERIES
    if (query + #iu * WG < p.queries) {
        let at = queries + (query + #iu * WG) * p.channels;
#for c HEAD_QUADS
        store_quad(at, #cu, mix[#iu * HEAD_QUADS + #cu] / sum[#i]);
#endfor
    }
#endfor
}
