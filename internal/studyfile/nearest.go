package studyfile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hpsearch/hpsearch/internal/spelling"
)

// suggest returns a hint that names the valid word nearest to a mistyped one,
// or all of them when none is near.
func suggest(word string, valid []string) string {
	if near := spelling.Nearest(word, valid); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	if len(valid) == 0 {
		return ""
	}
	sorted := slices.Sorted(slices.Values(valid))
	return "use one of: " + strings.Join(sorted, ", ")
}
