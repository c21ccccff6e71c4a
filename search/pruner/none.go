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
func (None) Prune(ctx context.Context, _ *search.History, _ *search.Trial) (bool, error) {
	return false, ctx.Err()
}
