package pipe

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/hpsearch/hpsearch/objective/protocol"
	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/study"
)

// A request has exactly one field.
type request struct {
	Ask    *bool   `json:"ask"`
	Report *report `json:"report"`
	Tell   *tell   `json:"tell"`
}

type report struct {
	Number  *int             `json:"number"`
	Step    *int             `json:"step"`
	Value   *protocol.Float  `json:"value"`
	Metrics protocol.Metrics `json:"metrics"` // what else was measured
}

type tell struct {
	Number  *int             `json:"number"`
	Value   *protocol.Float  `json:"value"`
	Values  []protocol.Float `json:"values"` // instead of value: one for each objective
	State   string           `json:"state"`  // complete, pruned or fail; with a value complete by default
	Message string           `json:"message"`
}

// The answers.
type (
	asked struct {
		Number int            `json:"number"`
		Params map[string]any `json:"params"`
	}
	reported struct {
		Prune bool `json:"prune"`
	}
	told struct {
		OK bool `json:"ok"`
	}
	failed struct {
		Error string `json:"error"`
		Done  bool   `json:"done,omitempty"` // there is nothing left to ask for
	}
)

// serve answers requests until the input ends.
func serve(ctx context.Context, s *study.Study, in io.Reader, out io.Writer) error {
	reader := protocol.NewReader(in)
	writer := bufio.NewWriterSize(out, 64<<10)
	encoder := json.NewEncoder(writer)
	encoder.SetEscapeHTML(false)
	for {
		line, err := reader.ReadLine()
		var broken *protocol.LineError
		switch {
		case errors.Is(err, io.EOF):
			return writer.Flush()
		case err != nil && !errors.As(err, &broken):
			return fmt.Errorf("reading requests: %w", err)
		}
		if err != nil || len(bytes.TrimSpace(line)) > 0 { // a blank line has no answer
			response := respond(ctx, s, line, err)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err := encoder.Encode(response); err != nil {
				return fmt.Errorf("writing an answer: %w", err)
			}
		}
		if reader.Buffered() {
			continue // the next request is here: its answer may go in the same write
		}
		if err := writer.Flush(); err != nil {
			return fmt.Errorf("writing an answer: %w", err)
		}
	}
}

// respond returns what a line is answered with; broken is why it is none.
func respond(ctx context.Context, s *study.Study, line []byte, broken error) any {
	err := broken
	if err == nil {
		var response any
		if response, err = answer(ctx, s, line); err == nil {
			return response
		}
	}
	return failed{Error: err.Error(), Done: errors.Is(err, search.ErrNothing)}
}

func answer(ctx context.Context, s *study.Study, line []byte) (any, error) {
	r, err := parse(line)
	switch {
	case err != nil:
		return nil, err
	case r.Report != nil:
		return r.Report.do(ctx, s)
	case r.Tell != nil:
		return told{OK: true}, r.Tell.do(ctx, s)
	}
	t, err := s.Ask(ctx)
	if err != nil {
		return nil, err
	}
	return asked{Number: t.Number, Params: t.External()}, nil
}

// notUnderstood is the error of a request that cannot be decoded.
func notUnderstood(err error) error {
	var wrong *json.UnmarshalTypeError
	switch {
	case !errors.As(err, &wrong):
		return fmt.Errorf("the request is not understood: %w", err)
	case wrong.Field == "":
		return fmt.Errorf("the request is not understood: it is one of {\"ask\": …}, {\"report\": …} and {\"tell\": …}, not %s", wrong.Value)
	}
	return fmt.Errorf("the request is not understood: %s cannot be of type %s", wrong.Field, wrong.Value)
}

// parse reads a request and checks that it is complete.
func parse(line []byte) (request, error) {
	var r request
	decoder := json.NewDecoder(bytes.NewReader(protocol.QuoteBare(line)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil {
		return r, notUnderstood(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return r, errors.New("the request is not understood: there is more than one object in the line")
	}
	given := 0
	for _, is := range []bool{r.Ask != nil, r.Report != nil, r.Tell != nil} {
		if is {
			given++
		}
	}
	switch {
	case given != 1:
		return r, errors.New("the request is not understood: it needs one of ask, report and tell")
	case r.Ask != nil && !*r.Ask:
		return r, errors.New("the request is not understood: ask must be true")
	case r.Report != nil && (r.Report.Number == nil || r.Report.Step == nil || r.Report.Value == nil):
		return r, errors.New("the report is incomplete: it needs number, step and value")
	case r.Tell != nil && r.Tell.Number == nil:
		return r, errors.New("the tell is incomplete: it needs the trial's number")
	}
	return r, nil
}

func (r *report) do(ctx context.Context, s *study.Study) (any, error) {
	if err := s.Report(ctx, *r.Number, *r.Step, float64(*r.Value), r.Metrics); err != nil {
		return nil, err
	}
	prune, err := s.ShouldPrune(ctx, *r.Number)
	return reported{Prune: prune}, err
}

func (t *tell) do(ctx context.Context, s *study.Study) error {
	given := t.Value != nil || t.Values != nil
	switch {
	case t.Value != nil && t.Values != nil:
		return errors.New("the tell contradicts itself: it has both value and values")
	case t.State == "" || t.State == "complete":
		if !given {
			return errors.New("the tell is incomplete: it needs a value, or a state of pruned or fail")
		}
		return s.Tell(ctx, *t.Number, t.values()...)
	case given:
		return fmt.Errorf("the tell contradicts itself: a trial of state %q has no value", t.State)
	case t.State == "pruned":
		return s.TellPruned(ctx, *t.Number)
	case t.State == "fail":
		return s.TellFailed(ctx, *t.Number, search.ReasonError, t.Message)
	}
	return fmt.Errorf("state %q is none of complete, pruned and fail", t.State)
}

// values returns what the trial is judged by.
func (t *tell) values() []float64 {
	if t.Value != nil {
		return []float64{float64(*t.Value)}
	}
	values := make([]float64, len(t.Values))
	for i, v := range t.Values {
		values[i] = float64(v)
	}
	return values
}
