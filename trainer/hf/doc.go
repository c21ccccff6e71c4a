// Package hf reads and writes the files of Hugging Face model folders:
// config.json and model.safetensors. It is pure Go and does not need libtorch,
// so that a study with a damaged model is refused where it is created.
package hf
