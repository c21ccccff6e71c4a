package trainer

import (
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

// metricsText writes metrics in the order of their names.
func metricsText(metrics map[string]float64) string {
	parts := make([]string, 0, len(metrics))
	for _, name := range slices.Sorted(maps.Keys(metrics)) {
		parts = append(parts, fmt.Sprintf("%s %.6g", name, metrics[name]))
	}
	return strings.Join(parts, ", ")
}
