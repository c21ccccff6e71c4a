// Command train measures meta-training: what the algorithms reach on the
// benchmarks of their papers, and how fast. It writes
// docs/benchmarks/training.md.
//
// Each row of the page is measured by itself and kept as JSON, so that a run
// that was cut goes on where it was, and a row can be measured on another
// machine: `make bench-train`.
package main
