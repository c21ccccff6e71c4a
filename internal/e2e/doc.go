// Package e2e holds the tests that run hpsearch and hpsearch-trainer
// together, as a user does, on a tiny model. It has no code of its own: its
// tests are the only place where the two programs meet in one binary.
package e2e
