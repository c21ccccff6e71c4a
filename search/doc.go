// Package search is the domain of hpsearch: search spaces, studies, trials,
// the samplers that suggest configurations, the pruners that end hopeless
// trials early, and the runner that keeps workers busy.
//
// The vocabulary is that of Optuna and goptuna (study, trial, distribution,
// sampler, pruner). The package imports no other package of this module
// except its own sub-packages' dependencies: storage, objectives and command
// line depend on it, never the reverse.
//
// Samplers are in the sub-packages auto, tpe, gp, cmaes, qmc, grid, random and
// goptunabridge (goptuna's own, and the adapter that makes ours goptuna
// samplers), pruners in pruner.
// kinds makes them from what a study file says, searchtest tests them.
// [Rand], [Uniform], [Space.Fill] and [Distinct] are what they have in common.
package search
