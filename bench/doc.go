// Command bench measures what users feel, for `make bench`: how long
// hpsearch takes to start, and a training step in Go against the same step in
// Python on the same libtorch.
//
// Machines are noisy: what is compared runs in alternation, each run in a
// process of its own, and the median of the pairs' ratios is what counts.
package main
