package interop_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/hpsearch/hpsearch/internal/cli"
	"github.com/hpsearch/hpsearch/objective"
	"github.com/hpsearch/hpsearch/storage/dbtest"
)

// TestMain lets the test binary stand for hpsearch and for the program that
// runs the trials of its studies.
func TestMain(m *testing.M) {
	testscript.Main(servers{m}, map[string]func(){
		"hpsearch": func() { os.Exit(cli.Main()) },
		"curve":    func() { os.Exit(curve()) },
		"exporter": func() { os.Exit(exporter()) },
	})
}

// servers closes the database servers that the tests have shared.
type servers struct{ m *testing.M }

func (s servers) Run() int { return dbtest.Run(s.m) }

// curve is a program of a user's: its trial reports three steps of x/step and
// ends with x, as the peer's does. What is "odd" in the settings makes it
// fail, or report what is no number and wait until it is pruned.
func curve() int {
	var config struct {
		X   float64
		Odd string
	}
	if err := json.Unmarshal([]byte(os.Getenv(objective.ParamsEnv)), &config); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM)
	switch config.Odd {
	case "numbers":
		fmt.Println(`{"step": 4, "loss": NaN}`)
		fmt.Println(`{"step": 5, "loss": Infinity}`)
		fmt.Println(`{"step": 6, "loss": -Infinity}`)
		<-asked
		return 1
	case "fails":
		fmt.Fprintln(os.Stderr, "failed on purpose")
		return 3
	}
	for step := 1; step <= 3; step++ {
		fmt.Printf("{\"step\": %d, \"loss\": %v}\n", step, config.X/float64(step))
	}
	fmt.Printf("{\"loss\": %v}\n", config.X)
	return 0
}
