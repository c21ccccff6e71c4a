package export

import (
	"fmt"
	"strconv"
	"strings"
)

// checkSpecs refuses compression that the trainer does not know, before it is
// started.
func checkSpecs(prune, quantize string) error {
	if err := checkPrune(prune); err != nil {
		return err
	}
	if quantize != "" && quantize != "int8" {
		return fmt.Errorf("--quantize %q: use int8", quantize)
	}
	return nil
}

func checkPrune(spec string) error {
	if spec == "" {
		return nil
	}
	method, share, ok := strings.Cut(spec, ":")
	if method != "magnitude" {
		return fmt.Errorf("--prune %q: use magnitude:S, S being the share of the weights to remove", spec)
	}
	s, err := strconv.ParseFloat(share, 64)
	if !ok || err != nil || !(s > 0 && s < 1) {
		return fmt.Errorf("--prune %q: the share must be a number between 0 and 1, as in magnitude:0.5", spec)
	}
	return nil
}
