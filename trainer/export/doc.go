// Package export writes meta-trained models as folders that other tools load,
// with a report of what was measured, and reads them again: to adapt a model
// to a new task and to label text.
package export
