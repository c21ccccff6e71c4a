package task

import (
	"strings"
	"testing"

	"github.com/hpsearch/hpsearch/trainer/setting"
)

func TestSamplerErrors(t *testing.T) {
	t.Parallel()
	sampler := func(f *Family, role string, shape Shape) error {
		_, err := NewSampler(f, mustSplit(t, f, 0), role, shape, 0)
		return err
	}
	wantError(t, sampler(classFamily(20, 9), Validation, Shape{5, 1, 1}),
		"made: meta-validation has 3 of the 20 classes, 5 are needed", "raise tasks.split.validation to 0.25 or more, or lower eval_ways to 3 or less")
	wantError(t, sampler(classFamily(9, 9), Test, Shape{5, 1, 1}),
		"meta-test has 2 of the 9 classes, 5 are needed: lower eval_ways to 2 or less, or add classes")
	wantError(t, sampler(classFamily(20, 9), Train, Shape{14, 1, 1}), "meta-train has 13 of the 20 classes", "lower ways to 6 or less, or add classes")
	wantError(t, sampler(taskFamily(6, 2, 9), Train, Shape{5, 5, 5}), "has 2 classes, 5 are needed", "; each class of meta-train needs 10")
	wantError(t, sampler(classFamily(5, 9), Validation, Shape{2, 1, 1}), "meta-validation has 1 of the 5 classes", "add classes, or say in a column \"task\"")
	wantError(t, sampler(classFamily(6, 9), Validation, Shape{2, 1, 1}), "meta-validation has 1 of the 6 classes", "raise tasks.split.validation to 0.34 or more")
	wantError(t, sampler(taskFamily(6, 2, 9), Train, Shape{5, 1, 1}), "the task \"task-0", "has 2 classes, 5 are needed: lower ways to 2 or less")
	wantError(t, sampler(classFamily(30, 9), Test, Shape{5, 5, 5}),
		"each class of meta-test needs 10 different examples (5 shots and 5 query shots)", "has 9, ", "as many as 6 classes have too few", "lower eval_shots", "tasks.min_per_class: 10")
	wantError(t, sampler(taskFamily(6, 2, 1), Train, Shape{2, 1, 1}), `/class-0" has 1`)
}

// TestPlanErrors: whatever the parts of a split lack is said at once, in one
// line that names the source once.
func TestPlanErrors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		family  *Family
		changes map[string]any
		want    []string
	}{
		"classes of three parts": {classFamily(12, 9), map[string]any{"ways": 9}, []string{
			"meta-validation has 2 of the 12 classes and meta-test has 2, 9 are needed: lower eval_ways to 2 or less, or add classes; ",
			"; meta-train has 8 of the 12 classes, 9 are needed: lower ways to 4 or less, or add classes",
		}},
		"classes of two parts": {classFamily(20, 9), map[string]any{"ways": 5}, []string{
			"meta-validation has 3 of the 20 classes and meta-test has 4, 5 are needed: raise tasks.split.validation and tasks.split.test to 0.25 or more, or lower eval_ways to 3 or less",
		}},
		"examples of three parts": {classFamily(12, 9), map[string]any{"shots": 5, "query_shots": 5}, []string{
			"each class of meta-validation and meta-test needs 10 different examples (5 shots and 5 query shots), but ", "as many as 4 classes have too few: lower eval_shots",
			"; each class of meta-train needs 10", "as many as 8 classes have too few: lower shots",
		}},
		"examples of training": {classFamily(12, 9), map[string]any{"shots": 8, "eval_shots": 1, "query_shots": 2}, []string{
			"made: each class of meta-train needs 10 different examples (8 shots and 2 query shots), but ",
		}},
		"both": {classFamily(12, 9), map[string]any{"ways": 9, "eval_ways": 2, "shots": 1, "eval_shots": 9}, []string{
			"made: each class of meta-validation and meta-test needs ", "; meta-train has 8 of the 12 classes, 9 are needed",
		}},
		"tasks": {taskFamily(6, 2, 9), map[string]any{"ways": 4}, []string{
			"of meta-validation has 2 classes and the task ", "of meta-test has 2 classes, 4 are needed: lower eval_ways to 2 or less; the task ",
			"of meta-train has 2 classes, 4 are needed: lower ways to 2 or less",
		}},
		"tasks of one class": {taskFamily(6, 1, 9), map[string]any{"algorithm": "joint", "iterations": nil}, []string{
			"of meta-validation has 1 class and the task ", "are needed: add examples of another class, or leave the task out", "has one class, there is nothing to tell apart",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			values := map[string]any{
				"model": "m", "tasks": map[string]any{"kind": "jsonl", "path": "x"}, "algorithm": "protonet",
				"ways": 2, "shots": 1, "query_shots": 1, "iterations": 4,
			}
			for k, v := range c.changes {
				values[k] = v
				if v == nil {
					delete(values, k)
				}
			}
			config, err := setting.Parse(values)
			if err != nil {
				t.Fatal(err)
			}
			_, err = NewPlan(c.family, config, 1)
			wantError(t, err, c.want...)
			if err != nil && (strings.Contains(err.Error(), "\n") || strings.Count(err.Error(), "made: ") != 1) {
				t.Errorf("not one line that names its source once: %q", err)
			}
		})
	}
}
