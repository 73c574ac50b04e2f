// Package decompose turns a plain sentence such as
//
//	a red car left of a house on grass at night
//
// into levels (background, objects, attributes, relations) and a prompt of package
// compose over them:
//
//	a red car left of a house AND on grass AND at night
//
// It works by a small grammar over the words that a model declares, a [Vocabulary].
// It guesses nothing: where a sentence can be read in two ways, one is taken by rule
// and a [Note] says so, and a word that finds no place is in
// [Decomposition.Unplaced]. The package knows no model and no device.
//
// # Grammar
//
//	sentence  = { joint | phrase { "or" ( phrase | tail ) } | tail } .
//	joint     = "," | ";" | "." | "and" | "with" | "but" .
//	phrase    = [ not ] ( GROUND | nouns { tail } ) .
//	tail      = [ "that" ] [ is ] [ not ] RELATION nouns
//	          | [ "that" ] is [ not ] ATTRIBUTE { [ "," | "and" ] ATTRIBUTE } .
//	nouns     = "it" | "they" | one { ( "," | "and" | "or" ) one } ( THING | "one" ) .
//	one       = [ "a" | "the" | "some" | "any" ] [ NUMBER ] { ATTRIBUTE } .
//	not       = "not" | "no" | "without" | "neither" | "nor" | "except" .
//	is        = "is" | "are" .
//
// Words in capitals are the vocabulary's, things also in the plural; the longest
// phrase wins, and an article inside one is skipped ("on the grass"). A thing that
// takes no article, such as "something", has its attributes behind it too. Case does
// not count, and "isn't", "it's", "that's" and "there's" are two words each. Other
// words and signs are skipped, and named. Where more than the next word decides, what
// is looked at is read or skipped next, so the time is linear in the sentence.
//
// # Meaning
//
// Phrases are joined by AND. "Or" binds tighter: it makes a choice of the phrases
// right beside it, and of those before them in a list with commas. A tail after a
// joint or "or" goes on with the phrase before.
//
// A relation binds its neighbours: in "a cube left of a sphere behind a car" the
// sphere is behind the car. After a joint it is of the phrase's first thing: "a cube
// left of a sphere and behind a car". So is what follows "is"; what follows "that" is
// of the thing right before. A ground is the whole scene's, wherever it stands.
//
// "The car" is the first car before, with the attributes named, if there is one;
// "the cars" are all. "It" is the first thing of the phrase before; "they", if that is
// several.
//
// A negation denies the whole phrase and no part of it: "no red cube" leaves other
// cubes alone. It holds for what follows with "or", or with "and" or a comma and no
// article or number: "without trees and houses". In "a cube not left of a sphere" the
// relation is denied, and both things are there; so with "is not red".
//
// Attributes of one kind that are joined are several things: "a red and blue cube" is
// a red cube and a blue one, and a note calls that ambiguous. Those of different kinds
// are one thing's. "Two cubes" are one clause that names the thing twice, "a cube and
// a cube": two equal terms would be the same concept at twice the weight.
//
// # Levels
//
// Every clause of a level says all there is to say of its kind, so most are implied
// by a clause of a higher level. Such a clause is absorbed, and does not count a
// second time. See [Rule] for when. Clauses absorb within the same choice's
// alternative only, and a denied clause neither absorbs nor is absorbed, but by the
// same one said again.
package decompose
