package objective

import (
	"slices"
	"testing"
)

func TestEnvironment(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		base   []string
		config ProcessConfig
		want   []string
	}{
		{"nothing set", []string{"A=1"}, ProcessConfig{}, []string{"A=1"}},
		{"own variables last", []string{"A=1"}, ProcessConfig{Env: []string{"A=2"}}, []string{"A=1", "A=2"}},
		{"threads", nil, ProcessConfig{Threads: 2}, []string{"OMP_NUM_THREADS=2", "OPENBLAS_NUM_THREADS=2", "MKL_NUM_THREADS=2"}},
		{"auto", nil, ProcessConfig{Device: "auto"}, nil},
		{"cpu", nil, ProcessConfig{Device: "cpu"}, []string{"CUDA_VISIBLE_DEVICES=-1"}},
		{"second GPU", nil, ProcessConfig{Device: "cuda:1"}, []string{"CUDA_VISIBLE_DEVICES=1"}},
		{
			"second GPU of those allotted", []string{"CUDA_VISIBLE_DEVICES=4, GPU-7"}, ProcessConfig{Device: "cuda:1"},
			[]string{"CUDA_VISIBLE_DEVICES=4, GPU-7", "CUDA_VISIBLE_DEVICES=GPU-7"},
		},
	} {
		got, err := environment(c.base, c.config)
		want := append([]string{"OMP_WAIT_POLICY=passive"}, c.want...)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v, want %q", c.name, got, err, want)
		}
	}
	for _, c := range []struct {
		base   []string
		config ProcessConfig
	}{
		{nil, ProcessConfig{Threads: -1}},
		{nil, ProcessConfig{Device: "tpu"}},
		{nil, ProcessConfig{Device: "cuda:"}},
		{nil, ProcessConfig{Device: "cuda:-1"}},
		{nil, ProcessConfig{Device: "cpu:0"}},
		{[]string{"CUDA_VISIBLE_DEVICES=0,1"}, ProcessConfig{Device: "cuda:2"}},
		{[]string{"CUDA_VISIBLE_DEVICES="}, ProcessConfig{Device: "cuda:0"}},
	} {
		if got, err := environment(c.base, c.config); err == nil {
			t.Errorf("%+v: %q, want an error", c.config, got)
		}
	}
}
