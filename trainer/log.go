package trainer

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"
)

// logf writes a line to the standard error, which the worker keeps as the
// trial's log. The log is for people: a line that cannot be written is lost.
func logf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, time.Now().UTC().Format("15:04:05 ")+format+"\n", args...)
}

// settingsText returns settings without the split, which is long and the
// same in all trials of a study.
func settingsText(config json.RawMessage) string {
	var values map[string]json.RawMessage
	if err := json.Unmarshal(config, &values); err != nil {
		return string(config)
	}
	delete(values, "split")
	short, err := json.Marshal(values)
	if err != nil {
		return string(config)
	}
	return string(short)
}

// metricsText writes metrics in the order of their names.
func metricsText(metrics map[string]float64) string {
	parts := make([]string, 0, len(metrics))
	for _, name := range slices.Sorted(maps.Keys(metrics)) {
		parts = append(parts, fmt.Sprintf("%s %.6g", name, metrics[name]))
	}
	return strings.Join(parts, ", ")
}
