// Package objective has the objectives that a search can run: implementations
// of [search.Objective]. [Process] runs trials in a trainer, a child process
// that speaks the protocol of package protocol and stays up from trial to
// trial, so that what it loads is loaded once and what kills it ends one trial
// only. [Command] runs any program, also one that knows nothing of this.
package objective
