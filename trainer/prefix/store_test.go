package prefix

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

var generous = Limits{MemoryBytes: 1 << 20, DiskBytes: 1 << 30}

func numbers(n int, first float32) []float32 {
	list := make([]float32, n)
	for i := range list {
		list[i] = first + float32(i)
	}
	return list
}

func key(i int) Key { return KeyOf(fmt.Append(nil, i)) }

func segments(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*", "*"+segmentSuffix))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestMemory(t *testing.T) {
	t.Parallel()
	s := NewStore()
	one := s.Open(Space{1}, "", generous, nil)
	one.Put(key(1), numbers(3, 1))
	if !slices.Equal(one.Get(key(1)), numbers(3, 1)) || one.Get(key(2)) != nil {
		t.Error("what was put is not what is got")
	}
	if again := s.Open(Space{1}, "", generous, nil); again.Get(key(1)) == nil {
		t.Error("the next trial does not find it")
	}
	if other := s.Open(Space{2}, "", generous, nil); other.Get(key(1)) != nil {
		t.Error("another space finds it")
	}
}

// TestSpare: what nobody has asked for takes half of the memory at most, is not
// written, and makes way for what is put.
func TestSpare(t *testing.T) {
	t.Parallel()
	s, dir := NewStore(), t.TempDir()
	limits := Limits{MemoryBytes: 64, DiskBytes: 1 << 20}
	spare := s.Open(Space{1}, dir, limits, nil)
	for i := range 4 {
		spare.PutSpare(key(i), numbers(4, 0)) // 16 bytes
	}
	if spare.Get(key(0)) == nil || spare.Get(key(1)) == nil || spare.Get(key(2)) != nil || spare.Roomy() {
		t.Error("it is not half of the memory that is taken")
	}
	other := s.Open(Space{2}, "", limits, nil)
	for i := range 4 {
		other.Put(key(i), numbers(4, 0))
	}
	if other.Get(key(3)) == nil || spare.Get(key(0)) != nil {
		t.Error("it does not make way")
	}
	if spare.Close(); len(segments(t, dir)) > 0 {
		t.Error("it was written")
	}
}

// TestMemoryLimit: a full space keeps what it has; another one takes the place
// of those that were used before.
func TestMemoryLimit(t *testing.T) {
	t.Parallel()
	s := NewStore()
	limits := Limits{MemoryBytes: 40}
	one := s.Open(Space{1}, "", limits, nil)
	for i := range 5 {
		one.Put(key(i), numbers(4, 0)) // 16 bytes
	}
	if one.Get(key(0)) == nil || one.Get(key(1)) == nil || one.Get(key(2)) != nil || s.bytes != 32 {
		t.Errorf("%d bytes are kept", s.bytes)
	}
	two := s.Open(Space{2}, "", limits, nil)
	two.Put(key(7), numbers(4, 0))
	if two.Get(key(7)) == nil || one.Get(key(0)) != nil || s.bytes != 16 {
		t.Errorf("%d bytes are kept", s.bytes)
	}
	two.Put(key(8), numbers(1000, 0))
	if two.Get(key(8)) != nil || two.Get(key(7)) == nil {
		t.Error("what fits nowhere is not to push out the rest")
	}
}

func TestDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := NewStore().Open(Space{1}, dir, Limits{DiskBytes: 1 << 30}, nil)
	for i := range 5 {
		write.Put(key(i), numbers(i, float32(i)))
	}
	write.Close()
	if names := segments(t, dir); len(names) != 1 {
		t.Fatalf("segments %v", names)
	}
	read := NewStore().Open(Space{1}, dir, generous, nil)
	defer read.Close()
	for i := range 5 {
		if got := read.Get(key(i)); got == nil || !slices.Equal(got, numbers(i, float32(i))) {
			t.Errorf("%d: %v", i, got)
		}
	}
	other := NewStore().Open(Space{2}, dir, generous, nil)
	defer other.Close()
	if other.Get(key(1)) != nil {
		t.Error("another space finds it")
	}
}

// TestDamage: cut and flipped files are computed again, and never crash.
func TestDamage(t *testing.T) {
	t.Parallel()
	for _, at := range []int{0, 3, 20, 44, 50, 70, 100, 120, 130} {
		for _, cut := range []bool{true, false} {
			dir := t.TempDir()
			write := NewStore().Open(Space{1}, dir, generous, nil)
			write.Put(key(1), numbers(10, 0))
			write.Put(key(2), numbers(10, 5))
			write.Close()
			name := segments(t, dir)[0]
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if cut {
				data = data[:at]
			} else {
				data[at] ^= 0x40
			}
			if err := os.WriteFile(name, data, 0o666); err != nil {
				t.Fatal(err)
			}
			var said []string
			read := NewStore().Open(Space{1}, dir, generous, func(f string, a ...any) { said = append(said, fmt.Sprintf(f, a...)) })
			one, two := read.Get(key(1)), read.Get(key(2))
			if one != nil && !slices.Equal(one, numbers(10, 0)) || two != nil && !slices.Equal(two, numbers(10, 5)) {
				t.Errorf("byte %d, cut %v: wrong numbers", at, cut)
			}
			if (one == nil || two == nil) && len(said) == 0 {
				t.Errorf("byte %d, cut %v: nothing was said", at, cut)
			}
			read.Close()
		}
	}
}

func TestDiskLimit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var said []string
	v := NewStore().Open(Space{1}, dir, Limits{MemoryBytes: 1 << 30, DiskBytes: segmentBytes + segmentBytes/2},
		func(f string, a ...any) { said = append(said, fmt.Sprintf(f, a...)) })
	for i := range 4 {
		v.Put(key(i), numbers(segmentBytes/4, 0))
	}
	v.Close()
	if names := segments(t, dir); len(names) != 1 || len(said) != 1 || !strings.Contains(said[0], "prefix_cache_mb") {
		t.Errorf("segments %v, said %q", names, said)
	}
	if v.Get(key(3)) == nil {
		t.Error("memory does not keep what the disk has no room for")
	}
}

// TestCannotWrite stands for a full disk and a folder without permission.
func TestCannotWrite(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	var said []string
	v := NewStore().Open(Space{1}, filepath.Join(file, "below"), generous, func(f string, _ ...any) { said = append(said, f) })
	v.Put(key(1), numbers(2, 0))
	v.Close()
	if len(said) != 1 || v.Get(key(1)) == nil {
		t.Errorf("said %q", said)
	}
}

// TestWriters: several workers write and read one folder at the same time.
func TestWriters(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var wait sync.WaitGroup
	for w := range 4 {
		wait.Go(func() {
			for round := range 10 {
				v := NewStore().Open(Space{1}, dir, Limits{DiskBytes: 1 << 30}, nil)
				for i := range 20 {
					if got := v.Get(key(i)); got != nil && !slices.Equal(got, numbers(50, float32(i))) {
						t.Errorf("worker %d reads something else", w)
					}
					if i%4 == w || round > 5 {
						v.Put(key(i), numbers(50, float32(i)))
					}
				}
				v.Close()
			}
		})
	}
	wait.Wait()
	v := NewStore().Open(Space{1}, dir, generous, nil)
	defer v.Close()
	for i := range 20 {
		if !slices.Equal(v.Get(key(i)), numbers(50, float32(i))) {
			t.Errorf("%d is lost", i)
		}
	}
	if parts, _ := filepath.Glob(filepath.Join(dir, "*", "part-*")); len(parts) != len(segments(t, dir)) {
		t.Errorf("unfinished files are left: %v", parts)
	}
}
