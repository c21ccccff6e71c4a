// Package model holds the networks that are meta-trained, and reads and
// writes them as Hugging Face folders: config.json, model.safetensors (or
// pytorch_model.bin) and the tokenizer's files.
//
// A model's tensors belong to the scope that it was loaded in; everything
// runs inside tensor.Do.
package model
