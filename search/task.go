package search

import (
	"maps"
	"path/filepath"
	"strconv"
)

// TrialConfig returns the settings that a trial runs with, as external
// values: the study's fixed settings, overlaid with what the trial was
// enqueued with and with its parameters. A task split that the study drew is
// there under "split".
//
// An enqueued value of a parameter that is not active in this configuration
// is left out.
func TrialConfig(def *Definition, t *Trial) map[string]any {
	config := maps.Clone(def.Train)
	if config == nil {
		config = make(map[string]any)
	}
	if len(def.Split) > 0 {
		config["split"] = def.Split
	}
	maps.Copy(config, t.Fixed)
	delete(config, KeptSeed)
	for _, p := range def.Space {
		delete(config, p.Name)
	}
	maps.Copy(config, t.External())
	return config
}

// TrialSeed derives the seed of a trial from the study's seed and the trial's
// number. It is in [0, 2^31), which every generator of random numbers takes
// (NumPy's seeds have 32 bits).
//
// The mixing function is the finalizer of SplitMix64 (Steele, Lea and Flood,
// "Fast splittable pseudorandom number generators", OOPSLA 2014), applied to
// the state that its stream with that seed has at that number.
func TrialSeed(studySeed int64, number int) int64 {
	const golden = 0x9e3779b97f4a7c15 // 2^64 divided by the golden ratio, odd
	z := mix64(uint64(studySeed)) + (uint64(number)+1)*golden
	return int64(mix64(z) >> 33)
}

func mix64(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// SeedSetting is the setting that, fixed or searched, takes the place of
// [TrialSeed].
const SeedSetting = "seed"

// KeptSeed is the name under which the values that a trial is enqueued with
// may hold a seed that takes the place of [TrialSeed], unless the study has a
// setting for it: that of another trial, which this one repeats. It is no
// setting, and the objective does not see it.
const KeptSeed = "hpsearch:seed"

// NewTask describes an attempt at a trial of the study. dataDir is the
// study's data directory, empty when nothing is kept.
func NewTask(study *Study, t *Trial, dataDir string) Task {
	def := &study.Definition
	task := Task{
		Number:    t.Number,
		Attempt:   t.Attempt,
		Seed:      TrialSeed(def.Sampler.Seed, t.Number),
		Config:    TrialConfig(def, t),
		Metric:    def.Objective.Metric,
		Direction: study.Direction(),
		DataDir:   dataDir,
	}
	for _, given := range []any{t.Fixed[KeptSeed], task.Config[SeedSetting]} {
		if seed, ok := number(given); ok {
			task.Seed = int64(seed)
		}
	}
	if dataDir != "" {
		task.Dir = TrialDir(dataDir, t.Number)
	}
	return task
}

// TrialDir returns the folder of a trial in the study's data directory.
func TrialDir(dataDir string, number int) string {
	return filepath.Join(dataDir, "trials", strconv.Itoa(number))
}
