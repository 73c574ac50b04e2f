// The moments of a workgroup from those of its WG invocations, a power of two.
#import moments

var<workgroup> sh_moments: array<Moments, WG>;

#if SUBGROUPS
fn workgroup_moments(own: Moments, invocation: u32, subgroup: u32) -> Moments {
    // Sums of differences from one of the means, so that nothing cancels here either. The largest serves as well as the first,
    // which Mesa's llvmpipe over LLVM 15 can't broadcast.
    let count = subgroupAdd(own.count);
    let base = select(0.0, subgroupMax(select(-3.0e38, own.mean, own.count > 0.0)), count > 0.0);
    let mean = base + subgroupAdd(own.count * (own.mean - base)) / max(count, 1.0);
    let apart = own.mean - mean;
    let all = Moments(count, mean, subgroupAdd(own.squares + own.count * apart * apart));
    if (invocation % subgroup == 0u) {
        sh_moments[invocation / subgroup] = all;
    }
    workgroupBarrier();
    var m = sh_moments[0];
    for (var i = 1u; i * subgroup < WG; i++) {
        m = merge(m, sh_moments[i]);
    }
    return m;
}
#else
fn workgroup_moments(own: Moments, invocation: u32) -> Moments {
    sh_moments[invocation] = own;
    for (var half = WG / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if (invocation < half) {
            sh_moments[invocation] = merge(sh_moments[invocation], sh_moments[invocation + half]);
        }
    }
    workgroupBarrier();
    return sh_moments[0];
}
#endif
