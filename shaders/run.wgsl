// What one run of a program sets: the number of rows.
struct Run {
    rows: u32,
}
@group(0) @binding(#) var<uniform> run: Run;

// The number of images of an operator: its own, or where that is 0 the rows of the run.
fn images(fixed: u32) -> u32 {
    return select(fixed, run.rows, fixed == 0u);
}
