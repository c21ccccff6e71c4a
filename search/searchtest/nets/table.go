// Package nets has tables of real trainings: small networks, trained on
// generated data with every configuration of a grid of eight settings, and
// their validation errors after 1, 3, 9 and 27 epochs. Samplers and pruners are
// checked on them.
package nets

import (
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/searchtest"
)

//go:generate go run ../../../bench/nets

//go:embed *.bin.gz
var files embed.FS

// Epochs is the number of epochs of a training.
const Epochs = 27

// rungs are the epochs whose errors a table holds.
var rungs = [4]int{1, 3, 9, 27}

// failed marks an error that is not there, because the training had diverged.
const failed = math.MaxUint16

// A Table holds the errors of all configurations of one task.
type Table struct {
	Name string
	// Worst is the largest error after the last epoch, which a training that
	// diverged counts as; Best is the smallest.
	Best, Worst float64

	errors []uint16 // by configuration, the last setting fastest, and rung
}

// grid are the settings and their values.
var grid = []struct {
	name   string
	log    bool // as a range
	values []any
}{
	{"rate", true, []any{0.003, 0.01, 0.03, 0.1, 0.3, 1.0}},
	{"momentum", false, []any{0.0, 0.9, 0.98}},
	{"decay", true, []any{1e-5, 1e-3, 1e-2}},
	{"dropout", false, []any{0.0, 0.2, 0.5}},
	{"batch", true, []any{int64(8), int64(32), int64(128)}},
	{"width", true, []any{int64(4), int64(12), int64(24), int64(48)}},
	{"layers", false, []any{int64(1), int64(2)}},
	{"activation", false, []any{"relu", "tanh", "sigmoid"}},
}

// resolution is the number of steps that errors from 0 to 1 are stored in;
// larger ones are stored by their logarithm, up to diverged.
const resolution = 40000

func encode(e float64) uint16 {
	if e <= 1 {
		return uint16(math.Round(e * resolution))
	}
	return uint16(resolution + math.Round(math.Log(min(e, diverged))*5000))
}

func decode(v uint16) float64 {
	if v <= resolution {
		return float64(v) / resolution
	}
	return math.Exp(float64(v-resolution) / 5000)
}

// Size is the number of configurations of a table.
func Size() int {
	n := 1
	for _, g := range grid {
		n *= len(g.values)
	}
	return n
}

// Tabulate trains configuration number index of a task that [Tables] has, and
// returns its errors as a table holds them.
func Tabulate(name string, index int) ([]uint16, error) {
	t := map[string]*task{"classes": classification(), "numbers": regression()}[name]
	if t == nil {
		return nil, fmt.Errorf("there is no task %q", name)
	}
	value := make(map[string]any, len(grid))
	for j := len(grid) - 1; j >= 0; j-- {
		n := len(grid[j].values)
		value[grid[j].name] = grid[j].values[index%n]
		index /= n
	}
	errors := train(t, settings{
		rate: value["rate"].(float64), momentum: value["momentum"].(float64), decay: value["decay"].(float64),
		dropout: value["dropout"].(float64), batch: int(value["batch"].(int64)), width: int(value["width"].(int64)),
		layers: int(value["layers"].(int64)), activation: value["activation"].(string),
	}, Epochs)
	row := make([]uint16, len(rungs))
	for k, epoch := range rungs {
		row[k] = failed
		if epoch <= len(errors) {
			row[k] = encode(errors[epoch-1])
		}
	}
	return row, nil
}

// Names are the names of the tables.
func Names() []string { return []string{"classes", "numbers"} }

// Load reads a table.
func Load(name string) (*Table, error) {
	packed, err := files.ReadFile(name + ".bin.gz")
	if err != nil {
		return nil, fmt.Errorf("there is no table %q", name)
	}
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("reading table %q: %w", name, err)
	}
	raw, err := io.ReadAll(reader)
	if err != nil {
		return nil, fmt.Errorf("reading table %q: %w", name, err)
	}
	if len(raw) != 2*len(rungs)*Size() {
		return nil, fmt.Errorf("table %q has %d bytes, not %d", name, len(raw), 2*len(rungs)*Size())
	}
	t := &Table{Name: name, Best: math.Inf(1), errors: make([]uint16, len(raw)/2)}
	for i := range t.errors {
		t.errors[i] = binary.LittleEndian.Uint16(raw[2*i:])
		if last := i%len(rungs) == len(rungs)-1; last && t.errors[i] != failed {
			t.Best, t.Worst = min(t.Best, decode(t.errors[i])), max(t.Worst, decode(t.errors[i]))
		}
	}
	return t, nil
}

// Choices is the space in which every setting is a choice between its values.
func (t *Table) Choices() search.Space {
	space := make(search.Space, len(grid))
	for j, g := range grid {
		space[j] = search.Param{Name: g.name, Distribution: search.Categorical{Choices: g.values}}
	}
	return space
}

// Ranges is the space in which the numeric settings are ranges; a value counts
// as the nearest one that was trained.
func (t *Table) Ranges() search.Space {
	space := t.Choices()
	for j, g := range grid {
		switch low := g.values[0].(type) {
		case float64:
			space[j].Distribution = search.Float{Low: low, High: g.values[len(g.values)-1].(float64), Log: g.log}
		case int64:
			space[j].Distribution = search.Int{Low: low, High: g.values[len(g.values)-1].(int64), Log: g.log}
		}
	}
	return space
}

// Objective is the error after the last epoch, in either space.
func (t *Table) Objective(name string, space search.Space) searchtest.Objective {
	return searchtest.Objective{
		Name: name, Space: space, Optimum: t.Best,
		Value: func(params map[string]any) float64 {
			row := t.row(params)
			if v := row[len(rungs)-1]; v != failed {
				return decode(v)
			}
			return t.Worst
		},
	}
}

// Course is the training for a simulation. The errors between those of the
// table lie on a straight line over the logarithm of the epoch. Wider and
// deeper networks take longer.
func (t *Table) Course(_ int, params map[string]any) searchtest.Course {
	row := t.row(params)
	c := searchtest.Course{Step: time.Second}
	for epoch := 1; epoch <= Epochs; epoch++ {
		k := 0
		for k < len(rungs)-1 && rungs[k+1] <= epoch {
			k++
		}
		next := min(k+1, len(rungs)-1)
		if row[k] == failed || epoch > rungs[k] && row[next] == failed {
			c.Fails, c.Reason = epoch, search.ReasonDiverged
			break
		}
		share := 0.0
		if next > k {
			share = math.Log(float64(epoch)/float64(rungs[k])) / math.Log(float64(rungs[next])/float64(rungs[k]))
		}
		c.Values = append(c.Values, (1-share)*decode(row[k])+share*decode(row[next]))
	}
	if c.Fails > 0 {
		c.Values = append(c.Values, math.NaN()) // never reported
	}
	return c
}

// row returns the errors of the nearest configuration.
func (t *Table) row(params map[string]any) []uint16 {
	index := 0
	for _, g := range grid {
		index = index*len(g.values) + nearest(g.values, params[g.name], g.log)
	}
	return t.errors[index*len(rungs) : (index+1)*len(rungs)]
}

// nearest returns the place of the value that is closest to v.
func nearest(values []any, v any, log bool) int {
	best, distance := 0, math.Inf(1)
	for i, w := range values {
		if v == w {
			return i
		}
		a, b := number(v), number(w)
		if log {
			a, b = math.Log(a), math.Log(b)
		}
		if d := math.Abs(a - b); d < distance {
			best, distance = i, d
		}
	}
	return best
}

func number(v any) float64 {
	switch v := v.(type) {
	case float64:
		return v
	case int64:
		return float64(v)
	}
	return math.NaN()
}

// Family is the trainings of the table, in the space of ranges.
func (t *Table) Family() searchtest.Family {
	return searchtest.Family{Name: "net-" + t.Name, Space: t.Ranges(), Steps: Epochs, Train: t.Course}
}
