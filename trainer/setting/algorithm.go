package setting

// An Algorithm is a way of meta-training, as far as its settings go. A new
// one is a row in the list below and its training code under trainer/meta.
type Algorithm struct {
	Name string
	// Episodic algorithms draw episodes without end, so that a number of
	// epochs means nothing to them.
	Episodic bool
}

var algorithms = []Algorithm{
	{Name: "joint"},
	{Name: "protonet", Episodic: true},
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
