// A weight as a table: the values of its rows. Params has quads, of a row.
#import value
#import weights

fn table_value(row: u32, c: u32) -> value {
#if QUADS
    return weight(row, c);
#else
    return weight(row, c / 4u)[c % 4u];
#endif
}
