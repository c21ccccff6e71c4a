// Package goptunabridge joins this module's samplers with goptuna
// (github.com/c-bata/goptuna v0.9.0), in both directions: [Adapter] makes a
// [search.Sampler] usable in any goptuna study, and [NewTPE] and [NewRandom]
// make goptuna's stock samplers usable here.
package goptunabridge
