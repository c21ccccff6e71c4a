package studyfile

import (
	"fmt"
	"slices"
	"strings"
)

// suggest returns a hint that names the valid word nearest to a mistyped one,
// or all of them when none is near.
func suggest(word string, valid []string) string {
	if near := nearest(word, valid); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	if len(valid) == 0 {
		return ""
	}
	sorted := slices.Sorted(slices.Values(valid))
	return "use one of: " + strings.Join(sorted, ", ")
}

// nearest returns the valid word with the smallest edit distance from word,
// "" when even that is more than a third of the word away.
func nearest(word string, valid []string) string {
	best, bestDistance := "", max(1, len([]rune(word))/3)+1
	for _, v := range valid {
		d := editDistance(strings.ToLower(word), strings.ToLower(v))
		if d < bestDistance {
			best, bestDistance = v, d
		}
	}
	return best
}

// editDistance is the Levenshtein distance: the number of runes to insert,
// delete or replace to turn a into b.
func editDistance(a, b string) int {
	s, t := []rune(a), []rune(b)
	row := make([]int, len(t)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range s {
		diagonal := row[0]
		row[0] = i + 1
		for j, y := range t {
			cost := diagonal
			if x != y {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(t)]
}
