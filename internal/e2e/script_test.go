package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/hpsearch/hpsearch/internal/cli"
	"github.com/hpsearch/hpsearch/trainer"
	"github.com/hpsearch/hpsearch/trainer/pretrain"
	"github.com/hpsearch/hpsearch/trainer/tinymodel"
)

// TestMain lets the test binary stand for both programs. It is copied into
// the scripts' PATH under their names, so that hpsearch finds the trainer
// beside itself, as it does when installed.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"hpsearch":         func() { os.Exit(cli.Main()) },
		"hpsearch-trainer": func() { os.Exit(runTrainer(os.Args[1:])) },
		"expect-exit":      func() { os.Exit(expectExit(os.Args[1:])) },
	})
}

// runTrainer is what cmd/hpsearch-trainer does.
func runTrainer(args []string) int {
	if len(args) > 0 && args[0] == "pretrain" {
		return pretrain.Command(args[1:], os.Stdout, os.Stderr)
	}
	var err error
	switch strings.Join(args, " ") {
	case "serve":
		err = trainer.Serve(os.Stdin, os.Stdout, "test")
	case "doctor":
		err = json.NewEncoder(os.Stdout).Encode(trainer.Doctor(context.Background()))
	default:
		err = fmt.Errorf("arguments %q", args)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "hpsearch-trainer:", err)
		return 1
	}
	return 0
}

func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("CUDA_VISIBLE_DEVICES", "-1")
			model := filepath.Join(e.WorkDir, "model")
			if err := os.Mkdir(model, 0o755); err != nil {
				return err
			}
			tinymodel.Write(t, model)
			tinymodel.WriteStrokes(t, filepath.Join(e.WorkDir, "characters"), 30, 6, 35)
			tinymodel.WriteStrokes(t, filepath.Join(e.WorkDir, "mine"), 2, 6, 40)
			if err := writeRows(filepath.Join(e.WorkDir, "tasks.jsonl"), tinymodel.Rows(20, 16, 0)); err != nil {
				return err
			}
			if err := writeGPT2(filepath.Join(e.WorkDir, "gpt2")); err != nil {
				return err
			}
			if err := writeRows(filepath.Join(e.WorkDir, "ratings.jsonl"), ratings()); err != nil {
				return err
			}
			return writeRows(filepath.Join(e.WorkDir, "new.jsonl"), tinymodel.Rows(3, 6, 0))
		},
	})
}

// ratings returns texts of eight tasks with a number each.
func ratings() []tinymodel.Row {
	rows := tinymodel.Rows(24, 12, 8)
	for i := range rows {
		rows[i].Label = fmt.Sprint(10 * (1 + len(rows[i].Label)*i%5))
	}
	return rows
}

// writeGPT2 writes a language model of some thousand parameters.
func writeGPT2(dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	for _, path := range []string{
		"model/testdata/gpt2/config.json", "model/testdata/gpt2/model.safetensors",
		"text/testdata/gpt2/vocab.json", "text/testdata/gpt2/merges.txt",
	} {
		data, err := os.ReadFile(filepath.Join("../../trainer", path))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(path)), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// writeRows writes a file of tasks.
func writeRows(path string, rows []tinymodel.Row) error {
	var b strings.Builder
	for _, row := range rows {
		line, err := json.Marshal(row)
		if err != nil {
			return err
		}
		b.Write(append(line, '\n'))
	}
	return os.WriteFile(path, []byte(b.String()), 0o644)
}
