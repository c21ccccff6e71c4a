package storage

import (
	"bytes"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/hpsearch/hpsearch/search"
)

// utc is a time in a DATETIME column: naive UTC with six digits of a second,
// as SQLAlchemy writes and reads it. The zero time is NULL.
type utc time.Time

const utcLayout = "2006-01-02 15:04:05.000000"

// Value implements [driver.Valuer].
func (t utc) Value() (driver.Value, error) {
	if time.Time(t).IsZero() {
		return nil, nil
	}
	return time.Time(t).UTC().Format(utcLayout), nil
}

// Scan implements sql.Scanner.
func (t *utc) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*t = utc{}
	case time.Time:
		*t = utc(v.UTC())
	case string:
		parsed, err := time.Parse("2006-01-02 15:04:05.999999", v)
		if err != nil {
			return err
		}
		*t = utc(parsed)
	case []byte:
		return t.Scan(string(v))
	default:
		return fmt.Errorf("a %T is no time", v)
	}
	return nil
}

// The names under which Optuna stores what a FLOAT column cannot hold.
const (
	finite     = "FINITE"
	infinite   = "INF_POS"
	minusInf   = "INF_NEG"
	notANumber = "NAN"
)

// floatColumns splits a value into Optuna's pair of columns.
func floatColumns(v float64) (*float64, string) {
	switch {
	case math.IsNaN(v):
		return nil, notANumber
	case math.IsInf(v, 1):
		return nil, infinite
	case math.IsInf(v, -1):
		return nil, minusInf
	}
	return &v, finite
}

// floatFromColumns is the inverse of floatColumns. A NULL of type FINITE,
// which old Optuna wrote for NaN, is NaN.
func floatFromColumns(v *float64, kind string) float64 {
	switch {
	case kind == infinite:
		return math.Inf(1)
	case kind == minusInf:
		return math.Inf(-1)
	case kind == notANumber || v == nil:
		return math.NaN()
	}
	return *v
}

// encodeMetrics writes an object in the order of its keys; NaN and the
// infinities, which JSON lacks, become strings. No metrics are "".
func encodeMetrics(m map[string]float64) (string, error) {
	if len(m) == 0 {
		return "", nil
	}
	var b bytes.Buffer
	for i, name := range slices.Sorted(maps.Keys(m)) {
		b.WriteByte("{,"[min(i, 1)])
		key, err := json.Marshal(name)
		if err != nil {
			return "", err
		}
		b.Write(key)
		b.WriteByte(':')
		if v := m[name]; math.IsNaN(v) || math.IsInf(v, 0) {
			b.WriteString(strconv.Quote(strconv.FormatFloat(v, 'g', -1, 64)))
		} else {
			b.WriteString(strconv.FormatFloat(v, 'g', -1, 64))
		}
	}
	b.WriteByte('}')
	return b.String(), nil
}

// decodeMetrics reads what encodeMetrics wrote.
func decodeMetrics(text string) (map[string]float64, error) {
	if text == "" {
		return nil, nil
	}
	var raw map[string]any
	if err := json.Unmarshal([]byte(text), &raw); err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	m := make(map[string]float64, len(raw))
	for name, v := range raw {
		switch v := v.(type) {
		case float64:
			m[name] = v
		case string:
			f, err := strconv.ParseFloat(v, 64)
			if err != nil {
				return nil, fmt.Errorf("metric %q: %w", name, err)
			}
			m[name] = f
		default:
			return nil, fmt.Errorf("metric %q is no number", name)
		}
	}
	return m, nil
}

// encodeObject writes a map as JSON; an empty one is "".
func encodeObject[V any](what string, m map[string]V) (string, error) {
	if len(m) == 0 {
		return "", nil
	}
	data, err := json.Marshal(m)
	if err != nil {
		return "", refuse("%s: %w", what, err)
	}
	return string(data), nil
}

// decodeJSON reads a JSON value with integers as int64 and other numbers as
// float64, at any depth.
func decodeJSON(text string) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		return nil, err
	}
	return plainNumbers(v), nil
}

// decodeObject is decodeJSON for an object; "" and null are nil.
func decodeObject(text string) (map[string]any, error) {
	if text == "" {
		return nil, nil
	}
	v, err := decodeJSON(text)
	if err != nil || v == nil {
		return nil, err
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("want a JSON object, have %T", v)
	}
	return m, nil
}

// decodeAttr reads a user attribute. Python writes NaN and Infinity, which
// are no JSON: such a value is kept as its text.
func decodeAttr(text string) any {
	v, err := decodeJSON(text)
	if err != nil {
		return text
	}
	return v
}

// plainNumbers replaces every json.Number in v.
func plainNumbers(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			v[k] = plainNumbers(x)
		}
	case []any:
		for i, x := range v {
			v[i] = plainNumbers(x)
		}
	case json.Number:
		return search.Scalar(v)
	}
	return v
}

// encodeDefinition writes a study's definition.
func encodeDefinition(def search.Definition) (string, error) {
	data, err := json.Marshal(def)
	if err != nil {
		return "", refuse("definition of study %q: %w", def.Name, err)
	}
	return string(data), nil
}

// decodeDefinition reads what encodeDefinition wrote, with integers as int64.
func decodeDefinition(text string) (search.Definition, error) {
	var def search.Definition
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.UseNumber()
	if err := decoder.Decode(&def); err != nil {
		return def, fmt.Errorf("definition: %w", err)
	}
	plainNumbers(def.Train)
	plainNumbers(def.Sampler.Options)
	plainNumbers(def.Pruner.Options)
	for _, fixed := range def.Enqueue {
		plainNumbers(fixed)
	}
	return def, nil
}

// decodeStrings reads an object of strings; "" is nil.
func decodeStrings(text string) (map[string]string, error) {
	if text == "" {
		return nil, nil
	}
	var m map[string]string
	err := json.Unmarshal([]byte(text), &m)
	return m, err
}
