package model

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hpsearch/hpsearch/trainer/hf"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// TestPlainFolders writes networks and reads them again: they compute the
// same, running statistics included.
func TestPlainFolders(t *testing.T) {
	err := tensor.Do(func(s *tensor.Scope) error {
		shape := Conv4Shape{Filters: 4, Channels: 1, Height: 16, Width: 18}
		running, err := NewConv4(s, shape, 1, tensor.CPU)
		if err != nil {
			return err
		}
		images := Batch{Values: s.FromFloat32(wave(1, 0, 0, 5*16*18), 5, 1, 16, 18)}
		for _, p := range running.Params() {
			s.SetRequiresGrad(p.Tensor, true)
		}
		running.Forward(s, images, Mode{Train: true}) // moves the statistics
		shape.BatchStatistics = true
		batch, err := NewConv4(s, shape, 2, tensor.CPU)
		if err != nil {
			return err
		}
		for kind, network := range map[string]Plain{
			"running": running, "batch": batch, "mlp": NewMLP(s, 16*18, []int64{7, 3}, 3, tensor.CPU),
		} {
			dir := t.TempDir()
			if err := SavePlain(dir, network); err != nil {
				return err
			}
			if modelType, err := hf.ModelType(dir); err != nil || !hf.IsPlain(modelType) {
				t.Errorf("%s: model_type %s, %v", kind, modelType, err)
			}
			again, err := LoadPlain(s, dir, tensor.CPU)
			if err != nil {
				return err
			}
			want, err := network.Forward(s, images, Mode{}).Float64s()
			if err != nil {
				return err
			}
			got, err := again.Forward(s, images, Mode{}).Float64s()
			if err != nil {
				return err
			}
			if !slices.Equal(got, want) || again.Features() != network.Features() || DependsOnBatch(again) != DependsOnBatch(network) {
				t.Errorf("%s: what was read computes something else", kind)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestBadPlainFolders(t *testing.T) {
	const conv4 = `{"model_type": "hpsearch-conv4", "filters": 4, "channels": 1, "height": 16, "width": 16}`
	for _, tt := range []struct{ config, want string }{
		{"{", "config.json"},
		{`{"model_type": "bert"}`, "holds a model of type bert"},
		{strings.Replace(conv4, "4, ", "0, ", 1), "a size is 0"},
		{strings.Replace(conv4, ": 16", ": 8", 1), "too small"},
		{strings.Replace(conv4, "4, ", "5, ", 1), "tensor layer.0.conv.weight has shape [4 1 3 3], config.json says [5 1 3 3]"},
		{`{"model_type": "hpsearch-mlp", "inputs": 3, "widths": []}`, "names no layers"},
		{`{"model_type": "hpsearch-mlp", "inputs": 3, "widths": [2]}`, "tensor layers.0.weight is missing"},
	} {
		err := tensor.Do(func(s *tensor.Scope) error {
			c, err := NewConv4(s, Conv4Shape{Filters: 4, Channels: 1, Height: 16, Width: 16}, 1, tensor.CPU)
			if err != nil {
				return err
			}
			dir := t.TempDir()
			if err := SavePlain(dir, c); err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(tt.config), 0o644); err != nil {
				return err
			}
			_, err = LoadPlain(s, dir, tensor.CPU)
			return err
		})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.config, err, tt.want)
		}
	}
	err := tensor.Do(func(s *tensor.Scope) error {
		_, err := LoadPlain(s, t.TempDir(), tensor.CPU)
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "config.json") {
		t.Errorf("an empty folder: %v", err)
	}
}

// TestOverwrite_statistics: weights go from a network that keeps running
// statistics to one that keeps none, and back: what prototypical networks have
// learned is a start for MAML.
func TestOverwrite_statistics(t *testing.T) {
	err := tensor.Do(func(s *tensor.Scope) error {
		for _, keeps := range []bool{true, false} {
			shape := Conv4Shape{Filters: 4, Channels: 1, Height: 16, Width: 16, BatchStatistics: !keeps}
			from, err := NewConv4(s, shape, 1, tensor.CPU)
			if err != nil {
				return err
			}
			dir := t.TempDir()
			if err := SavePlain(dir, from); err != nil {
				return err
			}
			shape.BatchStatistics = keeps
			to, err := NewConv4(s, shape, 2, tensor.CPU)
			if err != nil {
				return err
			}
			if err := Overwrite(s, to, dir); err != nil {
				t.Errorf("statistics kept %v: %v", keeps, err)
			}
			for i, p := range to.Params() {
				got, err := p.Tensor.Float32s()
				if err != nil {
					return err
				}
				want, err := from.Params()[i].Tensor.Float32s()
				if err != nil {
					return err
				}
				if !slices.Equal(got, want) {
					t.Errorf("statistics kept %v: %s is not that of the folder", keeps, p.Name)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
