// The activations of package graph, by their numbers there. ACT is a constant, so one branch remains.

fn sigmoid(x: f32) -> f32 {
    return 1.0 / (1.0 + exp(-x));
}

// The complementary error function: relative error below 1.2e-7 for every x (Numerical Recipes' erfcc).
fn erfc(x: f32) -> f32 {
    let z = abs(x);
    let t = 1.0 / (1.0 + 0.5 * z);
    let y = t * exp(-z * z - 1.26551223 + t * (1.00002368 + t * (0.37409196 + t * (0.09678418 + t * (-0.18628806
        + t * (0.27886807 + t * (-1.13520398 + t * (1.48851587 + t * (-0.82215223 + t * 0.17087277)))))))));
    return select(2.0 - y, y, x >= 0.0);
}

fn gelu(x: f32) -> f32 {
    return 0.5 * x * erfc(-0.70710678 * x);
}

fn activate(x: f32) -> f32 {
    if (ACT == 1u) {
        return x * sigmoid(x);
    }
    if (ACT == 2u) {
        return gelu(x);
    }
    if (ACT == 3u) {
        return x * sigmoid(1.702 * x);
    }
    if (ACT == 4u) {
        return max(x, 0.0);
    }
    if (ACT == 5u) {
        return tanh(clamp(x, -15.0, 15.0)); // some drivers' tanh overflows
    }
    return x;
}

fn activate4(x: vec4<f32>) -> vec4<f32> {
    return vec4<f32>(activate(x.x), activate(x.y), activate(x.z), activate(x.w));
}

#if QUADS
fn activate_value(x: vec4<f32>) -> vec4<f32> {
    return activate4(x);
}
#else
fn activate_value(x: f32) -> f32 {
    return activate(x);
}
#endif
