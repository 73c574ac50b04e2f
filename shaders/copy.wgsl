// The loop of operators that write y position by position, the channels of a pixel or token, each from one place of an
// input. Their files give that place, origin(position), and fetch(position, origin, channel). The i-th invocation writes
// EACH values of a position, or where EACH is 0 all of them, and then divides nothing. Params has images, positions of an
// image and channels; channels are counted in values.
#import index
#import run
#import value

fn write_position(i: u32) {
#if EACH
    let runs = (p.channels + EACH - 1u) / EACH;
    let position = i / runs;
    let first = i % runs * EACH;
    let end = min(first + EACH, p.channels);
#else
    let position = i;
    let first = 0u;
    let end = p.channels;
#endif
    if (position >= images(p.images) * p.positions) {
        return;
    }
    let start = origin(position);
    for (var c = first; c < end; c++) {
        y[position * p.channels + c] = fetch(position, start, c);
    }
}
