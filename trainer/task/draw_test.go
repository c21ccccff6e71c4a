package task

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/hpsearch/hpsearch/trainer/setting"
)

// classFamily makes a family of n classes with that many examples each.
func classFamily(n, examples int) *Family {
	f := &Family{Source: "made"}
	for c := range n {
		class := Class{Name: fmt.Sprintf("class-%03d", c), Task: -1}
		for range examples {
			class.Examples = append(class.Examples, len(f.Texts))
			f.Texts = append(f.Texts, fmt.Sprintf("text %d", len(f.Texts)))
		}
		f.Classes = append(f.Classes, class)
	}
	return f
}

// taskFamily makes a family of tasks with that many classes and examples.
func taskFamily(tasks, classes, examples int) *Family {
	f := classFamily(tasks*classes, examples)
	for t := range tasks {
		task := Task{Name: fmt.Sprintf("task-%03d", t)}
		for c := range classes {
			i := t*classes + c
			f.Classes[i].Task, f.Classes[i].Name = t, fmt.Sprintf("class-%d", c)
			task.Classes = append(task.Classes, i)
		}
		f.Tasks = append(f.Tasks, task)
	}
	return f
}

var shares = setting.Fractions{Train: 0.64, Validation: 0.16, Test: 0.2}

func mustSplit(t testing.TB, f *Family, seed int64) Split {
	t.Helper()
	s, err := DrawSplit(f, shares, seed)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("no error, want one about %q", parts)
		return
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not contain %q", err, part)
		}
	}
}

func TestApportion(t *testing.T) {
	t.Parallel()
	tests := []struct {
		n      int
		shares []float64
		want   []int
	}{
		{100, []float64{0.64, 0.16, 0.2}, []int{64, 16, 20}},
		{45, []float64{0.64, 0.16, 0.2}, []int{29, 7, 9}},
		{10, []float64{0.64, 0.16, 0.2}, []int{6, 2, 2}},
		{3, []float64{0.9, 0.05, 0.05}, []int{1, 1, 1}},
		{100, []float64{0.29, 0.29, 0.42}, []int{29, 29, 42}},
	}
	for _, tt := range tests {
		if got := apportion(tt.n, tt.shares); !slices.Equal(got, tt.want) {
			t.Errorf("%d by %v: %v, want %v", tt.n, tt.shares, got, tt.want)
		}
	}
}

// TestSplitGolden fixes the split of a seed: studies store splits, but users
// compare studies by their seed.
func TestSplitGolden(t *testing.T) {
	t.Parallel()
	f := mustLoad(t, spec("wordnet", "testdata/wordnet"))
	got, err := json.Marshal(mustSplit(t, f, 42))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"test":["adj.ppl","noun.animal"],"train":["adv.all","noun.food","noun.plant","verb.motion","verb.weather"],"validation":["adj.all"]}`
	if string(got) != want {
		t.Errorf("split of seed 42 is now\n%s, was\n%s", got, want)
	}
}

func TestSplitProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		f := classFamily(rapid.IntRange(3, 200).Draw(rt, "classes"), 1)
		if rapid.Bool().Draw(rt, "tasks") {
			f = taskFamily(rapid.IntRange(3, 50).Draw(rt, "count"), 2, 1)
		}
		train := rapid.Float64Range(0.01, 0.97).Draw(rt, "train")
		validation := rapid.Float64Range(0.01, 0.98-train).Draw(rt, "validation")
		fr := setting.Fractions{Train: train, Validation: validation, Test: 1 - train - validation}
		seed := rapid.Int64().Draw(rt, "seed")
		s, err := DrawSplit(f, fr, seed)
		if err != nil {
			rt.Fatal(err)
		}
		if err := s.Check(f); err != nil { // disjoint, known, no part empty
			rt.Fatal(err)
		}
		if n := len(s[Train]) + len(s[Validation]) + len(s[Test]); n != len(f.units()) {
			rt.Fatalf("%d of %d names", n, len(f.units()))
		}
		if again, _ := DrawSplit(f, fr, seed); !cmp.Equal(s, again) {
			rt.Fatal("the same seed drew another split")
		}
	})
	f := classFamily(50, 1)
	if cmp.Equal(mustSplit(t, f, 1), mustSplit(t, f, 2)) {
		t.Error("two seeds drew the same split")
	}
}

func TestSplitErrors(t *testing.T) {
	t.Parallel()
	_, err := DrawSplit(classFamily(2, 9), shares, 0)
	wantError(t, err, "made has 2 classes", "at least 3", "tasks.files_as_tasks: true")
	_, err = DrawSplit(taskFamily(1, 4, 9), shares, 0)
	wantError(t, err, "made has 1 task:", "meta-test")

	f := classFamily(6, 1)
	good := Split{Train: {"class-000"}, Validation: {"class-001"}, Test: {"class-002"}}
	if err := good.Check(f); err != nil {
		t.Error(err)
	}
	wantError(t, Split{Train: {"class-000"}, Test: {"class-001"}}.Check(f), "nothing under validation")
	wantError(t, Split{Train: {"class-000"}, Validation: {"class-009"}, Test: {"class-001"}}.Check(f),
		`the class "class-009", which made does not have`, "create the study anew")
	wantError(t, Split{Train: {"class-000"}, Validation: {"class-000"}, Test: {"class-001"}}.Check(f),
		`"class-000" under train and under validation`)
	_, err = NewSampler(f, nil, Train, Shape{2, 1, 0}, 0)
	wantError(t, err, "no split")
	_, err = JointTasks(f, nil, 2, 0)
	wantError(t, err, "no split")
}

// checkEpisode checks everything that an episode promises.
func checkEpisode(t testing.TB, f *Family, s Split, role string, shape Shape, e Episode) {
	t.Helper()
	if len(e.Classes) != shape.Ways {
		t.Fatalf("%d classes, want %d", len(e.Classes), shape.Ways)
	}
	seenClass, seen := make(map[int]bool), make(map[int]bool)
	for _, c := range e.Classes {
		name := f.Classes[c].Name
		if f.HasTasks() {
			name = f.Tasks[f.Classes[c].Task].Name
			if name != e.Task {
				t.Fatalf("a class of %s in an episode of %s", name, e.Task)
			}
		}
		if seenClass[c] || !slices.Contains(s[role], name) {
			t.Fatalf("class %d (%s) twice or not of %s", c, name, role)
		}
		seenClass[c] = true
	}
	for set, n := range map[*Set]int{&e.Support: shape.Shots, &e.Query: shape.QueryShots} {
		if len(set.Examples) != n*shape.Ways || len(set.Labels) != n*shape.Ways {
			t.Fatalf("%d examples, want %d", len(set.Examples), n*shape.Ways)
		}
		for i, x := range set.Examples {
			if label := set.Labels[i]; label != i/n || !slices.Contains(f.Classes[e.Classes[label]].Examples, x) || seen[x] {
				t.Fatalf("example %d of label %d is at the wrong place, of another class, or twice", x, label)
			}
			seen[x] = true
		}
	}
}

func TestEpisodes(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]*Family{"classes": classFamily(30, 9), "tasks": taskFamily(20, 6, 9)} {
		s := mustSplit(t, f, 3)
		for _, role := range roles {
			shape := Shape{Ways: 4, Shots: 2, QueryShots: 7}
			sampler, err := NewSampler(f, s, role, shape, 11)
			if err != nil {
				t.Fatal(err)
			}
			other, err := NewSampler(f, s, role, shape, 12)
			if err != nil {
				t.Fatal(err)
			}
			differ := 0
			for i := range 200 {
				e := sampler.Episode(i)
				checkEpisode(t, f, s, role, shape, e)
				if i%17 == 0 && !cmp.Equal(e, sampler.Episode(i)) {
					t.Errorf("%s: episode %d is not the same again", name, i)
				}
				if !cmp.Equal(e, other.Episode(i)) {
					differ++
				}
			}
			if differ < 199 {
				t.Errorf("%s: another seed drew %d equal episodes of 200", name, 200-differ)
			}
		}
	}
}

func TestEpisodeGolden(t *testing.T) {
	t.Parallel()
	f := mustLoad(t, spec("wordnet", "testdata/wordnet"))
	s := mustSplit(t, f, 42)
	sampler, err := NewSampler(f, s, Train, Shape{2, 2, 1}, 7)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{ [7 4] {[57 58 14 19] [0 0 1 1] []} {[56 15] [0 1] []}}`
	if got := fmt.Sprint(sampler.Episode(1000)); got != want {
		t.Errorf("episode 1000 of seed 7 is now %s, was %s: resumed runs would differ", got, want)
	}
}

// TestEpisodesAreFair counts how often classes and examples come up, and that
// tasks take exact turns.
func TestEpisodesAreFair(t *testing.T) {
	t.Parallel()
	f := classFamily(15, 10)
	s := Split{Train: f.units()[:10], Validation: f.units()[10:12], Test: f.units()[12:]}
	sampler, err := NewSampler(f, s, Train, Shape{5, 1, 4}, 1)
	if err != nil {
		t.Fatal(err)
	}
	const n = 4000
	classes, support := make([]float64, 10), make([]float64, 100)
	for i := range n {
		e := sampler.Episode(i)
		for _, c := range e.Classes {
			classes[c]++
		}
		for _, x := range e.Support.Examples {
			support[x]++
		}
	}
	// Five standard deviations of a binomial count.
	check := func(what string, counts []float64, p float64) {
		for i, k := range counts {
			if math.Abs(k-n*p) > 5*math.Sqrt(n*p*(1-p)) {
				t.Errorf("%s %d came up %v times, expected %v", what, i, k, n*p)
			}
		}
	}
	check("class", classes, 0.5)
	check("support example", support, 0.05)

	tasks := taskFamily(10, 3, 4)
	sampler, err = NewSampler(tasks, mustSplit(t, tasks, 0), Train, Shape{3, 1, 1}, 1)
	if err != nil {
		t.Fatal(err)
	}
	turns := make(map[string]int)
	for i := range 60 {
		turns[sampler.Episode(i).Task]++
	}
	for name, k := range turns {
		if k != 10 || len(turns) != 6 {
			t.Errorf("task %s had %d turns of 60, with %d tasks", name, k, len(turns))
		}
	}
}

func TestJointTasks(t *testing.T) {
	t.Parallel()
	f := taskFamily(10, 3, 4)
	s := mustSplit(t, f, 0)
	tasks, err := JointTasks(f, s, 99, 0) // ways means nothing where there are tasks
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, task := range tasks {
		names = append(names, task.Name)
		checkTask(t, f, task)
	}
	if !slices.Equal(names, s[Train]) {
		t.Errorf("tasks %v, want %v", names, s[Train])
	}

	f = classFamily(26, 4)
	s = mustSplit(t, f, 0) // 17 classes for training
	tasks, err = JointTasks(f, s, 5, 1)
	if err != nil {
		t.Fatal(err)
	}
	var dealt []string
	for _, task := range tasks {
		checkTask(t, f, task)
		if n := len(task.Classes); n < 5 || n > 6 {
			t.Errorf("%s has %d classes", task.Name, n)
		}
		for _, c := range task.Classes {
			dealt = append(dealt, f.Classes[c].Name)
		}
	}
	slices.Sort(dealt)
	if len(tasks) != 3 || !slices.Equal(dealt, s[Train]) {
		t.Errorf("%d tasks with %v, want all of %v", len(tasks), dealt, s[Train])
	}
	if again, _ := JointTasks(f, s, 5, 1); !cmp.Equal(again, tasks) {
		t.Error("the same seed deals otherwise")
	}
	if other, _ := JointTasks(f, s, 5, 2); cmp.Equal(other, tasks) {
		t.Error("another seed deals the same")
	}
	_, err = JointTasks(f, s, 18, 0)
	wantError(t, err, "meta-train has 17 classes, a task needs 18")
	_, err = JointTasks(taskFamily(5, 1, 4), mustSplit(t, taskFamily(5, 1, 4), 0), 2, 0)
	wantError(t, err, "has one class")
}

func checkTask(t *testing.T, f *Family, task JointTask) {
	t.Helper()
	n := 0
	for _, c := range task.Classes {
		n += len(f.Classes[c].Examples)
	}
	if len(task.Set.Examples) != n || len(task.Set.Labels) != n {
		t.Errorf("%s has %d examples, want %d", task.Name, len(task.Set.Examples), n)
	}
	for i, x := range task.Set.Examples {
		if !slices.Contains(f.Classes[task.Classes[task.Set.Labels[i]]].Examples, x) {
			t.Errorf("%s: example %d is not of label %d", task.Name, x, task.Set.Labels[i])
		}
	}
}

func TestBatcher(t *testing.T) {
	t.Parallel()
	f := taskFamily(6, 2, 5) // 4 training tasks of 10 examples
	tasks, err := JointTasks(f, mustSplit(t, f, 0), 2, 0)
	if err != nil {
		t.Fatal(err)
	}
	b, err := NewBatcher(tasks, 4, 2, 9)
	if err != nil {
		t.Fatal(err)
	}
	if n := b.StepsPerEpoch(); n != 5 {
		t.Errorf("%d steps an epoch, want 40 examples / 8", n)
	}
	// In 6 steps each of the 4 tasks has 3 turns: one pass of 4 + 4 + 2.
	var passes [2]map[int][]int
	for pass := range passes {
		passes[pass] = make(map[int][]int)
		for step := range 6 {
			batches := b.Step(6*pass + step)
			if len(batches) != 2 || batches[0].Task == batches[1].Task && step%2 == 0 {
				t.Fatalf("step %d: %+v", step, batches)
			}
			for _, batch := range batches {
				if n := len(batch.Examples); n != 4 && n != 2 {
					t.Errorf("batch of %d", n)
				}
				for i, x := range batch.Examples {
					class := tasks[batch.Task].Classes[batch.Labels[i]]
					if !slices.Contains(f.Classes[class].Examples, x) {
						t.Errorf("example %d has label %d", x, batch.Labels[i])
					}
				}
				passes[pass][batch.Task] = append(passes[pass][batch.Task], batch.Examples...)
			}
		}
		for k, task := range tasks {
			if got := slices.Sorted(slices.Values(passes[pass][k])); !slices.Equal(got, slices.Sorted(slices.Values(task.Set.Examples))) {
				t.Errorf("pass %d over task %d saw %v", pass, k, got)
			}
		}
	}
	if cmp.Equal(passes[0], passes[1]) {
		t.Error("the second pass has the order of the first")
	}
	again, err := NewBatcher(tasks, 4, 2, 9)
	if err != nil {
		t.Fatal(err)
	}
	if !cmp.Equal(again.Step(77), b.Step(77)) {
		t.Error("a resumed batcher draws another batch")
	}
	_, err = NewBatcher(nil, 4, 2, 9)
	wantError(t, err, "at least 1")
}

func TestPlan(t *testing.T) {
	t.Parallel()
	f := mustLoad(t, spec("wordnet", "testdata/wordnet")) // 8 classes of 12
	settings := func(more map[string]any) *setting.Config {
		m := map[string]any{
			"model": "m", "ways": 2, "shots": 2, "query_shots": 4,
			"tasks": map[string]any{"kind": "wordnet", "split": map[string]any{"train": 0.5, "validation": 0.25, "test": 0.25}},
		}
		for k, v := range more {
			m[k] = v
		}
		c, err := setting.Parse(m)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	a, err := NewPlan(f, settings(nil), 1)
	if err != nil {
		t.Fatal(err)
	}
	b, err := NewPlan(f, settings(map[string]any{"shots": 1, "eval_shots": 2, "algorithm": "joint", "split": map[string][]string(a.Split)}), 2)
	if err != nil {
		t.Fatal(err)
	}
	if a.Joint != nil || b.Train != nil || len(b.Joint.Tasks()) != 2 {
		t.Errorf("algorithms: %v, %v, %v", a.Joint, b.Train, b.Joint)
	}
	for i := range 20 {
		if !cmp.Equal(a.Validation.Episode(i), b.Validation.Episode(i)) || !cmp.Equal(a.Test.Episode(i), b.Test.Episode(i)) {
			t.Fatalf("two trials of a study are measured on different episodes %d", i)
		}
	}
	_, err = NewPlan(f, settings(map[string]any{"eval_ways": 3}), 1)
	wantError(t, err, "planning the tasks: ", "meta-validation has 2 of the 8 classes", "lower eval_ways to 2")
	_, err = NewPlan(f, settings(map[string]any{"query_shots": 11}), 1)
	wantError(t, err, "has 12, ")
}

func TestIntNIsUniform(t *testing.T) {
	t.Parallel()
	const n, k = 60000, 6
	r := generator(1, "test", 0)
	var counts [k]float64
	for range n {
		counts[intN(r, k)]++
	}
	for i, c := range counts {
		if math.Abs(c-n/k) > 5*math.Sqrt(n/k) {
			t.Errorf("%d came up %v times of %d", i, c, n)
		}
	}
}
