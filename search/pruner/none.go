// Package pruner holds the rules that end hopeless trials early.
package pruner

import (
	"context"

	"github.com/hpsearch/hpsearch/search"
)

var _ search.Pruner = None{}

// None never prunes.
type None struct{}

// Prune implements [search.Pruner].
func (None) Prune(context.Context, *search.History, *search.Trial) (bool, error) { return false, nil }
