package setting

import (
	"maps"
	"math"
	"slices"
	"strings"
)

var modelKinds = []string{ModelMLP, ModelBERT, ModelConv4}

const kindTextFolder = "text-folder"

var taskKinds = []string{"wordnet", "jsonl", "csv", "parquet", kindTextFolder, KindImages, KindSinusoid}

// A Config is a complete, checked configuration of a meta-training run.
// The schema documents each field under the name of its setting.
type Config struct {
	Model     Model
	WarmStart string // folder of an exported model; "": none
	Tasks     Tasks
	Split     map[string][]string // train, validation, test; nil: draw it
	Algorithm string

	InnerLR             float64
	AdaptationSteps     int     // never 0
	EvalAdaptationSteps int     // never 0: AdaptationSteps when it was not set
	MultiStepLoss       float64 // 0: the loss after the last step counts alone
	InnerFreeze         InnerFreeze
	InnerBatchSize      int // 0: all examples

	Optimizer     string // one of the Optimizer constants
	Schedule      string // one of the Schedule constants
	LearningRate  float64
	WeightDecay   float64
	Freeze        Freeze
	UnfreezeRatio float64
	LoRAAlpha     float64 // 0: twice the rank
	LayerDecay    float64 // 1: off
	PrefixCache   string  // one of the Prefix constants
	PrefixCacheMB int64
	WarmupRatio   float64
	Dropout       float64
	GradientClip  float64 // 0: off
	Precision     string  // FP32 or BF16

	BatchSize     int
	Ways          int
	Shots         int
	QueryShots    int
	EvalWays      int // never 0: Ways when it was not set
	EvalShots     int // never 0: Shots when it was not set
	MetaBatchSize int

	Iterations    int // 0 when Epochs counts
	Epochs        int // 0 when Iterations counts
	EvalEvery     int // 0 when Epochs counts and it was not set: every epoch
	EvalEpisodes  int
	TestEpisodes  int
	EarlyStopping int // 0: off

	MaxLength int
	// Shares of tokens that are left out or masked in training.
	TokenDropout float64
	TokenMask    float64
	Pooling      string // mean, cls

	Seed    int64
	SeedSet bool // Seed was given, not defaulted
	Threads int  // 0: the worker's share
	Device  Device
	Metric  string // val_loss, val_accuracy
}

// A Model says what is trained: a folder, or a network from nothing.
type Model struct {
	Path string // of a pretrained model; "" when Kind says what to make
	Kind string

	Layers    int
	Hidden    []int64 // a width for each layer of an mlp; bert has one
	Heads     int64
	Tokenizer string // a folder or a vocab.txt
	Filters   int64  // of each layer of a conv4
}

// The networks that can be trained from nothing.
const (
	ModelMLP   = "mlp"
	ModelBERT  = "bert"
	ModelConv4 = "conv4"
)

// TokenizerPath returns where the tokenizer of a model of texts is.
func (m Model) TokenizerPath() string {
	if m.Path != "" {
		return m.Path
	}
	return m.Tokenizer
}

// String names the model in messages.
func (m Model) String() string {
	if m.Path != "" {
		return m.Path
	}
	return "the " + m.Kind
}

// KindImages is the kind of a family of images.
const KindImages = "images"

// Tasks says where a family of tasks is and how it is cut.
type Tasks struct {
	Kind              string // wordnet, jsonl, csv, text-folder, …
	Type              TaskType
	Path              string // "" for wordnet: the usual places; and for generated families
	Text, Label, Task string // names of columns
	ImageSize         int    // 0: as they are
	Color             bool   // three channels
	Invert            bool
	Rotations         bool // turned classes are classes of their own
	FoldersAsTasks    bool
	FilesAsTasks      bool
	MinPerClass       int // classes with fewer are left out
	MaxPerClass       int // 0: all
	SplitSeed         int64
	Fractions         Fractions
}

// Fractions are the shares of the three parts of a split; they sum to 1.
type Fractions struct{ Train, Validation, Test float64 }

// Parse makes a configuration of a study's train settings merged with a
// trial's parameters. Everything that is wrong is in the returned [Problems].
func Parse(values map[string]any) (*Config, error) {
	c, problems := parse(values, nil)
	if len(problems) > 0 {
		return nil, problems
	}
	return c, nil
}

// CheckStudy checks the settings that a study fixes, given the names of those
// that it searches: those may be missing, and checks that depend on their
// values are left to the trials. Settings of both sorts that nothing in the
// study reads are refused.
func CheckStudy(fixed map[string]any, searched []string) error {
	c, problems := parse(fixed, searched)
	return append(problems, c.checkUnread(fixed, searched, problems)...).orNil()
}

func parse(values map[string]any, searched []string) (*Config, Problems) {
	flat, problems := flatten("", values)
	c := new(Config)
	given, more := readAll(c, flat)
	problems = append(problems, more...)
	c.resolve()

	broken := make(map[string]bool, len(problems))
	for _, p := range problems {
		broken[p.Name] = true
	}
	for _, p := range c.crossCheck(given, searched) {
		if !slices.ContainsFunc(append(p.With, p.Name), func(n string) bool {
			return broken[n] || slices.Contains(searched, n)
		}) {
			problems = append(problems, p)
		}
	}
	return c, problems
}

// flatten gives the parts of the mappings their dotted names. prefix stands
// before the names of values; it is empty or ends in a dot.
func flatten(prefix string, values map[string]any) (map[string]any, Problems) {
	flat := make(map[string]any, len(values))
	var problems Problems
	var walk func(prefix string, m map[string]any)
	walk = func(prefix string, m map[string]any) {
		for _, key := range slices.Sorted(maps.Keys(m)) {
			name, value := prefix+key, m[key]
			s, known := Lookup(name)
			switch {
			case !known || strings.Contains(key, "."):
				problems = append(problems, unknown(name))
			case name == "split":
				flat[name] = value
			case s.Type == Mapping, s.Type == FolderOrMapping:
				part, ok := value.(map[string]any)
				if !ok && s.Type == FolderOrMapping {
					flat[name] = value
					continue
				}
				if !ok {
					problems = append(problems, Problem{Name: name, Text: show(value) + " is not a mapping", Hint: "write it as {" + firstPart(name) + ": …}"})
					continue
				}
				flat[name] = part
				walk(name+".", part)
			default:
				flat[name] = value
			}
		}
	}
	walk(prefix, values)
	return flat, problems
}

// firstPart returns the first key that a mapping can have.
func firstPart(name string) string {
	for _, s := range table {
		if rest, ok := strings.CutPrefix(s.Name, name+"."); ok {
			return rest
		}
	}
	return "train"
}

// readAll sets every field of c from flat or from its default, and returns
// the names that were given.
func readAll(c *Config, flat map[string]any) (given map[string]bool, problems Problems) {
	given = make(map[string]bool, len(flat))
	for _, s := range table {
		value, ok := flat[s.Name]
		switch {
		case s.Name == "split" && ok:
			split, p := readSplit(value)
			c.Split = split
			if p != nil {
				problems = append(problems, *p)
			}
		case s.Type == Mapping:
		case s.Type == FolderOrMapping && isMapping(value): // its parts follow
		case ok:
			v, p := s.canonical(value)
			if p != nil {
				problems = append(problems, *p)
				continue
			}
			s.set(c, v)
		case s.Default != nil:
			s.set(c, s.Default)
		}
		given[s.Name] = ok
	}
	c.SeedSet = given["seed"]
	return given, problems
}

func isMapping(value any) bool {
	_, ok := value.(map[string]any)
	return ok
}

// readSplit reads the names of a split. Whether they exist is for the task
// family to say.
func readSplit(value any) (map[string][]string, *Problem) {
	bad := func(text string) (map[string][]string, *Problem) {
		return nil, &Problem{Name: "split", Text: text, Hint: "use lists of names under train, validation and test"}
	}
	if m, ok := value.(map[string][]string); ok {
		return m, nil
	}
	m, ok := value.(map[string]any)
	if !ok {
		return bad(show(value) + " is not a mapping")
	}
	split := make(map[string][]string, len(m))
	for role, list := range m {
		if !slices.Contains([]string{"train", "validation", "test"}, role) {
			return bad("unknown part " + role)
		}
		names, ok := list.([]any)
		if !ok {
			return bad(role + " is not a list")
		}
		for _, name := range names {
			text, ok := name.(string)
			if !ok || text == "" {
				return bad(role + " holds " + show(name) + ", which is no name")
			}
			split[role] = append(split[role], text)
		}
	}
	return split, nil
}

// resolve fills in the lengths that depend on other settings.
func (c *Config) resolve() {
	c.Tasks.resolveType()
	if c.Iterations == 0 && c.Epochs == 0 {
		if a, _ := findAlgorithm(c.Algorithm); a.Episodic || c.ByGradient() {
			c.Iterations = 1000
		} else {
			c.Epochs = 3
		}
	}
	if c.EvalEvery == 0 && c.Iterations > 0 {
		c.EvalEvery = int(math.Ceil(float64(c.Iterations) / 10))
	}
	if c.Model.Kind == ModelConv4 && c.Model.Filters == 0 {
		c.Model.Filters = 64
	}
	if c.AdaptationSteps == 0 {
		a, _ := findAlgorithm(c.Algorithm)
		c.AdaptationSteps = max(1, a.steps)
	}
	if c.EvalAdaptationSteps == 0 {
		c.EvalAdaptationSteps = c.AdaptationSteps
	}
	if c.EvalWays == 0 {
		c.EvalWays = c.Ways
	}
	if c.EvalShots == 0 {
		c.EvalShots = c.Shots
	}
}
