// Package storage keeps studies and trials: it implements [search.Store] on
// SQLite, PostgreSQL and MariaDB or MySQL, in Optuna's own schema, and in
// memory.
//
// An Optuna program opens the same database with optuna.load_study, and
// hpsearch opens the studies that Optuna made. What Optuna has no column for
// (leases, attempts, metrics, artifacts, the study file) lives in tables whose
// names begin with hpsearch_; Optuna ignores them.
//
// Every write is one short transaction. On SQLite it takes the write lock at
// its start; on a server it locks the study or the trial that it is about, as
// Optuna does. What the databases do differently is in a dialect; the writes
// of a trial's life have, where it pays, a way of one round trip each
// beside the general one.
package storage
