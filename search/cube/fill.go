package cube

import (
	"math"

	"github.com/hpsearch/hpsearch/search"
)

// Fill turns a point of the unit cube, one coordinate for each of axes, into
// a configuration of the space; see [search.Space.Fill].
func Fill(space search.Space, fixed map[string]any, axes []Axis, point []float64) (map[string]float64, error) {
	next := 0
	return space.Fill(fixed, func(p search.Param, _ map[string]float64) (float64, error) {
		for next < len(axes) && axes[next].Name != p.Name {
			next++ // an inactive or a fixed parameter
		}
		if next == len(axes) {
			return math.NaN(), nil // not reached: Fill asks in the order of the space
		}
		return axes[next].Value(point[next]), nil
	})
}
