package text

import (
	"strings"
	"sync"
	"sync/atomic"
)

// Bounds of the cache: about 10 MB when it is full. Natural text repeats
// itself, so that the first words seen are nearly all that is needed.
const (
	cacheEntries = 1 << 16
	cacheKeySize = 48 // bytes; longer stretches seldom come back
)

// A cache remembers the ids of stretches of text. The zero value is ready.
type cache struct {
	m sync.Map // string -> []int32
	n atomic.Int64
}

func (c *cache) get(s string) ([]int32, bool) {
	v, ok := c.m.Load(s)
	if !ok {
		return nil, false
	}
	return v.([]int32), true
}

// put copies what it keeps. A full cache keeps nothing more.
func (c *cache) put(s string, ids []int32) {
	if len(s) > cacheKeySize || c.n.Load() >= cacheEntries {
		return
	}
	if _, there := c.m.LoadOrStore(strings.Clone(s), append([]int32(nil), ids...)); !there {
		c.n.Add(1)
	}
}
