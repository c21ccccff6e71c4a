// Command freezing times a study of 20 trials over the freezing strategies:
// hpsearch against bench/peer/freezing_study.py, which does the same trials
// on the same texts with PyTorch, transformers and Optuna. It prints JSON.
//
// scripts/bench-freezing.sh builds what it needs and runs it.
package main
