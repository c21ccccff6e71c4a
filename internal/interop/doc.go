// Package interop holds tests that share databases with the real Optuna and
// its dashboard: each side reads what the other one wrote, and both run one
// study together.
//
// The tests run where HPSEARCH_TEST_OPTUNA names a Python that has what
// scripts/optuna.txt lists, as `make test` has it, and are skipped elsewhere.
package interop
