// Package trainer is the data plane of hpsearch: it runs trials of
// meta-training and one-off jobs (export, adapt, predict) on libtorch, as a
// child process that speaks the protocol of objective/protocol.
package trainer
