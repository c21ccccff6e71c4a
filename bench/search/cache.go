package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"

	"github.com/hpsearch/hpsearch/search"
)

// A cache keeps outcomes in a file, one JSON object a line, so that a run that
// was cut short can go on, and so that Optuna need not be measured again when
// only this module has changed. An outcome counts only for the program that
// made it: this executable, or that version of Optuna and its script. It is
// safe for concurrent use.
type cache struct {
	mu    sync.Mutex      // of writing
	file  *os.File        // nil: nothing is kept
	known map[string]kept // when the file was opened
	ours  string          // identifies this executable
	peers string          // identifies Optuna
}

type kept struct {
	Key    string
	Regret [2]float64
	MS     float64
	Epochs int `json:",omitempty"` // run; of a saving, until the goal was reached
}

// openCache reads the file at path, or makes it; an empty path keeps nothing.
func openCache(path string, o options) (*cache, error) {
	c := &cache{known: make(map[string]kept)}
	if path == "" {
		return c, nil
	}
	if err := c.identify(o); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		var k kept
		if json.Unmarshal(lines.Bytes(), &k) == nil { // the last line may have been cut
			c.known[k.Key] = k
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	if c.file, err = os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644); err != nil {
		return nil, err
	}
	if len(data) > 0 && data[len(data)-1] != '\n' {
		_, err = c.file.Write([]byte{'\n'})
	}
	return c, err
}

func (c *cache) identify(o options) error {
	path, err := os.Executable()
	if err != nil {
		return err
	}
	if c.ours, err = digest(path); err != nil || o.python == "" {
		return err
	}
	p, err := startPeer(o.python, o.script)
	if err != nil {
		return err
	}
	defer p.End()
	versions, err := p.versions()
	if err != nil {
		return err
	}
	script, err := digest(o.script)
	c.peers = fmt.Sprintf("optuna %s %s", versions["optuna"], script)
	return err
}

func digest(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("reading %s: %w", path, err)
	}
	return hex.EncodeToString(h.Sum(nil)[:8]), nil
}

// key names a study, the program and the function: some of its values stand
// for the whole of it.
func (c *cache) key(j job) string {
	program := c.ours
	if strings.HasPrefix(j.sampler, theirs) {
		program = c.peers
	}
	h := sha256.New()
	fmt.Fprintln(h, j.function.Space, j.function.Optimum)
	for number := range 3 {
		rng := search.Rand(5, number, "bench/cache")
		t, err := randomTrial(rng, number, j.function.Space)
		if err != nil {
			return "" // the space is not valid: running the study will say so
		}
		fmt.Fprintln(h, t.External(), j.function.measure(t.External()), j.function.Value(t.External()))
	}
	return fmt.Sprintf("%s %s seed %d, %d pending, %x, %s", j.function.Name, j.sampler, j.seed, j.pending, h.Sum(nil)[:6], program)
}

func (c *cache) get(j job) (outcome, bool) {
	if c.file == nil {
		return outcome{}, false
	}
	k, ok := c.known[c.key(j)] // which nobody writes to
	return outcome{job: j, regret: k.Regret, ms: k.MS, epochs: k.Epochs}, ok
}

func (c *cache) put(o outcome) error {
	return c.write(kept{Key: c.key(o.job), Regret: o.regret, MS: o.ms, Epochs: o.epochs})
}

func (c *cache) write(k kept) error {
	if c.file == nil {
		return nil
	}
	line, err := json.Marshal(k)
	if err != nil {
		return fmt.Errorf("%s: %w", k.Key, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err = c.file.Write(append(line, '\n'))
	return err
}

func (c *cache) close() error {
	if c.file == nil {
		return nil
	}
	return c.file.Close()
}
