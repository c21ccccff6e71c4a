package search

import (
	"math"
	"slices"
	"sync"
)

// unlimited is the number of neighbours that a trial bears which has not run
// out of memory.
const unlimited = math.MaxInt

// A device is what some workers of a runner share. Each of them has a place
// on it while it may use its memory: from before it asks for a trial until its
// objective is closed. Places are granted in the order in which they are asked
// for, so that a trial that bears few neighbours gets its turn: the device runs
// empty before it.
type device struct {
	name    string // for people; may be empty
	workers int

	mu    sync.Mutex
	held  []*place
	queue []*place // those that wait, the first one first
}

// String names the device in a sentence.
func (d *device) String() string {
	if d.name == "" {
		return "its device"
	}
	return d.name
}

// A place is that of one worker. The device's mu guards it.
type place struct {
	device  *device
	limit   int           // neighbours it bears
	granted chan struct{} // closed when it is held
	busy    bool          // a trial has run here since it was granted
	peak    int           // busy neighbours since the last begin
}

// newPlaces makes the places of the workers, which are dealt the devices in
// turn; without names they share one.
func newPlaces(names []string, workers int) []*place {
	if len(names) == 0 {
		names = []string{""}
	}
	devices := map[string]*device{}
	places := make([]*place, workers)
	for i := range places {
		name := names[i%len(names)]
		if devices[name] == nil {
			devices[name] = &device{name: name}
		}
		devices[name].workers++
		places[i] = &place{device: devices[name]}
	}
	return places
}

// enter asks for the place, which must be neither held nor asked for. It is
// held when the returned channel is closed.
func (p *place) enter(limit int) (granted <-chan struct{}) {
	d := p.device
	d.mu.Lock()
	defer d.mu.Unlock()
	p.limit, p.granted, p.busy, p.peak = limit, make(chan struct{}), false, 0
	d.queue = append(d.queue, p)
	d.grant()
	return p.granted
}

// leave gives the place up, whether it is held, asked for or neither.
func (p *place) leave() {
	d := p.device
	d.mu.Lock()
	defer d.mu.Unlock()
	same := func(other *place) bool { return other == p }
	d.held = slices.DeleteFunc(d.held, same)
	d.queue = slices.DeleteFunc(d.queue, same)
	d.grant()
}

// keep reports whether the place is held, and whether nobody waits for one, so
// that it may be kept.
func (p *place) keep() (held, mayKeep bool) {
	d := p.device
	d.mu.Lock()
	defer d.mu.Unlock()
	held = slices.Contains(d.held, p)
	return held, held && len(d.queue) == 0
}

// begin notes that a trial begins at the place, which is held.
func (p *place) begin() {
	d := p.device
	d.mu.Lock()
	defer d.mu.Unlock()
	p.busy = true
	busy := 0
	for _, other := range d.held {
		if other.busy {
			busy++
		}
	}
	p.peak = busy - 1
	for _, other := range d.held {
		other.peak = max(other.peak, busy-1)
	}
}

// end notes that the trial is over; whatever comes next bears neighbours.
func (p *place) end() {
	d := p.device
	d.mu.Lock()
	defer d.mu.Unlock()
	p.limit = unlimited
	d.grant()
}

// neighbours returns how many other workers had trials on the device, or
// objectives that were still warm from one, since begin: the most at a time.
func (p *place) neighbours() int {
	p.device.mu.Lock()
	defer p.device.mu.Unlock()
	return p.peak
}

// grant gives the first of the queue their places, as far as they and those
// who are there bear each other. The caller holds mu.
func (d *device) grant() {
	for len(d.queue) > 0 {
		first := d.queue[0]
		bearable := first.limit
		for _, p := range d.held {
			bearable = min(bearable, p.limit)
		}
		if len(d.held) > bearable {
			return
		}
		d.queue = d.queue[1:]
		d.held = append(d.held, first)
		close(first.granted)
	}
}
