// Command search measures the samplers against Optuna's, for `make
// bench-search`: the best value after 50 and 100 trials on functions with
// known optima, with one and with eight trials pending, and the time for a
// suggestion. Optuna runs beside it in Python processes that are asked and
// told through pipes; the functions are evaluated here, for both.
package main
