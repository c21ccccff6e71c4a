package app

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
	"unicode"

	"github.com/hpsearch/hpsearch/internal/render"
	"github.com/hpsearch/hpsearch/internal/studyfile"
	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/storage"
)

// DefaultStorage is used when neither --storage nor StorageEnv says otherwise.
const DefaultStorage = "sqlite:///hpsearch.db"

// StorageEnv is the environment variable that names the storage.
const StorageEnv = "HPSEARCH_STORAGE"

// dataFolder holds the studies' directories, beside the SQLite file.
const dataFolder = "hpsearch-data"

// A Factory makes what verbs need when they need it, so that --help and
// mistakes in the command line open nothing. It is for one command line; its
// methods are not safe for concurrent use.
type Factory struct {
	*Streams
	Context context.Context // ends at the second interrupt
	Now     func() time.Time

	// The flags of the root command.
	StorageURL string
	DataDir    string
	Format     string
	Quiet      bool
	Verbose    bool

	// Notice shows what the storage has to say while it is waited for; nil:
	// Say does. Whoever draws on the terminal sets it for that time. It is
	// called from any goroutine.
	Notice func(line string)

	store   search.Store
	process string // names the folder of this process's studies in memory
}

// New returns a factory on the process's streams.
func New(ctx context.Context) *Factory {
	return &Factory{Streams: SystemStreams(), Context: ctx, Now: time.Now, StorageURL: DefaultStorage, Format: string(render.Table)}
}

// ErrNoDatabase is wrapped by the error of [Factory.Existing] when the
// database was not made yet.
var ErrNoDatabase = errors.New("no database")

// Existing is Store for verbs that make no study: it creates no database.
func (f *Factory) Existing(ctx context.Context) (search.Store, error) {
	path, err := storage.Path(f.StorageURL)
	if err != nil {
		return nil, &UsageError{Err: err}
	}
	if _, err := os.Stat(path); path != "" && errors.Is(err, fs.ErrNotExist) {
		return nil, &noDatabaseError{path: path}
	}
	return f.Store(ctx)
}

type noDatabaseError struct{ path string }

// Error implements error.
func (e *noDatabaseError) Error() string {
	return fmt.Sprintf("there is no database at %s yet: hpsearch study create makes one, and --storage names one that is elsewhere", e.path)
}

// Is makes it an [ErrNoDatabase].
func (e *noDatabaseError) Is(target error) bool { return target == ErrNoDatabase }

// Store opens the storage, once, and creates it when it is not there.
func (f *Factory) Store(ctx context.Context) (search.Store, error) {
	if f.store != nil {
		return f.store, nil
	}
	if _, err := storage.Path(f.StorageURL); err != nil {
		return nil, &UsageError{Err: err}
	}
	store, err := storage.Open(ctx, f.StorageURL, storage.Notify(f.notice))
	if err != nil {
		return nil, err
	}
	f.store = store
	return store, nil
}

func (f *Factory) notice(line string) {
	if f.Notice != nil {
		f.Notice(line)
		return
	}
	f.Say("%s", line)
}

// Study opens the storage and finds a study.
func (f *Factory) Study(ctx context.Context, name string) (search.Store, *search.Study, error) {
	store, err := f.Existing(ctx)
	if err != nil {
		return nil, nil, err
	}
	study, err := store.Study(ctx, name)
	if errors.Is(err, search.ErrNotFound) {
		return nil, nil, f.NoStudy(ctx, store, name)
	}
	if err != nil {
		return nil, nil, err
	}
	return store, study, nil
}

// NoStudy is the error for a study that is not in the storage.
func (f *Factory) NoStudy(ctx context.Context, store search.Store, name string) error {
	if f.InMemory() {
		return fmt.Errorf("no study %q: %w", name, errMemory)
	}
	summaries, err := store.Summaries(ctx)
	if err != nil {
		return err
	}
	names := make([]string, len(summaries))
	for i, s := range summaries {
		names[i] = s.Study.Name
	}
	if _, err := os.Stat(name); err == nil && strings.HasSuffix(name, ".yaml") {
		return fmt.Errorf("no study %q in %s: that is a file; wanted is the study's name, which stands in it (hpsearch study list shows those there are)",
			name, storage.Redact(f.StorageURL))
	}
	return fmt.Errorf("no study %q in %s (hpsearch study list shows those there are)%s", name, storage.Redact(f.StorageURL), meant(name, names))
}

// NoStudyFile is the error for a study that Optuna made, where it takes a
// study file to go on.
func NoStudyFile(name string) error {
	return fmt.Errorf("study %s was made by Optuna and has no study file: hpsearch study adopt %s -f FILE gives it one, "+
		"or let its trials be asked for and told (hpsearch ask, tell, pipe)", name, render.Argument(name))
}

// errMemory says what a storage in memory is good for.
var errMemory = errors.New("a study in memory ends with its process: use run FILE or pipe FILE, or --storage sqlite:///hpsearch.db to keep it")

// InMemory reports whether the storage ends with the process.
func (f *Factory) InMemory() bool {
	return storage.InMemory(f.StorageURL)
}

// Lasting refuses a storage in memory, for verbs whose whole effect is what
// they store.
func (f *Factory) Lasting() error {
	if f.InMemory() {
		return &UsageError{Err: errMemory}
	}
	return nil
}

// Close closes what was opened.
func (f *Factory) Close() error {
	if f.store == nil {
		return nil
	}
	store := f.store
	f.store = nil
	return store.Close()
}

// StudyDir returns the absolute path of a study's directory, which may not
// exist yet: below --data, else in hpsearch-data beside the SQLite file, else
// in hpsearch-data in the current folder. Studies in memory have a folder of
// their own for each process there.
func (f *Factory) StudyDir(study string) (string, error) {
	root, err := f.DataRoot()
	if err != nil {
		return "", err
	}
	return filepath.Join(root, folderName(study)), nil
}

// folderName is the name of a study's folder. Optuna takes any name for a
// study, of which not all may name a folder: those get a name that no study
// file can have.
func folderName(study string) string {
	if studyfile.CheckName(study) == nil {
		return study
	}
	const readable, distinct = 60, 8 // characters of the name, bytes of its hash
	plain := strings.Map(func(r rune) rune {
		if r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return r
		}
		return '_'
	}, study)
	sum := sha256.Sum256([]byte(study))
	return fmt.Sprintf("_%s-%x", plain[:min(len(plain), readable)], sum[:distinct])
}

// DataRoot returns the folder that holds the studies' directories.
func (f *Factory) DataRoot() (string, error) {
	file, err := storage.Path(f.StorageURL)
	if err != nil {
		return "", err
	}
	root := f.DataDir
	if root == "" {
		root = filepath.Join(filepath.Dir(file), dataFolder) // of no file: the current folder
	}
	if f.InMemory() {
		if f.process == "" { // a process number alone may come again
			f.process = fmt.Sprintf("memory-%s-%d", f.Now().UTC().Format("20060102T150405"), os.Getpid())
		}
		root = filepath.Join(root, f.process)
	}
	return filepath.Abs(root)
}

// CheckVacant refuses a name for a new study whose folder holds trials: those
// of a deleted database or of another storage. New ones would mix with them.
func (f *Factory) CheckVacant(study string) error {
	dir, err := f.StudyDir(study)
	if err != nil {
		return err
	}
	left, err := os.ReadDir(filepath.Dir(search.TrialDir(dir, 0)))
	if len(left) == 0 && (err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)) {
		return nil // what else is wrong with the folder, the run says
	}
	if err != nil {
		return fmt.Errorf("folder of study %s: %w", study, err)
	}
	return fmt.Errorf("%s holds trials of an earlier study %s that is not in %s: remove that folder, or choose another --name or --data",
		dir, study, storage.Redact(f.StorageURL))
}

// Write writes a document to the standard output in the format of --output.
func (f *Factory) Write(d render.Document) error {
	format, err := render.ParseFormat(f.Format)
	if err != nil {
		return &UsageError{Err: err}
	}
	out := render.Output{Writer: f.Out, Format: format, Terminal: f.OutTerminal, Color: f.Color, Width: f.Width}
	if err := out.Write(d); err != nil {
		return fmt.Errorf("write the output: %w", err)
	}
	return nil
}

// WriteNames writes what a verb has made or named: a name a line, which a shell
// puts into a variable, or data where another format is wanted.
func (f *Factory) WriteNames(title string, data any, names ...string) error {
	if f.Format != string(render.Table) {
		d := render.Document{Data: data, Columns: []render.Column{{Title: title}}, Names: names}
		for _, name := range names {
			d.Rows = append(d.Rows, []render.Cell{render.Text(name)})
		}
		return f.Write(d)
	}
	for _, name := range names {
		if _, err := fmt.Fprintln(f.Out, name); err != nil {
			return fmt.Errorf("write the output: %w", err)
		}
	}
	return nil
}

// Say writes a line for people to the standard error, unless --quiet.
func (f *Factory) Say(format string, args ...any) {
	if !f.Quiet {
		fmt.Fprintln(f.Err, render.Lines(fmt.Sprintf(format, args...)))
	}
}

// Warn writes a warning to the standard error, with --quiet, too: what it says
// matters to results.
func (f *Factory) Warn(format string, args ...any) {
	fmt.Fprintln(f.Err, render.Lines("Warning: "+fmt.Sprintf(format, args...)))
}

// Log returns the log of what happens inside: nothing, or, with --verbose,
// lines on the standard error.
func (f *Factory) Log() *slog.Logger {
	if !f.Verbose {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(f.Err, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

var _ io.Closer = (*Factory)(nil)
