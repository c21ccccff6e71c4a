package main

import (
	"context"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/kinds"
	"github.com/hpsearch/hpsearch/search/searchtest"
)

// An asker is a study of either side, with trials told in the order in which
// they were asked for.
type asker interface {
	ask() (map[string]any, error)
	tell(value float64) error
}

// ourStudy is a study of this module in memory.
type ourStudy struct {
	sampler search.Sampler
	space   search.Space
	history *search.History
	told    int
}

func newStudy(kind string, seed int64, space search.Space) (*ourStudy, error) {
	sampler, err := kinds.NewSampler(search.SamplerSpec{Kind: kind, Seed: seed})
	if err != nil {
		return nil, err
	}
	return &ourStudy{sampler: sampler, space: space, history: searchtest.NewHistory(search.Minimize)}, nil
}

func (s *ourStudy) ask() (map[string]any, error) {
	number := len(s.history.Trials)
	params, err := s.sampler.Suggest(context.Background(), s.history, number, s.space, nil)
	if err != nil {
		return nil, err
	}
	t := searchtest.NewTrial(number, s.space, params)
	s.history.Trials = append(s.history.Trials, t)
	return t.External(), nil
}

func (s *ourStudy) tell(value float64) error {
	done := *s.history.Trials[s.told]
	done.State, done.Values = search.Complete, []float64{value}
	s.history.Trials[s.told] = &done
	s.told++
	return nil
}
