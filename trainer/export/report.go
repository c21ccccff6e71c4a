package export

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/hpsearch/hpsearch/trainer/hf"
	"github.com/hpsearch/hpsearch/trainer/meta"
	"github.com/hpsearch/hpsearch/trainer/setting"
)

// A Report is what report.json holds. Everything in it was measured by the
// run that wrote it.
type Report struct {
	Study       string         `json:"study"`
	Trial       int            `json:"trial"`
	Params      map[string]any `json:"params"`
	Retrain     Retrain        `json:"retrain"`
	Test        Test           `json:"test"`
	Compression *Compression   `json:"compression,omitempty"`
	SizeBytes   Pair[int64]    `json:"size_bytes"`
	Parameters  Parameters     `json:"parameters"`
	LatencyMS   Pair[Latency]  `json:"latency_ms"`
	Libtorch    string         `json:"libtorch"`
	Notes       []string       `json:"notes"`
}

// Pair is a figure of the model and, if there is one, of the compressed one.
type Pair[T any] struct {
	FP32       T  `json:"fp32"`
	Compressed *T `json:"compressed,omitempty"`
}

// Retrain says how the best configuration was trained again.
type Retrain struct {
	ValLoss     float64 `json:"val_loss"`
	ValAccuracy float64 `json:"val_accuracy"`
	Metric      string  `json:"metric"`       // what the study was judged by
	Value       float64 `json:"value"`        // of that metric, now
	StoredValue float64 `json:"stored_value"` // in the study
	Reproduced  bool    `json:"reproduced"`   // the two are the same to the last bit
	Seconds     float64 `json:"seconds"`
	Seed        int64   `json:"seed"`
	Device      string  `json:"device"`
	Threads     int     `json:"threads"`
}

// Test holds the quality on meta-test tasks, which no trial has seen.
type Test struct {
	Before     Score  `json:"before_meta_training"`
	FP32       Score  `json:"fp32"`
	Compressed *Score `json:"compressed,omitempty"`
}

// A Score is a [meta.Measurement].
type Score struct {
	Loss float64 `json:"loss"`
	// Accuracy is that of classifications, Median the middle loss of others:
	// one task that was not learned can make their mean mean little.
	Accuracy *float64 `json:"accuracy,omitempty"`
	Median   *float64 `json:"loss_median,omitempty"`
	N        int      `json:"n"`    // episodes
	CI95     float64  `json:"ci95"` // half-width, of the accuracy, or else of the loss
}

func scoreOf(m meta.Measurement) Score {
	s := Score{Loss: m.Loss, N: m.N, CI95: m.CI95}
	if m.Type == setting.Classification {
		s.Accuracy = &m.Accuracy
	} else {
		s.Median = &m.Median
	}
	return s
}

// cells returns the loss and what is beside it, for a row of a table.
func (s Score) cells() string {
	switch {
	case s.Accuracy != nil:
		return fmt.Sprintf("%.4f | %.2f %% ± %.2f", s.Loss, 100**s.Accuracy, 100*s.CI95)
	case s.Median != nil:
		return fmt.Sprintf("%.4f ± %.4f | %.4f", s.Loss, s.CI95, *s.Median)
	}
	return fmt.Sprintf("%.4f | ", s.Loss)
}

// Compression says what was done and how far the result is from the model.
type Compression struct {
	Prune            string  `json:"prune,omitempty"`
	Quantize         string  `json:"quantize,omitempty"`
	Sparsity         float64 `json:"sparsity,omitempty"` // share of the encoder's matrix weights that are zero
	RecoverySteps    int     `json:"recovery_steps,omitempty"`
	Engine           string  `json:"engine,omitempty"`     // that executes int8
	Int8Share        float64 `json:"int8_share,omitempty"` // of the encoder's multiplications by weights
	MaxLogitDistance float64 `json:"max_logit_difference"`
	LabelAgreement   float64 `json:"label_agreement"` // share of equal labels against fp32
	Compared         int     `json:"compared"`        // query texts
	GzipBytes        int64   `json:"gzip_bytes"`      // of model.safetensors
}

// Parameters counts numbers of the encoder and its projection.
type Parameters struct {
	Total   int64 `json:"total"`
	Nonzero int64 `json:"nonzero"` // in the smallest model that was written
	Removed int64 `json:"removed"` // by pruning
}

// Latency is the time of one forward pass on the CPU, in milliseconds.
type Latency struct {
	P50     float64 `json:"p50"`
	P95     float64 `json:"p95"`
	Batch   int     `json:"batch"`
	Length  int     `json:"length,omitempty"` // tokens of the text
	Input   string  `json:"input"`            // what the example is, in words
	Threads int     `json:"threads"`
	Engine  string  `json:"engine"`
}

// Markdown returns the report for people.
func (r *Report) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s, trial %d\n\n", r.Study, r.Trial)
	b.WriteString("| setting | value |\n|---|---|\n")
	for _, name := range sortedKeys(r.Params) {
		fmt.Fprintf(&b, "| %s | %v |\n", name, r.Params[name])
	}
	again := "the same to the last bit"
	if !r.Retrain.Reproduced {
		again = fmt.Sprintf("**not** the stored %.6g", r.Retrain.StoredValue)
	}
	fmt.Fprintf(&b, "\nTrained again with seed %d on %s (%s) in %.0f s: %s %.6g, %s.\n\n",
		r.Retrain.Seed, r.Retrain.Device, threads(r.Retrain.Threads), r.Retrain.Seconds, r.Retrain.Metric, r.Retrain.Value, again)
	beside, mean := "accuracy", "Accuracy"
	if r.Test.FP32.Median != nil {
		beside, mean = "median", "Loss"
	}
	fmt.Fprintf(&b, "| on meta-test tasks | loss | %s | size | latency p50 / p95 |\n|---|---|---|---|---|\n", beside)
	row := func(name string, s Score, size *int64, l *Latency) {
		bytes, latency := "", ""
		if size != nil {
			bytes = fmt.Sprintf("%.1f MB", float64(*size)/1e6)
		}
		if l != nil {
			latency = fmt.Sprintf("%.2f / %.2f ms", l.P50, l.P95)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", name, s.cells(), bytes, latency)
	}
	row("before meta-training", r.Test.Before, nil, nil)
	row("exported", r.Test.FP32, &r.SizeBytes.FP32, &r.LatencyMS.FP32)
	if r.Test.Compressed != nil {
		row("compressed", *r.Test.Compressed, r.SizeBytes.Compressed, r.LatencyMS.Compressed)
	}
	l := r.LatencyMS.FP32
	fmt.Fprintf(&b, "\n%s: mean of %d episodes ± half its 95 %% confidence interval. Latency: batch %d, %s, %s, CPU.\n",
		mean, r.Test.FP32.N, l.Batch, l.Input, threads(l.Threads))
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "\n%s\n", n)
	}
	return b.String()
}

func threads(n int) string {
	if n == 1 {
		return "1 thread"
	}
	return fmt.Sprintf("%d threads", n)
}

// write puts report.json and report.md into dir.
func (r *Report) write(dir string) error {
	if err := hf.WriteJSON(filepath.Join(dir, "report.json"), r); err != nil {
		return err
	}
	return hf.WriteBytes(filepath.Join(dir, "report.md"), []byte(r.Markdown()))
}
