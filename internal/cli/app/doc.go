// Package app is what every verb of the command line shares: the streams, the
// flags of the root command, the storage, which is opened only when a verb
// asks for it, and the errors that decide the exit code.
package app
