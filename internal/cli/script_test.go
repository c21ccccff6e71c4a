package cli_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/hpsearch/hpsearch/internal/cli"
	"github.com/hpsearch/hpsearch/storage/dbtest"
)

// withDatabases closes the database servers after the tests.
type withDatabases struct{ *testing.M }

// Run implements testscript's interface of a test run.
func (m withDatabases) Run() int { return dbtest.Run(m.M) }

// TestMain lets the test binary stand for the programs that the scripts run.
func TestMain(m *testing.M) {
	testscript.Main(withDatabases{m}, map[string]func(){
		"hpsearch":     func() { os.Exit(cli.Main()) },
		"fake-trainer": func() { os.Exit(fakeTrainer(os.Args[1:])) },
		"expect-exit":  func() { os.Exit(expectExit(os.Args[1:])) },
	})
}

func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			fake, err := exec.LookPath("fake-trainer")
			if err != nil {
				return err
			}
			e.Setenv("HPSEARCH_TRAINER", fake)
			e.Setenv("CUDA_VISIBLE_DEVICES", "")
			if err := copyDatabases(e.WorkDir); err != nil {
				return err
			}
			return writeFixtures(e.WorkDir)
		},
		Condition: func(name string) (bool, error) {
			if name == "root" { // root may write anywhere
				return os.Getuid() == 0, nil
			}
			if name == "databases" { // the servers that the tests run on are there
				return haveDatabases()
			}
			return false, fmt.Errorf("unknown condition %q", name)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"fifo":     fifo,
			"await":    await,
			"mask":     mask,
			"database": database,
			"program":  program,
		},
	})
}

// haveDatabases reports whether the database servers can be started; an error
// where they must be.
func haveDatabases() (bool, error) {
	for _, kind := range dbtest.Kinds {
		_, err := dbtest.Shared(kind)
		if errors.Is(err, dbtest.ErrMissing) && os.Getenv(dbtest.RequiredEnv) == "" && os.Getenv("CI") == "" {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
	return true, nil
}

// database makes an empty database on a server of that kind and sets URL to
// its URL without a password, PASSWORD to the password.
func database(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: database kind")
	}
	server, err := dbtest.Shared(dbtest.Kind(args[0]))
	ts.Check(err)
	full, err := server.NewDatabase(context.Background())
	ts.Check(err)
	ts.Defer(func() { ts.Check(server.Drop(context.Background(), full)) })
	u, err := url.Parse(full)
	ts.Check(err)
	u.User = url.User(dbtest.User)
	ts.Setenv("URL", u.String())
	ts.Setenv("PASSWORD", dbtest.Password)
}

// copyDatabases makes the databases that other versions made.
func copyDatabases(dir string) error {
	for _, name := range []string{"hpsearch-1.db", "optuna-5.0.0.db"} {
		data, err := os.ReadFile(filepath.Join("../../storage/testdata", name))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// writeFixtures makes what meta-training studies name: a model folder and a
// task file of sixteen classes with four texts each.
func writeFixtures(dir string) error {
	files := map[string]string{"model/vocab.txt": "[PAD]"}
	for _, name := range []string{"config.json", "model.safetensors"} {
		data, err := os.ReadFile(filepath.Join("../../trainer/model/testdata/tiny", name))
		if err != nil {
			return err
		}
		files["model/"+name] = string(data)
	}
	for class := range 16 {
		for i := range 4 {
			files["tasks.jsonl"] += fmt.Sprintf(`{"text": "text %d of class %d", "label": "class-%d"}`+"\n", i, class, class)
		}
	}
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			return err
		}
	}
	return nil
}

// expectExit runs a command, passes interrupts on to it, and succeeds when it
// ends with the code given first. After -term an interrupt is passed on as
// SIGTERM, which the scripts' own kill does not know.
func expectExit(args []string) int {
	pass := os.Interrupt
	if args[0] == "-term" {
		pass, args = syscall.SIGTERM, args[1:]
	}
	want, err := strconv.Atoi(args[0])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	cmd := exec.Command(args[1], args[2:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	arrived := make(chan os.Signal, 4)
	signal.Notify(arrived, os.Interrupt)
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	go func() {
		for range arrived {
			_ = cmd.Process.Signal(pass) // a process that has ended needs no signal
		}
	}()
	err = cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if got := cmd.ProcessState.ExitCode(); got != want {
		fmt.Fprintf(os.Stderr, "exit code %d, want %d\n", got, want)
		return 1
	}
	return 0
}

// fifo makes a named pipe, for await.
func fifo(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: fifo file")
	}
	ts.Check(syscall.Mkfifo(ts.MkAbs(args[0]), 0o666))
}

// awaitLimit is far longer than any step of a script takes.
const awaitLimit = time.Minute

// await blocks until somebody writes to a named pipe.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: await fifo")
	}
	// Opened for writing too, so that opening does not block, and reading
	// does until there is something.
	pipe, err := os.OpenFile(ts.MkAbs(args[0]), os.O_RDWR|syscall.O_NONBLOCK, 0)
	ts.Check(err)
	defer pipe.Close() // only read from
	ts.Check(pipe.SetReadDeadline(time.Now().Add(awaitLimit)))
	_, err = pipe.Read(make([]byte, 64))
	ts.Check(err)
}

var (
	timestamp = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`)
	seconds   = regexp.MustCompile(`"seconds": [0-9.e-]+`)

	fingerprint = regexp.MustCompile(`"(bytes|sha256)": ("[0-9a-f]{64}"|\d+)`)
)

// mask copies a file with all times and fingerprints replaced, so that it can be
// compared.
func mask(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mask from to")
	}
	text := timestamp.ReplaceAllString(ts.ReadFile(args[0]), "TIME")
	text = seconds.ReplaceAllString(text, `"seconds": SECONDS`)
	text = fingerprint.ReplaceAllString(text, `"$1": MASKED`)
	text = strings.ReplaceAll(text, ts.Getenv("WORK"), "WORK")
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o666))
}
