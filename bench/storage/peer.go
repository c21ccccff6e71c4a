package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// peer runs the peer's script; what it prints is JSON.
func (b *bench) peer(ctx context.Context, answer any, args ...string) error {
	cmd := exec.CommandContext(ctx, b.python, append([]string{b.script}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("Optuna: %w", err)
	}
	if err := json.Unmarshal(out, answer); err != nil {
		return fmt.Errorf("Optuna's answer %q: %w", out, err)
	}
	return nil
}

// peerRate returns Optuna's trials per second.
func (b *bench) peerRate(ctx context.Context, url string, processes, trials int) (float64, error) {
	var answer struct{ PerSecond float64 }
	err := b.peer(ctx, &answer, "trials", forSQLAlchemy(url), strconv.Itoa(processes), strconv.Itoa(trials/processes))
	return answer.PerSecond, err
}

// peerAsk returns the milliseconds that Optuna takes to ask and tell, the
// median over so many times.
func (b *bench) peerAsk(ctx context.Context, url string, times int) (float64, error) {
	var answer struct{ Milliseconds float64 }
	err := b.peer(ctx, &answer, "ask", forSQLAlchemy(url), strconv.Itoa(times))
	return answer.Milliseconds, err
}

// forSQLAlchemy names the drivers that are installed beside Optuna, which are
// not those that SQLAlchemy takes unasked.
func forSQLAlchemy(url string) string {
	return strings.NewReplacer("postgresql:", "postgresql+psycopg2:", "mysql:", "mysql+pymysql:").Replace(url)
}
