// Mean and deviation of many values, by parts that are merged without cancellation (Chan, Golub and LeVeque 1979): each part
// keeps its mean and its squared deviations from that. Values far from zero and constants lose nothing.
#import value

struct Moments {
    count: f32,
    mean: f32,
    squares: f32, // Σ(x − mean)²
}

fn merge(a: Moments, b: Moments) -> Moments {
    let count = a.count + b.count;
    let part = b.count / max(count, 1.0);
    let apart = b.mean - a.mean;
    return Moments(count, a.mean + apart * part, a.squares + b.squares + apart * apart * a.count * part);
}

// The moments of count values given their sums and squares once a shift, near all of them, is subtracted.
fn moments(count: f32, shift: value, sum: value, squares: value) -> Moments {
    let mean = sum / max(count, 1.0);
    let means = shift + mean;
    let deviation = max(squares - sum * mean, value(0.0));
#if QUADS
    let center = means.x + 0.25 * total(means - means.x);
    let apart = means - center;
    return Moments(4.0 * count, center, total(deviation) + count * dot(apart, apart));
#else
    return Moments(count, means, deviation);
#endif
}

// The reciprocal of the standard deviation.
fn sharpness(m: Moments, eps: f32) -> f32 {
    return inverseSqrt(m.squares / m.count + eps);
}
