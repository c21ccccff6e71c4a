package setting

import "slices"

// The largest counts that are accepted. They are far above what anybody
// trains; they catch a slip of the keyboard and keep sums inside int64.
const (
	maxCount = 1e9
	maxSeed  = 1 << 53 // exact as a JSON number
)

func between(low, high float64) Range { return Range{Low: low, High: high} }

func openBoth(low, high float64) Range {
	return Range{Low: low, High: high, OpenLow: true, OpenHigh: true}
}

// table is the schema, in the order of the documentation. Defaults follow the
// papers that introduced the method: BERT (Devlin et al. 2019, appendix A.3)
// for fine-tuning, prototypical networks (Snell et al. 2017, section 3) for
// episodes, the class split of miniImageNet (Ravi and Larochelle 2017: 64, 16
// and 20 classes) for tasks.
var table = slices.Concat(
	modelSettings,
	taskSettings,
	algorithmSettings,
	optimizerSettings,
	episodeSettings,
	lengthSettings,
	textSettings,
	runSettings,
)
