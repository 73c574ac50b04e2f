package main

import (
	"fmt"
	"strings"
	"time"
)

// bar is a line at the bottom of the terminal that shows how far something is. Off a terminal it shows nothing.
type bar struct {
	label string
	start time.Time // when the label's first count came
	first int64     // that count
	drawn time.Time // when the line was last drawn
	shown bool
}

// redrawEvery keeps a fast loop from spending its time on the terminal.
const redrawEvery = 100 * time.Millisecond

// progress shows that done of total units are done; unit may be "" where a rate says nothing.
func (c *console) progress(label, unit string, done, total int64) {
	b, now := &c.bar, time.Now()
	if b.label != label {
		*b = bar{label: label, start: now, first: done, shown: b.shown}
	}
	if !c.live || c.quiet || b.shown && done < total && now.Sub(b.drawn) < redrawEvery {
		return
	}
	b.drawn, b.shown = now, true
	line := progressLine(label, unit, done, total, done-b.first, now.Sub(b.start), c.width()-1)
	fmt.Fprintf(c.log, "\r%s\x1b[K", line)
}

// erase takes the progress line away, so that something else can be said.
func (c *console) erase() {
	if c.bar.shown {
		fmt.Fprint(c.log, "\r\x1b[K")
	}
	c.bar = bar{}
}

// progressLine fits label, bar, count, rate and estimate into width columns. The rate is that of the counted units over
// the time they took.
func progressLine(label, unit string, done, total, counted int64, took time.Duration, width int) string {
	tail := ""
	if unit != "" {
		tail = fmt.Sprintf("  %d/%d", done, total)
	}
	if counted > 0 && took > 0 {
		rate := float64(counted) / took.Seconds()
		if unit != "" {
			tail += fmt.Sprintf("  %.1f %s/s", rate, unit)
		}
		left := time.Duration(float64(total-done) / rate * float64(time.Second))
		tail += "  " + estimate(left)
	}
	head := fmt.Sprintf("%-10s ", label)
	cells := min(40, width-len(head)-len(tail))
	if cells < 5 {
		return cut(head+strings.TrimSpace(tail), width)
	}
	full := 0
	if total > 0 {
		full = int(int64(cells) * min(done, total) / total)
	}
	return head + strings.Repeat("█", full) + strings.Repeat("░", cells-full) + tail
}

// cut shortens ASCII text to width columns.
func cut(s string, width int) string { return s[:max(0, min(len(s), width))] }

// estimate says how long something will still take.
func estimate(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%d s left", int(d.Round(time.Second).Seconds()))
	}
	d = d.Round(time.Second)
	return fmt.Sprintf("%d:%02d min left", int(d.Minutes()), int(d.Seconds())%60)
}
