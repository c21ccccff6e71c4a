package setting

import "slices"

// An Algorithm is a way of meta-training, as far as its settings go. A new
// one is a row in the list below and its training code under trainer/meta.
type Algorithm struct {
	Name string
	// Episodic algorithms draw episodes without end, so that a number of
	// epochs means nothing to them.
	Episodic bool
	// Types are the types of tasks that it learns; none means all.
	Types []TaskType
}

var algorithms = []Algorithm{
	{Name: "joint"},
	{Name: "protonet", Episodic: true, Types: []TaskType{Classification}},
}

// types returns the types of tasks that the algorithm learns.
func (a Algorithm) types() []TaskType {
	if len(a.Types) > 0 {
		return a.Types
	}
	return []TaskType{Classification, Regression, Generation}
}

// algorithmsFor names the algorithms that learn tasks of a type.
func algorithmsFor(t TaskType) []string {
	var names []string
	for _, a := range algorithms {
		if slices.Contains(a.types(), t) {
			names = append(names, a.Name)
		}
	}
	return names
}

func algorithmNames() []string {
	names := make([]string, len(algorithms))
	for i, a := range algorithms {
		names[i] = a.Name
	}
	return names
}

func findAlgorithm(name string) (Algorithm, bool) {
	for _, a := range algorithms {
		if a.Name == name {
			return a, true
		}
	}
	return Algorithm{}, false
}
