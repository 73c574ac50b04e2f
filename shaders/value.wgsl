// What operators on channels move at a time: one channel, or with QUADS four neighbours.
#if QUADS
alias value = vec4<f32>;
const WIDTH = 4u;

fn total(v: value) -> f32 {
    return dot(v, vec4<f32>(1.0));
}
#else
alias value = f32;
const WIDTH = 1u;

fn total(v: value) -> f32 {
    return v;
}
#endif
