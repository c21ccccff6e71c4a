// Command fit finds libtorch, fits gotch to it, and runs a command with the
// cgo variables set:
//
//	go run ./trainer/libtorch/fit go build -o bin/hpsearch-trainer ./cmd/hpsearch-trainer
//
// Without a command it prints the variables, one a line, for `env` or a shell.
// With -find it only says which libtorch it found; the exit code is 3 when
// there is none, so that a set-up script knows that it has to install one.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/hpsearch/hpsearch/trainer/libtorch"
)

// exitNotFound is the exit code when there is no libtorch on the machine.
const exitNotFound = 3

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			os.Exit(exit.ExitCode())
		}
		fmt.Fprintln(os.Stderr, "fit:", err)
		if errors.Is(err, libtorch.ErrNotFound) {
			os.Exit(exitNotFound)
		}
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	install, err := libtorch.Finder{}.Find(ctx)
	if err != nil {
		return err
	}
	if len(args) == 1 && args[0] == "-find" {
		fmt.Printf("%s in %s (%s)\n", install.Version, install.Root, install.Source)
		return nil
	}
	gotch, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/sugarme/gotch").Output()
	if err != nil {
		return fmt.Errorf("find gotch's module folder (run `go mod download` first): %w", err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return fmt.Errorf("find a cache folder: %w", err)
	}
	fitter := libtorch.Fitter{
		GotchDir: strings.TrimSpace(string(gotch)),
		CacheDir: filepath.Join(cache, "hpsearch", "libtorch"),
		Log:      func(format string, args ...any) { fmt.Fprintf(os.Stderr, format, args...) },
	}
	fitting, err := fitter.Fit(ctx, install)
	if err != nil {
		return err
	}
	if !fitting.Cached {
		fmt.Fprintf(os.Stderr, "gotch fitted to libtorch %s in %s (%s); %d operators are missing there\n",
			install.Version, install.Root, install.Source, fitting.Missing)
	}
	env := fitting.Env(os.Getenv)
	if len(args) == 0 {
		fmt.Println(strings.Join(env, "\n"))
		return nil
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return cmd.Run()
}
