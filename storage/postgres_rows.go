package storage

import "github.com/hpsearch/hpsearch/search"

// What is written in rows of a number that differs from trial to trial goes to
// PostgreSQL as arrays or as JSON, for json_to_recordset: the statement stays
// the same. Arrays take less of the processor on both sides.

type jsonAttribute struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

type jsonValue struct {
	Objective int      `json:"objective"`
	Value     *float64 `json:"value"`
	Type      string   `json:"type"`
}

type jsonReport struct {
	Step    int      `json:"step"`
	Value   *float64 `json:"value"`
	Type    string   `json:"type"`
	Metrics string   `json:"metrics"`
}

// paramColumns are the columns of parameters, as arrays.
func paramColumns(rows []paramRow) (names []string, values []float64, distributions []string) {
	names, values, distributions = make([]string, len(rows)), make([]float64, len(rows)), make([]string, len(rows))
	for i, p := range rows {
		names[i], values[i], distributions[i] = p.ParamName, p.ParamValue, p.DistributionJSON
	}
	return names, values, distributions
}

func jsonAttributes(rows []userAttrRow) []jsonAttribute {
	attrs := make([]jsonAttribute, len(rows))
	for i, r := range rows {
		attrs[i] = jsonAttribute{r.Key, r.ValueJSON}
	}
	return attrs
}

// finishRows are the rows that the end of a trial writes.
type finishRows struct {
	Values     []jsonValue     `json:"values,omitempty"`
	Reports    []jsonReport    `json:"reports,omitempty"`
	Attributes []jsonAttribute `json:"attributes,omitempty"`
}

func newFinishRows(o search.Outcome) (finishRows, error) {
	var rows finishRows
	for i, v := range o.Values {
		column, kind := floatColumns(v)
		rows.Values = append(rows.Values, jsonValue{i, column, kind})
	}
	for _, r := range o.Reports {
		metrics, err := encodeMetrics(r.Metrics)
		if err != nil {
			return rows, err
		}
		value, kind := floatColumns(r.Value)
		rows.Reports = append(rows.Reports, jsonReport{r.Step, value, kind, metrics})
	}
	shown, err := shownReason(o)
	rows.Attributes = jsonAttributes(shown)
	return rows, err
}
