package setting

import "strings"

// A Problem is one thing that is wrong with a configuration.
type Problem struct {
	// Name is the setting at fault: learning_rate, tasks.kind.
	Name string
	Text string // what is wrong
	Hint string // what to do about it; may be empty
	// With names the other settings that the problem depends on.
	With []string
}

// Error returns one line: name, fault, hint.
func (p Problem) Error() string {
	line := p.Name + ": " + p.Text
	if p.Hint != "" {
		line += " (" + p.Hint + ")"
	}
	return line
}

// Problems is the error that [Parse] returns: everything that is wrong, in
// the order of the schema, unknown names first.
type Problems []Problem

// Error returns a line for each problem.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

func (ps Problems) orNil() error {
	if len(ps) == 0 {
		return nil
	}
	return ps
}

// elsewhere are names that settings have in other programs: arguments of
// transformers' Trainer, and what few-shot papers and their code say.
var elsewhere = map[string]string{
	"lr":                          "learning_rate",
	"meta_lr":                     "learning_rate",
	"outer_lr":                    "learning_rate",
	"wd":                          "weight_decay",
	"bs":                          "batch_size",
	"per_device_train_batch_size": "batch_size",
	"num_epochs":                  "epochs",
	"num_train_epochs":            "epochs",
	"steps":                       "iterations",
	"max_steps":                   "iterations",
	"eval_steps":                  "eval_every",
	"lr_scheduler":                "schedule",
	"lr_scheduler_type":           "schedule",
	"scheduler":                   "schedule",
	"warmup_steps":                "warmup_ratio",
	"max_grad_norm":               "gradient_clip",
	"max_seq_length":              "max_length",
	"max_seq_len":                 "max_length",
	"n_way":                       "ways",
	"n_shot":                      "shots",
	"k_shot":                      "shots",
	"n_query":                     "query_shots",
	"inner_steps":                 "adaptation_steps",
	"num_inner_steps":             "adaptation_steps",
	"alpha":                       "inner_lr",
	"frozen_layers":               "freeze",
	"lora_r":                      "freeze: lora-R",
	"lora_rank":                   "freeze: lora-R",
	"llrd":                        "layer_decay",
	"patience":                    "early_stopping",
	"bf16":                        "precision: bf16",
	"dataset":                     "tasks",
	"data":                        "tasks",
}

// unknown is the problem of a key that is no setting.
func unknown(name string) Problem {
	p := Problem{Name: name, Text: "is not a setting"}
	if here, known := elsewhere[strings.ToLower(name)]; known {
		p.Hint = "did you mean " + here + "?"
	} else if near, ok := nearest(name); ok {
		p.Hint = "did you mean " + near + "?"
	} else {
		p.Hint = "docs/study-file.md lists the settings"
	}
	return p
}

// nearest returns the setting whose name is closest to name, if it is close
// enough to be what was meant: at most a third of the letters differ.
func nearest(name string) (string, bool) {
	best, distance := "", len(name)/3+1
	for _, s := range table {
		if d := editDistance(name, s.Name); d < distance || (d == distance && best == "") {
			best, distance = s.Name, d
		}
	}
	return best, best != ""
}

// editDistance is Levenshtein's: the fewest insertions, deletions and
// substitutions of bytes that turn a into b.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			substitute := diagonal
			if a[i-1] != b[j-1] {
				substitute++
			}
			diagonal = row[j]
			row[j] = min(row[j]+1, row[j-1]+1, substitute)
		}
	}
	return row[len(b)]
}
