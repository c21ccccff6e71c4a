package search

// A Walk goes through configurations of a space like an odometer, the last
// free parameter fastest. It is not safe for concurrent use.
type Walk struct {
	space Space
	fixed map[string]any
	value func(p Param, k int64) (v, count float64)

	digits []int64   // of the free parameters of the configuration to come
	counts []float64 // of their values, in the configuration before
	done   bool
}

// NewWalk begins a walk through a space of which some external values are
// fixed. value returns the k-th of the values that a parameter takes, k = 0, 1,
// …, in their internal form, and how many there are.
func NewWalk(space Space, fixed map[string]any, value func(p Param, k int64) (v, count float64)) *Walk {
	return &Walk{space: space, fixed: fixed, value: value}
}

// Next returns the next configuration, nil after the last one.
func (w *Walk) Next() (map[string]float64, error) {
	if w.done {
		return nil, nil
	}
	w.counts = w.counts[:0]
	params, err := w.space.Fill(w.fixed, func(p Param, _ map[string]float64) (float64, error) {
		i := len(w.counts)
		if i == len(w.digits) {
			w.digits = append(w.digits, 0)
		}
		v, count := w.value(p, w.digits[i])
		w.counts = append(w.counts, count)
		return v, nil
	})
	w.advance()
	return params, err
}

// advance counts up. Digits after the one that changes are dropped: which
// parameters follow may depend on its value.
func (w *Walk) advance() {
	for i := len(w.counts) - 1; i >= 0; i-- {
		if w.digits[i]++; float64(w.digits[i]) < w.counts[i] {
			w.digits = w.digits[:i+1]
			return
		}
	}
	w.done = true
}
