// Package study is the Go interface to a search: a program creates or loads a
// study, asks for configurations, tries them in its own way, and tells what
// came of them.
//
//	s, err := study.Create(ctx, store, search.Definition{…}, study.Options{})
//	for {
//		t, err := s.Ask(ctx)
//		if errors.Is(err, search.ErrNothing) {
//			break // the budget is spent
//		}
//		loss := train(t.External())
//		err = s.Tell(ctx, t.Number, loss)
//	}
//
// Any number of goroutines, processes and machines may work on one study at
// the same time, this package and hpsearch itself side by side. To let
// hpsearch run the trials instead, see [search.Runner].
package study
