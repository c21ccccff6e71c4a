// Package cli is the command line of hpsearch: the root command, the verbs,
// each in a folder of its own, and the exit codes.
package cli
