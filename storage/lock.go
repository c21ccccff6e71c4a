package storage

import (
	"fmt"
	"sync"
	"time"
)

// lockedAdvice is what to do about a database that stays locked. Nobody's
// transactions last for long: who holds the lock does not run.
const lockedAdvice = "is one suspended in the middle of a write (Ctrl-Z, a debugger)? " +
	"Let it go on (fg, kill -CONT PID) or end it; fuser FILE shows who has the file open"

// A lockWatch says once that a database is locked, and once that it is not any
// more, however many goroutines wait. The zero value says nothing.
type lockWatch struct {
	tell func(line string) // may be nil

	mu    sync.Mutex
	since time.Time // of the wait that was told of; zero: none
}

// found notes that a write has waited for so long, in vain.
func (l *lockWatch) found(name string, waited time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.since.IsZero() {
		return
	}
	l.since = time.Now().Add(-waited)
	l.say(fmt.Sprintf("Storage %s has been locked by another process for %s, and is waited for: %s.", name, rounded(waited), lockedAdvice))
}

// over notes that one of those who waited could write.
func (l *lockWatch) over(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.since.IsZero() {
		return
	}
	l.say(fmt.Sprintf("Storage %s is free again, after %s.", name, rounded(time.Since(l.since))))
	l.since = time.Time{}
}

func (l *lockWatch) say(line string) {
	if l.tell != nil {
		l.tell(line)
	}
}

// rounded is a duration for people.
func rounded(d time.Duration) time.Duration {
	if d < time.Second {
		return d.Round(time.Millisecond)
	}
	return d.Round(time.Second)
}

// isLocked reports whether err says that another process holds the database.
func (s *sqlStore) isLocked(err error) bool { return s.locked != nil && s.locked(err) }
