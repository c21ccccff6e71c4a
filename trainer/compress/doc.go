// Package compress makes meta-trained encoders smaller: magnitude pruning
// and int8 quantization.
package compress
