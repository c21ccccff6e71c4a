package importance

import (
	"cmp"
	"slices"
)

// A leaf is a box of the space in which a tree predicts one value.
type leaf struct {
	value float64
	sides []side // by axis
}

// A side is the extent of a box along an axis.
type side struct {
	low, high float64
	choices   []bool // of a categorical axis: which it holds
}

// volume returns the share of the space that a leaf covers, the axis except
// left out.
func (l leaf) volume(axes []axis, except int) float64 {
	volume := 1.0
	for i, a := range axes {
		switch s := l.sides[i]; {
		case i == except:
		case a.Choices == 0:
			volume *= s.high - s.low
		default:
			held := 0
			for _, is := range s.choices {
				if is {
					held++
				}
			}
			volume *= float64(held) / float64(a.Choices)
		}
	}
	return volume
}

// grow returns the leaves of a regression tree on a sample of the trials
// (Breiman et al., "Classification and Regression Trees", 1984): each box is
// split where the squared error falls most, until its values are equal.
func grow(axes []axis, x [][]float64, y []float64, sample []int) []leaf {
	whole := make([]side, len(axes))
	for i, a := range axes {
		whole[i] = side{low: 0, high: 1}
		for range a.Choices {
			whole[i].choices = append(whole[i].choices, true)
		}
	}
	g := grower{axes: axes, x: x, y: y}
	g.split(whole, sample)
	return g.leaves
}

type grower struct {
	axes   []axis
	x      [][]float64
	y      []float64
	leaves []leaf
}

// A cut divides a box: to the left go coordinates up to at, or the choice at.
type cut struct {
	axis int
	at   float64
	gain float64 // how much the sum of squares falls
}

func (g *grower) split(box []side, sample []int) {
	best, ok := g.best(sample)
	if !ok {
		sum := 0.0
		for _, j := range sample {
			sum += g.y[j]
		}
		g.leaves = append(g.leaves, leaf{value: sum / float64(len(sample)), sides: box})
		return
	}
	var left, right []int
	for _, j := range sample {
		if g.isLeft(best, g.x[best.axis][j]) {
			left = append(left, j)
		} else {
			right = append(right, j)
		}
	}
	leftBox, rightBox := g.halves(box, best)
	g.split(leftBox, left)
	g.split(rightBox, right)
}

func (g *grower) isLeft(c cut, v float64) bool {
	if g.axes[c.axis].Choices > 0 {
		return v == c.at
	}
	return v <= c.at
}

func (g *grower) halves(box []side, c cut) (left, right []side) {
	left, right = slices.Clone(box), slices.Clone(box)
	if g.axes[c.axis].Choices == 0 {
		left[c.axis].high, right[c.axis].low = c.at, c.at
		return left, right
	}
	chosen := int(c.at)
	left[c.axis].choices = make([]bool, len(box[c.axis].choices))
	left[c.axis].choices[chosen] = true
	right[c.axis].choices = slices.Clone(box[c.axis].choices)
	right[c.axis].choices[chosen] = false
	return left, right
}

// best returns the cut with the greatest gain; false when all values, or all
// coordinates, are equal.
func (g *grower) best(sample []int) (cut, bool) {
	sum, equal := 0.0, true
	for _, j := range sample {
		sum += g.y[j]
		equal = equal && g.y[j] == g.y[sample[0]]
	}
	if equal {
		return cut{}, false
	}
	best, found := cut{gain: -1}, false
	for i, a := range g.axes {
		var c cut
		var ok bool
		if a.Choices > 0 {
			c, ok = g.bestChoice(i, sample, sum)
		} else {
			c, ok = g.bestThreshold(i, sample, sum)
		}
		if ok && c.gain > best.gain {
			best, found = c, true
		}
	}
	return best, found
}

// gain is by how much the sum of squares falls when n of total samples, which
// sum to part of sum, are taken apart.
func gain(part, sum float64, n, total int) float64 {
	rest := sum - part
	return part*part/float64(n) + rest*rest/float64(total-n) - sum*sum/float64(total)
}

func (g *grower) bestThreshold(axis int, sample []int, sum float64) (best cut, found bool) {
	x := g.x[axis]
	sorted := slices.Clone(sample)
	slices.SortStableFunc(sorted, func(a, b int) int { return cmp.Compare(x[a], x[b]) })
	part := 0.0
	for k, j := range sorted[:len(sorted)-1] {
		part += g.y[j]
		here, next := x[j], x[sorted[k+1]]
		if here == next {
			continue
		}
		if v := gain(part, sum, k+1, len(sorted)); !found || v > best.gain {
			at := here/2 + next/2
			if at >= next { // rounding
				at = here
			}
			best, found = cut{axis: axis, at: at, gain: v}, true
		}
	}
	return best, found
}

func (g *grower) bestChoice(axis int, sample []int, sum float64) (best cut, found bool) {
	counts, parts := make([]int, g.axes[axis].Choices), make([]float64, g.axes[axis].Choices)
	for _, j := range sample {
		counts[int(g.x[axis][j])]++
		parts[int(g.x[axis][j])] += g.y[j]
	}
	for choice, n := range counts {
		if n == 0 || n == len(sample) {
			continue
		}
		if v := gain(parts[choice], sum, n, len(sample)); !found || v > best.gain {
			best, found = cut{axis: axis, at: float64(choice), gain: v}, true
		}
	}
	return best, found
}
