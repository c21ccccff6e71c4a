package pipe

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/study"
	"github.com/hpsearch/hpsearch/storage"
)

// startPipe serves a study of six parameters in memory. It returns the two
// ends that a client has, and what ends the input and waits for the server.
func startPipe(tb testing.TB, sampler string) (io.Writer, *bufio.Reader, func()) {
	tb.Helper()
	store, err := storage.Open(tb.Context(), "memory:")
	if err != nil {
		tb.Fatal(err)
	}
	def := search.Definition{Name: "s", Sampler: search.SamplerSpec{Kind: sampler, Seed: 1}}
	for i := range 6 {
		def.Space = append(def.Space, search.Param{Name: fmt.Sprint("x", i), Distribution: search.Float{Low: 0, High: 1}})
	}
	s, err := study.Create(tb.Context(), store, def, study.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	in, requests := io.Pipe()
	answers, out := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := serve(tb.Context(), s, in, out)
		_ = out.Close()
		done <- err
	}()
	return requests, bufio.NewReader(answers), func() {
		_ = requests.Close()
		if err := <-done; err != nil {
			tb.Error(err)
		}
		if err := s.Close(tb.Context()); err != nil {
			tb.Error(err)
		}
	}
}

// exchange sends a request and reads the answer into v.
func exchange(tb testing.TB, out io.Writer, in *bufio.Reader, request string, v any) {
	tb.Helper()
	if _, err := io.WriteString(out, request+"\n"); err != nil {
		tb.Fatal(err)
	}
	line, err := in.ReadBytes('\n')
	if err != nil {
		tb.Fatal(err)
	}
	if err := json.Unmarshal(line, v); err != nil {
		tb.Fatalf("%s: %v", line, err)
	}
}

// An answer comes before the next request is sent: nothing waits in a buffer,
// nor for what follows a blank line.
func TestServeAnswersAtOnce(t *testing.T) {
	t.Parallel()
	out, in, stop := startPipe(t, "tpe")
	for number := range 30 {
		var trial asked
		exchange(t, out, in, `{"ask":true}`+strings.Repeat("\n", number%2), &trial)
		if trial.Number != number || len(trial.Params) != 6 {
			t.Fatalf("asked for %+v, want trial %d with six parameters", trial, number)
		}
		var answer told
		exchange(t, out, in, fmt.Sprintf(`{"tell":{"number":%d,"value":%v}}`, number, trial.Params["x0"]), &answer)
		if !answer.OK {
			t.Fatalf("told trial %d: %+v", number, answer)
		}
	}
	stop()
}

// A benchmark's operation is an ask and its tell, each waiting for its
// answer; a thousand trials are there at the end.
func BenchmarkServe(b *testing.B) {
	for _, sampler := range []string{"random", "tpe"} {
		b.Run(sampler, func(b *testing.B) {
			out, in, stop := startPipe(b, sampler)
			n := 0
			for b.Loop() {
				if n++; n%1000 == 0 {
					b.StopTimer()
					stop()
					out, in, stop = startPipe(b, sampler)
					b.StartTimer()
				}
				var trial asked
				exchange(b, out, in, `{"ask":true}`, &trial)
				var answer told
				exchange(b, out, in, fmt.Sprintf(`{"tell":{"number":%d,"value":%v}}`, trial.Number, trial.Params["x0"]), &answer)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ask+tell/s")
			stop()
		})
	}
}
