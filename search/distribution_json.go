package search

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
)

// distributionJSON is the envelope that Optuna 3 to 5 store in
// trial_params.distribution_json.
type distributionJSON struct {
	Name       string          `json:"name"`
	Attributes json.RawMessage `json:"attributes"`
}

// The bounds are pointers to tell a missing bound from 0.
type floatJSON struct {
	Step *float64 `json:"step"`
	Low  *float64 `json:"low"`
	High *float64 `json:"high"`
	Log  bool     `json:"log"`
}

type intJSON struct {
	Log  bool   `json:"log"`
	Step int64  `json:"step"`
	Low  *int64 `json:"low"`
	High *int64 `json:"high"`
}

type categoricalJSON struct {
	Choices []any `json:"choices"`
}

var errNoBounds = errors.New("low or high is missing")

// MarshalDistribution returns the JSON that Optuna stores for d.
func MarshalDistribution(d Distribution) ([]byte, error) {
	var name string
	var attributes any
	switch d := d.(type) {
	case Float:
		name = "FloatDistribution"
		f := floatJSON{Low: &d.Low, High: &d.High, Log: d.Log}
		if d.Step != 0 {
			f.Step = &d.Step
		}
		attributes = f
	case Int:
		name = "IntDistribution"
		attributes = intJSON{Log: d.Log, Step: d.StepSize(), Low: &d.Low, High: &d.High}
	case Categorical:
		name = "CategoricalDistribution"
		choices := make([]any, len(d.Choices))
		for i, c := range d.Choices {
			choices[i] = choiceJSON(c)
		}
		attributes = categoricalJSON{Choices: choices}
	default:
		return nil, fmt.Errorf("unknown distribution %T", d)
	}
	data, err := json.Marshal(struct {
		Name       string `json:"name"`
		Attributes any    `json:"attributes"`
	}{name, attributes})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return data, nil
}

// UnmarshalDistribution reads what Optuna 3 to 5 or [MarshalDistribution]
// wrote. Numbers without fraction or exponent among categorical choices
// become int64. The result is validated.
func UnmarshalDistribution(data []byte) (Distribution, error) {
	var envelope distributionJSON
	if err := json.Unmarshal(data, &envelope); err != nil {
		return nil, fmt.Errorf("distribution JSON: %w", err)
	}
	d, err := decodeAttributes(envelope)
	if err != nil {
		return nil, fmt.Errorf("distribution JSON: %s: %w", envelope.Name, err)
	}
	if err := d.Validate(); err != nil {
		return nil, fmt.Errorf("distribution JSON: %s: %w", envelope.Name, err)
	}
	return d, nil
}

func decodeAttributes(envelope distributionJSON) (Distribution, error) {
	switch envelope.Name {
	case "FloatDistribution":
		var f floatJSON
		if err := json.Unmarshal(envelope.Attributes, &f); err != nil {
			return nil, err
		}
		if f.Low == nil || f.High == nil {
			return nil, errNoBounds
		}
		d := Float{Low: *f.Low, High: *f.High, Log: f.Log}
		if f.Step != nil {
			d.Step = *f.Step
		}
		return d, nil
	case "IntDistribution":
		var i intJSON
		if err := json.Unmarshal(envelope.Attributes, &i); err != nil {
			return nil, err
		}
		if i.Low == nil || i.High == nil {
			return nil, errNoBounds
		}
		if i.Step == 0 { // absent in what Optuna 2 wrote
			i.Step = 1
		}
		return Int{Low: *i.Low, High: *i.High, Log: i.Log, Step: i.Step}, nil
	case "CategoricalDistribution":
		var c categoricalJSON
		decoder := json.NewDecoder(bytes.NewReader(envelope.Attributes))
		decoder.UseNumber()
		if err := decoder.Decode(&c); err != nil {
			return nil, err
		}
		for i, choice := range c.Choices {
			c.Choices[i] = Scalar(choice)
		}
		return Categorical(c), nil
	}
	return nil, fmt.Errorf("unknown kind; want FloatDistribution, IntDistribution or CategoricalDistribution")
}

// choiceJSON keeps a float64 without fraction a float when it is read back:
// 1.0 is written "1.0", as Python writes it.
func choiceJSON(choice any) any {
	f, ok := choice.(float64)
	if !ok || f != math.Trunc(f) || math.Abs(f) >= 1e21 {
		return choice // encoding/json writes 1e21 and more with an exponent
	}
	return json.RawMessage(strconv.FormatFloat(f, 'f', 1, 64))
}

// Scalar turns a decoded JSON or YAML scalar into one of the types that a
// [Categorical] choice may have: integers become int64, other numbers
// float64. Other values are returned as they are.
func Scalar(v any) any {
	switch v := v.(type) {
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return i
		}
		f, err := v.Float64()
		if err != nil {
			return v.String()
		}
		return f
	case int:
		return int64(v)
	case uint64:
		if v <= math.MaxInt64 {
			return int64(v)
		}
		return float64(v)
	}
	return v
}

type paramJSON struct {
	Name         string           `json:"name"`
	Distribution json.RawMessage  `json:"distribution"`
	When         map[string][]any `json:"when,omitempty"`
}

// MarshalJSON writes the parameter with its distribution as Optuna's JSON.
func (p Param) MarshalJSON() ([]byte, error) {
	d, err := MarshalDistribution(p.Distribution)
	if err != nil {
		return nil, fmt.Errorf("parameter %q: %w", p.Name, err)
	}
	return json.Marshal(paramJSON{Name: p.Name, Distribution: d, When: p.When})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (p *Param) UnmarshalJSON(data []byte) error {
	var raw paramJSON
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(&raw); err != nil {
		return err
	}
	d, err := UnmarshalDistribution(raw.Distribution)
	if err != nil {
		return fmt.Errorf("parameter %q: %w", raw.Name, err)
	}
	for _, values := range raw.When {
		for i, v := range values {
			values[i] = Scalar(v)
		}
	}
	*p = Param{Name: raw.Name, Distribution: d, When: raw.When}
	return nil
}
