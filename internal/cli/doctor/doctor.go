// Package doctor is the verb "doctor".
package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/internal/render"
	"github.com/hpsearch/hpsearch/storage"
)

// The levels of a [Finding]. The first two decide the exit code.
const (
	Error   = "error"
	Warning = "warning"
)

// A Report is the JSON of the verb.
type Report struct {
	Storage  Storage   `json:"storage"`
	Data     Folder    `json:"data"`
	Trainer  Trainer   `json:"trainer"`
	Libtorch *Libtorch `json:"libtorch"`
	Findings []Finding `json:"findings"`
}

// Storage says whether the storage answers.
type Storage struct {
	URL string `json:"url"` // without a password
	OK  bool   `json:"ok"`
}

// Folder says whether results can be written.
type Folder struct {
	Path string `json:"path"`
	OK   bool   `json:"ok"`
}

// Trainer says where the trainer is; Path is empty when it was not found.
type Trainer struct {
	Path string `json:"path"`
	OK   bool   `json:"ok"` // it starts
}

// Libtorch is what the trainer says about the library that it uses.
type Libtorch struct {
	Path             string   `json:"path"`
	Source           string   `json:"source"`
	Version          string   `json:"version"`
	CUDA             any      `json:"cuda"` // false, or true, or its version
	CUDADevices      []any    `json:"cuda_devices"`
	BLAS             string   `json:"blas"`
	Threads          int      `json:"threads"`
	QuantizedEngines []string `json:"quantized_engines"`
}

// A Finding is something that is wrong, and how to mend it.
type Finding struct {
	Level string `json:"level"`
	What  string `json:"what"`
	Fix   string `json:"fix"`
}

// NewCmd returns the verb; run is called instead of the real thing when it is
// not nil, for tests.
func NewCmd(f *app.Factory, run func(context.Context, *app.Factory) error) *cobra.Command {
	if run == nil {
		run = doctor
	}
	return &cobra.Command{
		Use:   "doctor",
		Short: "Check this installation: storage, folders, trainer, libtorch, CUDA",
		Long: `Check this installation: storage, folders, trainer, libtorch, CUDA. What is
wrong is listed with how to mend it; the exit code is then 3.`,
		Args: app.Args(),
		RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), f) },
	}
}

func doctor(ctx context.Context, f *app.Factory) error {
	r := &Report{Findings: []Finding{}}
	r.checkStorage(ctx, f)
	r.checkData(f)
	r.checkTrainer(ctx)
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := f.Write(r.document()); err != nil {
		return err
	}
	for _, finding := range r.Findings {
		if finding.Level == Error || finding.Level == Warning {
			return app.ErrFindings
		}
	}
	return nil
}

func (r *Report) add(level, fix, format string, args ...any) {
	r.Findings = append(r.Findings, Finding{Level: level, What: fmt.Sprintf(format, args...), Fix: fix})
}

func (r *Report) checkStorage(ctx context.Context, f *app.Factory) {
	r.Storage.URL = storage.Redact(f.StorageURL)
	store, err := f.Existing(ctx)
	switch {
	case err == nil:
		_, err = store.Summaries(ctx)
	case errors.Is(err, app.ErrNoDatabase): // it can be made, or not
		err = checkNew(f.StorageURL)
	}
	if err != nil {
		r.add(Error, "name another storage with --storage or "+app.StorageEnv, "storage: %v", err)
		return
	}
	r.Storage.OK = true
}

// checkNew reports whether a database can be made where there is none yet.
// The folder must be there: no verb makes it.
func checkNew(url string) error {
	path, err := storage.Path(url)
	if err != nil {
		return err
	}
	dir := filepath.Dir(path)
	if _, err := os.Stat(dir); err != nil {
		return fmt.Errorf("folder of the database: %w", err)
	}
	return app.CheckWritable(dir)
}

func (r *Report) checkData(f *app.Factory) {
	root, err := f.DataRoot()
	if err != nil {
		return // the storage's URL is wrong, which is a finding already
	}
	r.Data.Path = root
	if err := app.CheckWritable(root); err != nil {
		r.add(Error, "make it writable, or name another folder with --data", "results folder: %v", err)
		return
	}
	r.Data.OK = true
}

// document lists what was looked at, then what was found.
func (r *Report) document() render.Document {
	d := render.Document{
		Data: r, Facts: true, Columns: []render.Column{{Title: "check"}, {Title: "result"}, {Title: "fix"}},
	}
	add := func(label, value string, ok bool) {
		tone := render.Good
		if !ok {
			tone = render.Bad
		}
		d.Rows = append(d.Rows, []render.Cell{render.Tinted(label, render.Faint), render.Tinted(value, tone), render.Text("")})
	}
	add("storage", r.Storage.URL, r.Storage.OK)
	add("results folder", r.Data.Path, r.Data.OK)
	add("trainer", orNone(r.Trainer.Path), r.Trainer.OK)
	if l := r.Libtorch; l != nil {
		for _, row := range l.rows() {
			d.Rows = append(d.Rows, []render.Cell{render.Tinted(row[0], render.Faint), render.Text(row[1]), render.Text("")})
		}
	}
	tones := map[string]render.Tone{Error: render.Bad, Warning: render.Warn}
	for _, f := range r.Findings {
		d.Names = append(d.Names, f.What)
		d.Rows = append(d.Rows, []render.Cell{render.Tinted(f.Level, tones[f.Level]), render.Text(f.What), render.Text(f.Fix)})
	}
	return d
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
