// Hpsearch searches the hyperparameters of meta-training: it keeps studies,
// runs their trials in trainer processes, and exports the best model.
package main

import (
	"os"

	"github.com/hpsearch/hpsearch/internal/cli"
)

func main() {
	os.Exit(cli.Main())
}
