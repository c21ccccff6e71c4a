// Package prefix keeps what the frozen lower part of a network computes, so
// that it is computed once for each example: in memory, shared by the trials of
// a trainer process, and in a folder, shared by the workers of a study.
//
// Losing what is kept costs time and nothing else: what cannot be read is
// computed again, and what cannot be written is not kept.
package prefix

import (
	"crypto/sha256"
	"sync"
)

// A Space names a computation: everything but the example that its results
// depend on. Results of one space are never handed out in another.
type Space [32]byte

// A Key names an example within a space.
type Key [16]byte

// KeyOf returns the key of an example with that content.
func KeyOf(content []byte) Key {
	sum := sha256.Sum256(content)
	return Key(sum[:16])
}

// Limits bound a store. 0 turns a part off.
type Limits struct {
	MemoryBytes int64
	DiskBytes   int64 // of the whole folder
}

// A Store keeps lists of numbers by space and key. It is safe for concurrent
// use.
type Store struct {
	mu     sync.Mutex
	memory map[Space]*room
	bytes  int64 // in memory
	clock  int64 // counts the uses of rooms
}

// A room is the part of one space in memory.
type room struct {
	values map[Key][]float32
	bytes  int64
	used   int64
}

// NewStore returns an empty store.
func NewStore() *Store { return &Store{memory: make(map[Space]*room)} }

// A View is a store seen from one space. It is for one goroutine.
type View struct {
	store  *Store
	space  Space
	limits Limits
	room   *room
	folder *folder // nil: nothing on disk
}

// Open returns the view of a space. What is kept on disk is kept in dir, which
// is made when something is written; "" keeps nothing there. log, if not nil,
// is told once why nothing more is written.
func (s *Store) Open(space Space, dir string, limits Limits, log func(format string, args ...any)) *View {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.memory[space]
	if r == nil {
		r = &room{values: make(map[Key][]float32)}
		s.memory[space] = r
	}
	s.clock++
	r.used = s.clock
	v := &View{store: s, space: space, limits: limits, room: r}
	if dir != "" && limits.DiskBytes > 0 {
		v.folder = openFolder(dir, space, limits.DiskBytes, log)
	}
	return v
}

// Get returns the numbers of a key, which must not be changed; nil when they
// are not kept.
func (v *View) Get(key Key) []float32 {
	v.store.mu.Lock()
	values := v.room.values[key]
	v.store.mu.Unlock()
	if values != nil || v.folder == nil {
		return values
	}
	if values = v.folder.read(key); values != nil {
		v.remember(key, values)
	}
	return values
}

// Put keeps the numbers of a key. The caller must not change them any more.
func (v *View) Put(key Key, values []float32) {
	v.remember(key, values)
	if v.folder != nil {
		v.folder.append(key, values)
	}
}

// Roomy reports whether the memory is less than half full: whether there is room for
// what nobody has asked for yet.
func (v *View) Roomy() bool {
	v.store.mu.Lock()
	defer v.store.mu.Unlock()
	return v.store.bytes < v.limits.MemoryBytes/2
}

// PutSpare is Put in memory alone, and only while it is [View.Roomy].
func (v *View) PutSpare(key Key, values []float32) {
	if v.Roomy() {
		v.remember(key, values)
	}
}

// Close writes what was put and not written yet.
func (v *View) Close() {
	if v.folder != nil {
		v.folder.close()
	}
}

// remember keeps numbers in memory as far as there is room. Other spaces make
// room for this one, the one that was not used for longest first.
func (v *View) remember(key Key, values []float32) {
	size := int64(4 * len(values))
	s := v.store
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := v.room.values[key]; ok {
		return
	}
	for s.bytes+size > v.limits.MemoryBytes {
		if !s.forgetOldest(v.space) {
			return
		}
	}
	v.room.values[key] = values
	v.room.bytes += size
	s.bytes += size
}

// forgetOldest empties the space that was not opened for longest, but keep.
// The caller holds the lock.
func (s *Store) forgetOldest(keep Space) bool {
	var oldest *room
	for space, r := range s.memory {
		if space != keep && r.bytes > 0 && (oldest == nil || r.used < oldest.used) {
			oldest = r
		}
	}
	if oldest == nil {
		return false
	}
	s.bytes -= oldest.bytes
	oldest.bytes = 0
	clear(oldest.values)
	return true
}
