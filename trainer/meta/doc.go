// Package meta is meta-training: it trains an encoder over a family of tasks
// so that a new task of the family is learned from a few examples.
//
// An [Algorithm] computes the gradients of one step and says how a new task
// is learned; the loop around it (schedule, optimizer, validation, early
// stopping, checkpoints) is the same for all and lives in [Train].
package meta
