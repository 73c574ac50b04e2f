package compose_test

import (
	"errors"
	"fmt"

	"github.com/counterpoint/counterpoint/engine/compose"
)

func ExampleCombine() {
	prompt, err := compose.Parse("a red cube @(0.25, 0.6) AND a blue sphere :1.2 AND NOT a tree")
	if err != nil {
		fmt.Println(err)
		return
	}
	composition, err := compose.Combine(prompt.Terms(), compose.Options{Scale: 5})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, row := range composition.Rows {
		fmt.Printf("%+g × %q\n", row.Coef, row.Text)
	}
	// Output:
	// -5 × ""
	// +6 × "a blue sphere"
	// +5 × "a red cube"
	// -5 × "a tree"
}

func ExampleSyntaxError() {
	_, err := compose.Parse("a red cube OR a blue sphere")
	var syntax *compose.SyntaxError
	if errors.As(err, &syntax) {
		fmt.Println(err)
		fmt.Println(syntax.Hint)
	}
	// Output:
	// prompt: column 12: OR is not supported yet
	// what is: AND, AND NOT, ( ), weights such as :1.5, places such as @(0.25, 0.6); write \OR for the word itself
}
