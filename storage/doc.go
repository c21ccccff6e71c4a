// Package storage keeps studies and trials: it implements [search.Store] on
// SQLite, in Optuna's own schema, and in memory.
//
// An Optuna program opens the same file with optuna.load_study, and hpsearch
// opens the studies that Optuna made. What Optuna has no column for (leases,
// attempts, metrics, artifacts, the study file) lives in tables whose names
// begin with hpsearch_; Optuna ignores them. Every write is one short
// transaction that takes SQLite's write lock at its start, so that any number
// of processes may work on one file.
package storage
