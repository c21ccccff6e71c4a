package tensor

import (
	"errors"
	"strings"
	"testing"
)

// TestNoTensor: what an operator returns after an error is nil. Asking it for
// its properties must be harmless, reading it an error.
func TestNoTensor(t *testing.T) {
	var closed *Tensor
	inScope(t, func(s *Scope) {
		inner := s.Child()
		closed = inner.Ones(Float64, CPU, 2)
		if err := inner.Close(); err != nil {
			t.Fatal(err)
		}
	})
	for name, x := range map[string]*Tensor{"nil": nil, "closed": closed} {
		if x.Dim() != 0 || x.Shape() != nil || x.Numel() != 0 || x.DType() != -1 || x.Device() != CPU {
			t.Errorf("%s tensor: dim %d, shape %v, numel %d, type %d, device %s", name, x.Dim(), x.Shape(), x.Numel(), x.DType(), x.Device())
		}
		if _, err := x.Float32s(); !errors.Is(err, ErrClosed) {
			t.Errorf("%s tensor: read gave %v, want ErrClosed", name, err)
		}
	}
}

// TestOneError: an operator's error that f passes on stands once in what Do
// returns.
func TestOneError(t *testing.T) {
	err := Do(func(s *Scope) error {
		return s.Run(func(inner *Scope) error {
			inner.Zeros(Float32, CPU, 1<<50)
			return inner.Err()
		})
	})
	if !errors.Is(err, ErrOutOfMemory) {
		t.Fatalf("got %v, want ErrOutOfMemory", err)
	}
	if got := err.Error(); strings.Count(got, "zeros: ") != 1 || strings.Contains(got, "\n") {
		t.Errorf("got %q, want one line", got)
	}
}

// TestPanicFreesTensors: a panic inside Run and Do leaves nothing behind, and
// the grad mode as it was.
func TestPanicFreesTensors(t *testing.T) {
	before := Live()
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_ = Do(func(s *Scope) error {
			s.Ones(Float32, CPU, 3)
			return s.Run(func(inner *Scope) error {
				inner.NoGrad(func() {
					inner.Ones(Float32, CPU, 3)
					panic("test")
				})
				return nil
			})
		})
	}()
	if got := Live(); got != before {
		t.Errorf("%d live tensors after a panic, want %d", got, before)
	}
	inScope(t, func(s *Scope) {
		x := s.Ones(Float32, CPU, 1)
		s.SetRequiresGrad(x, true)
		s.Backward(s.Mul(x, x)) // fails where gradients are off
		if s.Grad(x) == nil {
			t.Error("gradients are still off")
		}
	})
}

// TestBackwardWithoutGradient: libtorch's engine would crash on such a root.
func TestBackwardWithoutGradient(t *testing.T) {
	for name, backward := range map[string]func(s *Scope, x *Tensor){
		"backward":  func(s *Scope, x *Tensor) { s.Backward(s.Sum(x)) },
		"a leaf":    func(s *Scope, _ *Tensor) { s.Backward(s.Ones(Float32, CPU, 1)) },
		"gradients": func(s *Scope, x *Tensor) { s.Gradients(s.Sum(s.Detach(x)), []*Tensor{x}, false) },
	} {
		err := Do(func(s *Scope) error {
			x := s.Ones(Float32, CPU, 2)
			s.SetRequiresGrad(x, name == "gradients")
			backward(s, x)
			return nil
		})
		if err == nil || !strings.Contains(err.Error(), "does not require a gradient") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
