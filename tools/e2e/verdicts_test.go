package e2e

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// verdicts returns the lines under the picture, as a screen reader has them.
func (v *visit) verdicts() []string {
	v.Helper()
	return evaluate[[]string](v, `Array.from(document.querySelectorAll("#verdicts li"), (line) => [
		line.querySelector("[role=img]").ariaLabel, ...Array.from(line.children, (each) => each.textContent), line.className].join(" "))`)
}

// Whoever asks is told of each picture which of its concepts are there, in the colours of their cards; and again when it comes
// back from the history.
func TestVerdicts(t *testing.T) {
	o := newOrigin(t, tinyModel(t))
	v := newVisit(t, o.url+"?device=cpu")
	v.awaitText("status", "^Ready$")
	v.enter("spinbutton", "Pictures", "2")
	v.generate("a AND NOT b", 3, 2)
	if said := v.verdicts(); len(said) != 0 {
		t.Errorf("nobody asked, and it says %q", said)
	}
	v.choose("verify", "fresh")
	v = v.patient(t)
	evaluate[bool](v, keepSaid)
	v.generate("a AND NOT b", 3, 2)
	if heard := evaluate[[]string](v, `said`); !slices.ContainsFunc(heard, func(said string) bool { return strings.HasPrefix(said, "Checking ") }) {
		t.Errorf("of looking again it says nothing: %q", heard)
	}
	var said [2][]string
	lines := []*regexp.Regexp{
		regexp.MustCompile(`^(Holds: ✓ a \d+\.\d voice-0|Does not hold: ✗ a (−\d+\.\d|0\.0) fails voice-0)$`),
		regexp.MustCompile(`^(Holds: ✓ not b −\d+\.\d voice-1|Does not hold: ✗ not b \d+\.\d fails voice-1)$`),
	}
	for i := range said {
		v.click("button", fmt.Sprintf("Show picture %d", i+1))
		v.await("image", "Picture")
		for said[i] = v.verdicts(); i > 0 && fmt.Sprint(said[i]) == fmt.Sprint(said[0]); said[i] = v.verdicts() {
			v.pause(fmt.Errorf("both pictures have verdicts %q", said[i]))
		}
		for k, line := range lines {
			if len(said[i]) != len(lines) || !line.MatchString(said[i][k]) {
				t.Fatalf("picture %d has verdicts %q, want %v", i+1, said[i], lines)
			}
		}
	}
	if _, r := v.download(); r.Request.Verify != "fresh" || r.Request.Seed != 4 {
		t.Errorf("the recipe is %+v", r.Request)
	}

	v = v.patient(t)
	v.kept(4)
	v.open(o.url + "?device=cpu")
	v.awaitText("status", "^Ready$")
	v.kept(4)
	evaluate[bool](v, `document.querySelectorAll("#history-list .thumb")[0].click(), true`)
	for got := v.verdicts(); fmt.Sprint(got) != fmt.Sprint(said[1]); got = v.verdicts() {
		v.pause(fmt.Errorf("from the history it has verdicts %q, want %q", got, said[1]))
	}
	if kind := evaluate[string](v, `document.getElementById("verify").value`); kind != "fresh" {
		t.Errorf("restored it checks %q", kind)
	}
}

// choose picks a value of a select, by its id, wherever it is folded away.
func (v *visit) choose(id, value string) {
	v.Helper()
	evaluate[bool](v, fmt.Sprintf(`{
		const select = document.getElementById(%q);
		select.value = %q;
		select.dispatchEvent(new Event("input"));
	}`, id, value))
}
