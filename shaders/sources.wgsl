// Views in up to four buffers. A view is (source, offset, stride, …), in values; source NONE is no view.
#import value

const NONE = 0xffffffffu;

@group(0) @binding(#) var<storage, read> a: array<value>;
@group(0) @binding(#) var<storage, read> b: array<value>;
@group(0) @binding(#) var<storage, read> c: array<value>;
@group(0) @binding(#) var<storage, read> d: array<value>;

fn source(k: u32, i: u32) -> value {
    switch (k) {
        case 0u: { return a[i]; }
        case 1u: { return b[i]; }
        case 2u: { return c[i]; }
        default: { return d[i]; }
    }
}
