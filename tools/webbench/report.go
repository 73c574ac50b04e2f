package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/counterpoint/counterpoint/engine"
	"github.com/counterpoint/counterpoint/tools/webbench/internal/message"
)

// report is what was measured, and where.
type report struct {
	Browser     string             `json:"browser"`
	Adapter     string             `json:"adapter"` // WebGPU's
	Cores       int                `json:"cores"`
	ONNXRuntime string             `json:"onnxruntime,omitempty"`
	Model       string             `json:"model"`
	Rows        int                `json:"rows"`
	GFLOP       float64            `json:"gflop"`       // of one evaluation, as Counterpoint counts
	Fidelity    float64            `json:"fidelity_db"` // of an evaluation by Counterpoint on WebGPU, against its CPU
	Encodings   []message.Encoding `json:"encodings"`   // of the evaluations by Counterpoint on WebGPU
	Results     []*result          `json:"results"`     // the first is Counterpoint's on WebGPU
}

// result is a contender's.
type result struct {
	Engine     string    `json:"engine"`
	Provider   string    `json:"provider"`
	Times      []float64 `json:"times_ms"`
	Median     float64   `json:"median_ms"`
	Rate       float64   `json:"gflops"`                   // GFLOP a second
	Ratio      float64   `json:"ratio"`                    // of its times to the first result's in the same round, the median
	Difference *float64  `json:"max_difference,omitempty"` // from the plainest of ONNX Runtime's providers
}

// add adds what result k took in a round.
func (r *report) add(k int, t message.Timed) {
	r.Results[k].Times = append(r.Results[k].Times, t.Times...)
	if k == 0 {
		r.GFLOP = t.GFLOP
		r.Encodings = append(r.Encodings, t.Encodings...)
	}
}

// summarize works out the figures that follow from others.
func (r *report) summarize() {
	for _, each := range r.Results {
		ratios := make([]float64, len(each.Times))
		for i, ms := range each.Times {
			ratios[i] = ms / r.Results[0].Times[i]
		}
		each.Median, each.Ratio = engine.Median(each.Times), engine.Median(ratios)
		each.Rate = r.GFLOP / each.Median * 1e3
	}
}

func (r *report) print(w io.Writer) error {
	fmt.Fprintf(w, "%s, %d cores, WebGPU on %s; ONNX Runtime Web %s\n", r.Browser, r.Cores, r.Adapter, r.ONNXRuntime)
	fmt.Fprintf(w, "one evaluation of %s, %d rows: %.2f GFLOP; medians of %d\n\n", r.Model, r.Rows, r.GFLOP, len(r.Results[0].Times))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "engine\tprovider\tms\tGFLOP/s\tratio\tmax difference")
	for _, each := range r.Results {
		difference := ""
		if each.Difference != nil {
			difference = fmt.Sprintf("%.1e", *each.Difference)
		}
		fmt.Fprintf(t, "%s\t%s\t%.1f\t%.1f\t%.2f\t%s\n", each.Engine, each.Provider, each.Median, each.Rate, each.Ratio, difference)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	median := func(of func(message.Encoding) float64) float64 {
		values := make([]float64, len(r.Encodings))
		for i, e := range r.Encodings {
			values[i] = of(e)
		}
		return engine.Median(values)
	}
	_, err := fmt.Fprintf(w, "\n%s on WebGPU: %.0f dB against its CPU; %.0f dispatches in %.0f submits an evaluation, encoded in %.2f ms\n", counterpoint, r.Fidelity,
		median(func(e message.Encoding) float64 { return float64(e.Commands) }),
		median(func(e message.Encoding) float64 { return float64(e.Submits) }),
		median(func(e message.Encoding) float64 { return e.Milliseconds }))
	return err
}
