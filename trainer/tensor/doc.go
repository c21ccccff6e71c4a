// Package tensor is a small tensor layer for training: scopes that free what
// was made in them, autograd of any order, the operators that the models
// need, AdamW and SGD, and int8 linear layers.
//
// It stands on the package libtch of gotch, the thin cgo binding, and is the
// only package that imports gotch. gotch's own tensors (packages ts and nn)
// are not used: their finalizers may free a tensor while a C call uses it,
// and each call costs about fifteen times as much.
//
// # Threads
//
// libtorch keeps its last error, the grad mode and the autocast state per
// operating system thread. Everything in this package must therefore run
// inside [Do], on the goroutine that called it.
//
// # Scopes
//
// Every operator is a method of a [Scope]; its result belongs to that scope
// and is freed when the scope is closed, unless [Scope.Move] hands it to
// another one. Parameters and optimizer state live in an outer scope, the
// intermediate results of one step in an inner one.
//
// # Errors
//
// A scope remembers the first error of its operators, as bufio.Writer does;
// after it every operator returns nil and does nothing. Code is written
// without checks and asks [Scope.Err] (or calls something that returns it)
// at the end of a step. Children report their error to whoever closes them.
package tensor
