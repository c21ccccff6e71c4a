// Package libtorch finds a libtorch installation, says what is wrong with it,
// and fits gotch to it.
//
// It is pure Go and does not link libtorch: the control plane uses it to
// diagnose a trainer that does not start, and the build uses it to set the
// compiler flags (see the command in the folder fit).
package libtorch
