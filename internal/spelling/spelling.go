// Package spelling finds the word that was meant by a mistyped one.
package spelling

import "strings"

// Nearest returns the valid word with the smallest edit distance from word, the
// first of several, whatever their case. When even that is more than a third of
// the word away, it is the only valid word that begins with word, if that has
// three letters or more; else "".
func Nearest(word string, valid []string) string {
	best, bestDistance := "", max(1, len([]rune(word))/3)+1
	for _, v := range valid {
		d := editDistance(strings.ToLower(word), strings.ToLower(v))
		if d < bestDistance {
			best, bestDistance = v, d
		}
	}
	if best == "" {
		best = beginning(word, valid)
	}
	return best
}

// beginning returns the one valid word that begins with word; "" when word is
// short, or when there is not exactly one.
func beginning(word string, valid []string) string {
	if len([]rune(word)) < 3 {
		return ""
	}
	found := ""
	for _, v := range valid {
		if !strings.HasPrefix(strings.ToLower(v), strings.ToLower(word)) {
			continue
		}
		if found != "" {
			return ""
		}
		found = v
	}
	return found
}

// editDistance is the number of runes to insert, delete, replace or swap with
// their neighbour to turn a into b (the optimal string alignment variant of
// the Damerau-Levenshtein distance).
func editDistance(a, b string) int {
	s, t := []rune(a), []rune(b)
	d := make([][]int, len(s)+1) // d[i][j]: between the first i and the first j runes
	for i := range d {
		d[i] = make([]int, len(t)+1)
		d[i][0] = i
	}
	for j := range t {
		d[0][j+1] = j + 1
	}
	for i, x := range s {
		for j, y := range t {
			replace := d[i][j]
			if x != y {
				replace++
			}
			d[i+1][j+1] = min(replace, d[i][j+1]+1, d[i+1][j]+1)
			if i > 0 && j > 0 && x == t[j-1] && s[i-1] == y {
				d[i+1][j+1] = min(d[i+1][j+1], d[i-1][j-1]+1)
			}
		}
	}
	return d[len(s)][len(t)]
}
