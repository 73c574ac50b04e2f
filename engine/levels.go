package engine

import (
	"fmt"
	"slices"

	"github.com/counterpoint/counterpoint/engine/compose"
	"github.com/counterpoint/counterpoint/engine/decompose"
)

// Weights says how terms count along the run.
type Weights string

const (
	// WeightsConstant counts a term as its weight says, at every step.
	WeightsConstant Weights = "constant"
	// WeightsLearnt multiplies that by what the model declares for the levels of the terms: a background beside objects
	// may count more at first, say, where the large is decided. What a model declares was fitted to how often pictures
	// show all that was asked for.
	WeightsLearnt Weights = "learnt"
)

// levelWeight is what a model declares of terms of one level beside others.
type levelWeight struct {
	Level       decompose.Level `json:"level"`
	Beside      decompose.Level `json:"beside"`
	Multipliers []float64       `json:"multipliers"` // at evenly spaced times of the run, linear between them
}

// The limits of declared multipliers.
const (
	maxMultiplier  = 4
	maxMultipliers = 16
)

// checkLevelWeights reports the first fault in what a model declares.
func (x *extra) checkLevelWeights() error {
	known := func(l decompose.Level) bool { return slices.Contains(decompose.Levels(), l) }
	for i, w := range x.LevelWeights {
		at := fmt.Sprintf("counterpoint.json: level_weights %d", i)
		switch n := len(w.Multipliers); {
		case !known(w.Level) || !known(w.Beside):
			return fmt.Errorf("%s: no levels %q beside %q", at, w.Level, w.Beside)
		case n < 1 || n > maxMultipliers || n != len(x.LevelWeights[0].Multipliers):
			return fmt.Errorf("%s: %d multipliers, want as many in all, 1 to %d", at, n, maxMultipliers)
		case slices.ContainsFunc(w.Multipliers, func(m float64) bool { return !(m >= 0 && m <= maxMultiplier) }):
			return fmt.Errorf("%s: multipliers %v, want 0 to %d", at, w.Multipliers, maxMultiplier)
		case slices.ContainsFunc(x.LevelWeights[:i], func(v levelWeight) bool { return v.Level == w.Level && v.Beside == w.Beside }):
			return fmt.Errorf("%s: %q beside %q a second time", at, w.Level, w.Beside)
		}
	}
	switch learnt := len(x.LevelWeights) > 0 && x.Grammar != nil; x.Default.Weights {
	case "", WeightsConstant:
	case WeightsLearnt:
		if !learnt {
			return fmt.Errorf("counterpoint.json: default weights are learnt, want level_weights and a grammar with them")
		}
	default:
		return fmt.Errorf("counterpoint.json: default weights %q", x.Default.Weights)
	}
	return nil
}

// multipliers are those of a prompt's terms, see compose.Options. A term with a positive weight has the mean of what is
// declared for its level beside each level that another such term has, what is not declared counting as 1.
func (e *Engine) multipliers(prompt *compose.Prompt) func(model, text string) []float64 {
	type term struct{ model, text string }
	levels, count := map[term]decompose.Level{}, map[decompose.Level]int{}
	for _, t := range prompt.Terms() {
		grammar := e.model(t.Model).pipeline.extra.Grammar
		if t.Weight <= 0 || grammar == nil {
			continue
		}
		if level, ok := decompose.LevelOf(t.Text, *grammar); ok {
			model := t.Model
			if same, ok := e.same[model]; ok {
				model = same
			}
			levels[term{model, t.Text}] = level
			count[level]++
		}
	}
	return func(model, text string) []float64 {
		level := levels[term{model, text}]
		return e.pipeline.extra.multipliers(level, func(beside decompose.Level) bool {
			return count[beside] > 1 || count[beside] == 1 && beside != level
		})
	}
}

// multipliers are those of a term of one level beside others, none if nothing is declared for it.
func (x *extra) multipliers(level decompose.Level, beside func(decompose.Level) bool) []float64 {
	var sum []float64
	others, declared := 0, 0
	for _, other := range decompose.Levels() {
		if beside(other) {
			others++
		}
	}
	for _, w := range x.LevelWeights {
		if w.Level != level || !beside(w.Beside) {
			continue
		}
		if declared++; sum == nil {
			sum = make([]float64, len(w.Multipliers))
		}
		for i, m := range w.Multipliers {
			sum[i] += m
		}
	}
	for i := range sum {
		sum[i] = (sum[i] + float64(others-declared)) / float64(others)
	}
	return sum
}
