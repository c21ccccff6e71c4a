package tensor

import (
	"fmt"
	"unsafe"

	"github.com/sugarme/gotch/libtch"
)

// A Scope owns tensors and frees them together. It must be used inside [Do],
// by that goroutine only. The zero value is ready to use.
type Scope struct {
	owned  []*Tensor
	slab   []Tensor // handles are allocated slabSize at a time
	closes []func() // frees what is no tensor
	err    error
	parent *Scope
	twice  bool // see DifferentiateTwice
}

const slabSize = 64

// Child returns a scope for intermediate results. Its first error becomes
// its parent's when it is closed.
func (s *Scope) Child() *Scope { return &Scope{parent: s, err: s.err, twice: s.twice} }

// Run runs f in a child scope and closes it. It returns f's error, or else
// the first one of the child's operators.
func (s *Scope) Run(f func(*Scope) error) error {
	return s.Child().finish(f)
}

// finish runs f in the scope and closes it, even when f panics.
func (s *Scope) finish(f func(*Scope) error) (err error) {
	defer func() {
		if closeErr := s.Close(); err == nil {
			err = closeErr
		}
	}()
	return f(s)
}

// DifferentiateTwice makes the scope's operators, and those of scopes made from
// it afterwards, ones whose gradients can be differentiated again: not every
// fused operator allows that.
func (s *Scope) DifferentiateTwice() { s.twice = true }

// Err returns the first error of the scope's operators.
func (s *Scope) Err() error { return s.err }

// Close frees the scope's tensors and returns its first error. Handles to
// them become invalid: using one is an error, never a crash.
func (s *Scope) Close() error {
	for i := len(s.owned) - 1; i >= 0; i-- {
		s.owned[i].free()
	}
	clear(s.owned)
	s.owned = s.owned[:0]
	for _, f := range s.closes {
		f()
	}
	s.closes = nil
	s.slab = nil
	if s.parent != nil && s.parent.err == nil {
		s.parent.err = s.err
	}
	return s.err
}

// Free frees one tensor of the scope early. Freeing nil does nothing.
func (s *Scope) Free(t *Tensor) {
	if t == nil {
		return
	}
	if s.disown(t) {
		t.free()
	}
}

// Move hands t to another scope, which must outlive this one, and returns it.
func (s *Scope) Move(t *Tensor, to *Scope) *Tensor {
	if t == nil {
		return nil
	}
	if s.disown(t) {
		// A fresh handle: the slab of this scope may then be collected.
		moved := &Tensor{c: t.c}
		t.c = nil
		to.owned = append(to.owned, moved)
		return moved
	}
	to.fail("move", fmt.Errorf("the tensor does not belong to this scope"))
	return nil
}

// disown searches from the end, where recent results stand.
func (s *Scope) disown(t *Tensor) bool {
	for i := len(s.owned) - 1; i >= 0; i-- {
		if s.owned[i] == t {
			s.owned = append(s.owned[:i], s.owned[i+1:]...)
			return true
		}
	}
	return false
}

func (t *Tensor) free() {
	if t.c != nil {
		libtch.AtFree(t.c)
		t.c = nil
		live.Add(-1)
	}
}

// Fail records an error of the caller's as the scope's, unless it has one.
func (s *Scope) Fail(op string, err error) { s.fail(op, err) }

// fail records the scope's first error.
func (s *Scope) fail(op string, err error) {
	if s.err == nil {
		s.err = fmt.Errorf("%s: %w", op, err)
	}
}

// own takes over a result of libtorch. A null result means that the
// operator threw.
func (s *Scope) own(op string, c libtch.Ctensor) *Tensor {
	if c == nil {
		err := lastError(op)
		if err == nil {
			err = fmt.Errorf("%s: libtorch returned no tensor", op)
		}
		if s.err == nil {
			s.err = err
		}
		return nil
	}
	if len(s.slab) == 0 {
		s.slab = make([]Tensor, slabSize)
	}
	t := &s.slab[0]
	s.slab = s.slab[1:]
	t.c = c
	s.owned = append(s.owned, t)
	live.Add(1)
	return t
}

// ok reports whether an operator may run: no error so far and every operand
// alive. Optional operands are checked by the caller.
func (s *Scope) ok(op string, operands ...*Tensor) bool {
	if s.err != nil {
		return false
	}
	for _, t := range operands {
		if !t.alive() {
			s.err = fmt.Errorf("%s: %w", op, ErrClosed)
			return false
		}
	}
	return true
}

// optional returns the pointer of an operand that may be nil.
func optional(t *Tensor) libtch.Ctensor {
	if t == nil {
		return nil
	}
	return t.c
}

// number makes a libtorch scalar; the caller frees it with libtch.AtsFree.
func number(v float64) libtch.Cscalar { return libtch.AtsFloat(v) }

// pointers returns the C handles of a list of tensors.
func pointers(ts []*Tensor) []libtch.Ctensor {
	cs := make([]libtch.Ctensor, len(ts))
	for i, t := range ts {
		cs[i] = t.c
	}
	return cs
}

// handles returns the address of the first handle, as the C shim takes it.
func handles(cs []libtch.Ctensor) *unsafe.Pointer {
	if len(cs) == 0 {
		return nil
	}
	return (*unsafe.Pointer)(unsafe.Pointer(&cs[0]))
}
