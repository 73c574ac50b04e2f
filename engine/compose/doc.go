// Package compose is the concept language: it turns a prompt such as
//
//	a red cube @(0.25, 0.6) AND (a tree OR a house :0.5) AND NOT snow @0-0.4
//
// into a tree of concepts, and the tree into the rows that a diffusion model
// scores and the expression that combines their scores (Composable Diffusion, Liu
// et al., ECCV 2022, arXiv 2206.01714, equations 11 and 15). It knows no model and
// no tokenizer.
//
// # Grammar
//
//	prompt   = either .
//	either   = both { "OR" both } .
//	both     = operand { ( "AND" | "|" ) operand } .
//	operand  = { "NOT" } ( term | "(" either ")" ) { suffix } .
//	term     = [ model ":" ] ( text | quote { character | "\" quote | "\\" } quote ) .
//	model    = a name that Parse was given: lower-case letters, digits, "-", "_" .
//	text     = up to the next keyword, suffix or closing bracket .
//	suffix   = place | region | range | weight .     each at most once, in any order
//	place    = "@" "(" number "," number ")" .       of a term; x to the right, y down, both in [0, 1]
//	region   = "@" "(" span "," span ")" .           a box in x and y, fractions of the picture
//	range    = "@" span .                            a part of the run, in fractions of all its steps
//	span     = number "-" number .                   0 ≤ first < second ≤ 1
//	weight   = ":" number .                          nothing but other suffixes after it
//	number   = [ "+" | "-" ] ( digits [ "." [ digits ] ] | "." digits ) .
//	quote    = '"' .
//
// NOT binds tightest, OR loosest. Keywords are whole words in capitals; "|" is AND,
// with a warning. Parentheses make a group if they hold a keyword, a "|", a quoted
// term, one with a model or a suffix with "@"; other parentheses and all square brackets belong to
// the text, where they have to be closed. A backslash takes the meaning away from what follows: \AND, \NOT, \:,
// \@, \|, \( and so on are text. So is everything in quotes around a term's text;
// a quote in the midst of text is itself. A colon between two digits, as in 16:9,
// is text as well; 16 :9 is a weight. White space in a text is folded. A step range
// has none inside.
//
// # Emphasis
//
// What a text's brackets say is its model's to read, as the text itself is. One with
// a CLIP text encoder reads AUTOMATIC1111's emphasis and its BREAK:
//
//	text     = { word | "(" text [ ":" number ] ")" | "[" text "]" | "BREAK" } .
//
// Others read them as words; [EmphasisAsText] warns of that. So a term has both:
// [Term.Text] for the latter, and for the former [Term.Marked], where what quotes
// or a backslash made text has a backslash. Options say which one the rows have.
//
// # Meaning
//
// Every concept i has a score εᵢ and a direction dᵢ = εᵢ − ε_u, measured from the
// unconditional score ε_u. A prompt is a direction too, which guides with the
// scale g: ε̂ = ε_u + g·d.
//
// A term that names a model is scored by that one, and its direction measured from
// that model's own unconditional score: models were trained apart, so what they
// say of pictures at large differs. The ε_u that all directions are added to is
// the first model's, the one opened before the others, which no term need name.
// A name is one only where Parse knows it; elsewhere it is text like any, as it is
// in quotes or with "\:", and "objects :2" is a text and its weight.
//
// AND is the sum of the directions, a weight times its operand's. The weights of
// groups multiply those inside, so a weight multiplies the guidance scale, as it
// does in AUTOMATIC1111's web UI. A weight of 0 is as though the operand had not
// been written.
//
// NOT is a negative weight; two of them cancel. See [Negation] for what that does.
// Unless it is gated, NOT of a conjunction is the sum of the NOTs: the paper's
// division by both, not "not both". A prompt, and each alternative of an OR, needs
// something that it asks for.
//
// OR is the direction of a mixture, Σ κᵢ·dᵢ with Σ κᵢ = 1: each alternative counts
// by its density at the picture as it is so far, times its prior share. The paper
// has none. The weight of an alternative is its share, not a factor of its
// direction: in "a :2 OR b" a is twice as likely, and "(a :2 AND b) OR c" weighs a
// inside its alternative. A weight on the whole group, "(a OR b) :2", multiplies its
// direction. An OR that is an alternative itself dissolves, its weight times its
// shares; equal alternatives add up, so "a OR a" is a.
//
// A region restricts a direction to a box, a range to a part of the run. Outside
// its range an operand is as though it had not been written. Those of a group
// hold for all in it, and what nests intersects. The whole picture and the whole
// run are no restriction.
//
// [Options.Multipliers] weighs directions along the run; a choice's shares and a
// gated NOT's posterior stay what they are.
//
// See [Prompt.Compile] for the result and [Combine] for prompts that are a sum with
// constant coefficients.
package compose
