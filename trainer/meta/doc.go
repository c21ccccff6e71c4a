// Package meta is meta-training: it trains a network over a family of tasks so
// that a new task of the family is learned from a few examples.
//
// An [Algorithm] computes the gradients of one step and says, as an [Adapter],
// how a new task is learned: from the vectors of its examples ([FitFunc]), by
// gradient descent on the network ([InnerLoop]), or by fine-tuning. The loop
// around it (schedule, optimizer, validation, early stopping, checkpoints) is
// the same for all and lives in [Train]. The type of the tasks, which a
// [Learner] knows, decides the head, the loss and the metrics.
package meta
