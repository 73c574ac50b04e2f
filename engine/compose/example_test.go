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
	_, err := compose.Parse("a red cube AND [a cat:a dog:0.4]")
	var syntax *compose.SyntaxError
	if errors.As(err, &syntax) {
		fmt.Println(err)
		fmt.Println(syntax.Hint)
	}
	// Output:
	// prompt: column 16: prompt editing [from:to:when] is not supported
	// write terms with a part of the run each: a cat @0-0.4 AND a dog @0.4-1; or \[ for the character itself
}

func ExamplePlan_Formula() {
	prompt, err := compose.Parse(`a house @(0-0.5, 0-1) AND (a red cube OR a tree :3) AND NOT snow @0-0.4`)
	if err != nil {
		fmt.Println(err)
		return
	}
	plan, err := prompt.Compile(compose.Options{Scale: 4, Negation: compose.NotGated})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(plan.Formula())
	for _, part := range plan.Parts() {
		fmt.Printf("%v: %d rows\n", part.Range, len(part.Rows))
	}
	fmt.Println(plan.Evaluations(20), "evaluations in 20 steps")
	// Output:
	// ε̂ = ε_∅ + 4·d(a house @(0-0.5, 0-1)) + 4·(κ₁·d(a red cube) + κ₂·d(a tree)) + 4·¬[d(snow @0-0.4)]
	// where d(c) = ε(c) − ε_∅, 0 outside its region and its part of the run
	//       ¬[d] = −P/(1−P)·d, with P the posterior of what d leads to
	//       κ₁ : κ₂ = 0.25·p₁ : 0.75·p₂
	//       pᵢ = the density of that alternative at x; the κ of a choice add up to 1
	// @0-0.4: 5 rows
	// @0.4-1: 4 rows
	// 88 evaluations in 20 steps
}
