// Package compose is the concept language: it turns a prompt such as
//
//	a red cube @(0.25, 0.6) AND a blue sphere :1.2 AND NOT a tree
//
// into a tree of concepts, and the tree into the rows a diffusion model scores
// and the coefficients that combine their scores (Composable Diffusion, Liu et
// al., ECCV 2022, arXiv 2206.01714, equations 11 and 15). It knows no model and
// no tokenizer.
//
// # Grammar
//
//	prompt  = group .
//	group   = operand { ( "AND" | "|" ) operand } .
//	operand = { "NOT" } ( term | "(" group ")" ) { place | weight } .
//	term    = text, up to the next keyword, place, weight or closing bracket .
//	place   = "@" "(" number "," number ")" .        x to the right, y down, both in [0, 1]
//	weight  = ":" [ "+" | "-" ] number .             last in its operand, a place aside
//	number  = digits [ "." [ digits ] ] | "." digits .
//
// Keywords are whole words in capitals. Parentheses make a group if they hold a
// keyword, a "|" or a place; other parentheses and all square brackets belong to
// the text. A backslash takes the meaning away from what follows: \AND, \NOT,
// \:, \@, \|, \( and so on are text. A colon between two digits, as in 16:9, is
// text as well; 16 :9 is a weight. "OR", step ranges and regions are reserved:
// they are errors that say so.
//
// # Meaning
//
// A term's weight multiplies the guidance scale, as it does in AUTOMATIC1111's
// web UI; the weights of groups multiply those inside, and NOT changes the sign.
// See [Combine] for the sum.
package compose
