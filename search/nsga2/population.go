package nsga2

import (
	"math"
	"slices"
	"sync"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/cube"
)

// collect returns the trials that may have offspring, other than number
// itself, and their values, of which lower is better. They are the COMPLETE
// ones whose values are numbers and whose parameters mean what they do in this
// space.
func collect(h *search.History, number int, genes *genome) (members []*search.Trial, values [][]float64) {
	directions := []search.Direction{search.Minimize}
	if h.Study != nil && len(h.Study.Directions) > 0 {
		directions = h.Study.Directions
	}
	for _, t := range h.Trials {
		if t.Number == number || t.State != search.Complete || len(t.Values) != len(directions) ||
			slices.ContainsFunc(t.Values, math.IsNaN) || !cube.Fits(genes.axes, t) {
			continue
		}
		v := slices.Clone(t.Values)
		for i, d := range directions {
			if d == search.Maximize {
				v[i] = -v[i]
			}
		}
		members, values = append(members, t), append(values, v)
	}
	return members, values
}

// A population is who has survived, as indexes of members, with what a
// tournament asks for.
type population struct {
	members  []int
	rank     []int // 0: the first front
	crowding []float64
}

// survivors selects the best of a pool: front by front, and from the front
// that does not fit those who stand apart.
func survivors(values [][]float64, pool []int, limit int) population {
	var p population
	for rank, front := range fronts(values, pool) {
		distance := crowding(values, front)
		places := make([]int, len(front))
		for i := range places {
			places[i] = i
		}
		if room := limit - len(p.members); len(front) > room {
			slices.SortStableFunc(places, func(a, b int) int {
				switch {
				case distance[a] > distance[b]:
					return -1
				case distance[a] < distance[b]:
					return 1
				}
				return 0
			})
			places = places[:room]
		}
		for _, i := range places {
			p.members = append(p.members, front[i])
			p.rank = append(p.rank, rank)
			p.crowding = append(p.crowding, distance[i])
		}
		if len(p.members) == limit {
			break
		}
	}
	return p
}

// A lineage goes through the competition of all members, and remembers how
// far it has come: what it returns depends on its arguments alone, but mostly
// only the newest members are to be looked at. It is safe for concurrent use.
type lineage struct {
	mu     sync.Mutex
	limit  int
	values [][]float64
	states []state // the newest last; not changed once they are here
}

// A state is the population after the first count members.
type state struct {
	count int
	population
}

// rememberedStates is the number of states before the newest that are kept:
// trials that run at the same time end out of turn, so that a new one is
// inserted a little before the end.
const rememberedStates = 64

// after returns the population of at most limit after all members have
// competed.
func (l *lineage) after(values [][]float64, limit int) population {
	l.mu.Lock()
	defer l.mu.Unlock()
	same := 0
	for l.limit == limit && same < min(len(values), len(l.values)) && slices.Equal(values[same], l.values[same]) {
		same++
	}
	l.limit, l.values = limit, values
	l.states = slices.DeleteFunc(l.states, func(s state) bool { return s.count > same })
	if len(l.states) == 0 {
		first := min(limit, len(values))
		l.states = []state{{count: first, population: survivors(values, span(0, first), limit)}}
	}
	for now := l.states[len(l.states)-1]; now.count < len(values); {
		pool := append(slices.Clone(now.members), now.count)
		now = state{count: now.count + 1, population: survivors(values, pool, limit)}
		if len(l.states) == rememberedStates {
			l.states = slices.Delete(l.states, 0, 1)
		}
		l.states = append(l.states, now)
	}
	return l.states[len(l.states)-1].population
}

// span returns from, from+1, …, to-1.
func span(from, to int) []int {
	all := make([]int, 0, to-from)
	for i := from; i < to; i++ {
		all = append(all, i)
	}
	return all
}
