package decompose_test

import (
	"fmt"

	"github.com/counterpoint/counterpoint/engine/decompose"
)

var vocabulary = decompose.Vocabulary{
	Things:     []string{"car", "house", "tree"},
	Attributes: []decompose.AttributeKind{{Kind: "colour", Words: []string{"red", "blue"}}},
	Relations: []decompose.Relation{
		{Name: "left of", Inverse: "right of", Wordings: []string{"left of", "to the left of"}},
		{Name: "right of", Inverse: "left of", Wordings: []string{"right of"}},
	},
	Grounds:  []decompose.Ground{{Phrase: "on grass", Noun: "grass"}, {Phrase: "at night"}},
	Joins:    []string{",", "and"},
	Together: 3,
}

func ExampleDecompose() {
	d, err := decompose.Decompose("a red car left of a house on grass at night", vocabulary)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(d.Explain())
	// Output:
	// background    on grass
	//               at night
	// objects     ~ a car                      in "a red car": a thing with attributes implies the bare thing
	//             ~ a house                    in "a red car left of a house": a relation names its two things
	// attributes  ~ a red car                  in "a red car left of a house": a relation names its two things
	// relations     a red car left of a house
	//
	// a red car left of a house AND on grass AND at night
}

func ExampleDecomposition_Explain() {
	d, err := decompose.Decompose("The shiny red car or a blue one, without trees,\nnear a lake", vocabulary)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(d.Explain())
	// Output:
	// background    –
	// objects     ~ a car       choice 1, alternative 1; in "a red car": a thing with attributes implies the bare thing
	//             ~ a car       choice 1, alternative 2; in "a blue car": a thing with attributes implies the bare thing
	//               NOT a tree
	// attributes    a red car   choice 1, alternative 1
	//               a blue car  choice 1, alternative 2
	// relations     –
	//
	// (a red car OR a blue car) AND NOT a tree
	//
	// left out:
	//   The shiny red car or a blue one, without trees, near a lake
	//       ^^^^^                                       ^^^^   ^^^^
	// column 5: "shiny": not a word of the model's
	// column 49: "near": not a word of the model's
	// column 56: "lake": not a word of the model's
}
