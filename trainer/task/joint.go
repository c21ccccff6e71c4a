package task

import (
	"fmt"
	"slices"
)

// A JointTask is a task of joint training with a head of its own: of
// len(Classes) outputs in classification, of one in regression.
type JointTask struct {
	Name    string
	Classes []int // of each label: index into Family.Classes
	Set     Set   // all examples, in the order of the labels
}

// JointTasks returns the meta-training tasks of joint training. A family with
// tasks has its own. Otherwise the meta-training classes are shuffled with
// the seed and dealt out to as many tasks as there can be with at least ways
// classes each; their sizes differ by one at most.
func JointTasks(f *Family, split Split, ways int, seed int64) ([]JointTask, error) {
	if split == nil {
		return nil, errNoSplit
	}
	if err := split.Check(f); err != nil {
		return nil, err
	}
	groups := f.groups(split, Train)
	if !f.HasTasks() {
		classes := groups[0].classes
		if len(classes) < ways {
			return nil, &shortage{f.Source, []string{
				fmt.Sprintf("meta-train has %d %s, a task needs %d: lower ways or raise tasks.split.train", len(classes), plural(len(classes), "class", "classes"), ways),
			}}
		}
		groups = deal(classes, ways, seed)
	}
	scale := f.scale(split)
	tasks := make([]JointTask, len(groups))
	for i, g := range groups {
		if len(g.classes) < 2 && !f.classless() {
			return nil, &shortage{f.Source, []string{
				fmt.Sprintf("the task %q has one class, there is nothing to tell apart: add examples of another, or remove it", g.task),
			}}
		}
		tasks[i] = JointTask{Name: g.task, Classes: g.classes}
		for label, c := range g.classes {
			for _, x := range f.Classes[c].Examples {
				tasks[i].Set.Examples = append(tasks[i].Set.Examples, x)
				if f.Values != nil {
					tasks[i].Set.Values = append(tasks[i].Set.Values, scale.Apply(f.Values[x]))
					continue
				}
				tasks[i].Set.Labels = append(tasks[i].Set.Labels, label)
			}
		}
	}
	return tasks, nil
}

func deal(classes []int, ways int, seed int64) []group {
	groups := make([]group, len(classes)/ways)
	for i, k := range permutation(generator(seed, "joint tasks", 0), len(classes)) {
		g := &groups[i%len(groups)]
		g.classes = append(g.classes, classes[k])
	}
	for i := range groups {
		groups[i].task = fmt.Sprintf("task-%d", i+1)
		slices.Sort(groups[i].classes)
	}
	return groups
}

// A Batch is examples of one task, with that task's labels.
type Batch struct {
	Task int // index into the tasks that the Batcher was made of
	Set
}

// A Batcher draws the batches of joint training. It is immutable and safe for
// concurrent use.
type Batcher struct {
	tasks        []JointTask
	size         int
	tasksPerStep int
	seed         int64
	length       func(example int) int // nil: all alike
}

// NewBatcher prepares batches of at most size examples of one task,
// tasksPerStep of them a step. All three must be positive.
func NewBatcher(tasks []JointTask, size, tasksPerStep int, seed int64) (*Batcher, error) {
	if len(tasks) == 0 || size < 1 || tasksPerStep < 1 {
		return nil, fmt.Errorf("batches of %d examples from %d of %d tasks: each number must be at least 1", size, tasksPerStep, len(tasks))
	}
	return &Batcher{tasks: tasks, size: size, tasksPerStep: tasksPerStep, seed: seed}, nil
}

// ByLength returns a batcher of the same tasks whose batches are of examples of
// like length, so that little of a batch is padding. length must be safe for
// concurrent use; it is asked about some batches at a time.
func (b *Batcher) ByLength(length func(example int) int) *Batcher {
	grouped := *b
	grouped.length = length
	return &grouped
}

// Tasks returns the tasks, in the order that Batch.Task refers to. They must
// not be modified.
func (b *Batcher) Tasks() []JointTask { return b.tasks }

// StepsPerEpoch returns the number of steps after which as many examples were
// seen as there are. Tasks take turns whatever their size, so that a small
// task comes round more than once in an epoch and a large one less.
func (b *Batcher) StepsPerEpoch() int {
	total := 0
	for _, t := range b.tasks {
		total += len(t.Set.Examples)
	}
	perStep := b.size * b.tasksPerStep
	return (total + perStep - 1) / perStep
}

// Step returns the batches of a step (from 0), always the same ones. Tasks
// take turns in an order drawn anew for each round. A task's examples are
// shuffled anew each time all of them were seen; its last batch before that
// may be smaller.
func (b *Batcher) Step(step int) []Batch {
	batches := make([]Batch, b.tasksPerStep)
	for i := range batches {
		position := step*b.tasksPerStep + i
		k := turn(b.seed, "joint turns", len(b.tasks), position)
		batches[i] = b.batch(k, position/len(b.tasks))
	}
	return batches
}

// batch returns the n-th batch of a task.
func (b *Batcher) batch(k, n int) Batch {
	set := b.tasks[k].Set
	perPass := (len(set.Examples) + b.size - 1) / b.size
	pass, i := n/perPass, n%perPass
	stream := fmt.Sprintf("joint task %d", k)
	order := permutation(generator(b.seed, stream, pass), len(set.Examples))
	var length func(int) int
	if b.length != nil {
		length = func(j int) int { return b.length(set.Examples[j]) }
	}
	batch := Batch{Task: k}
	for _, j := range CutBatch(order, b.size, i, length, b.seed) {
		batch.Examples = append(batch.Examples, set.Examples[j])
		if set.Values != nil {
			batch.Values = append(batch.Values, set.Values[j])
			continue
		}
		batch.Labels = append(batch.Labels, set.Labels[j])
	}
	return batch
}
