package setting

// Metrics returns the names of what a trial of meta-training measures. A type
// of tasks has its own among the first: classification no val_loss_median,
// regression no val_accuracy, and only generation a val_perplexity.
func Metrics() []string {
	return []string{
		"val_loss", "val_accuracy", "val_loss_median", "val_perplexity", "train_loss",
		"trainable_parameters", "train_seconds", "step_ms", "memory_bytes", "steps", "best_step", "threads",
	}
}
