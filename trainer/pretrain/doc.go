// Package pretrain trains a small BERT on plain text by guessing masked words
// (Devlin et al. 2019) and writes it as a Hugging Face folder, so that
// meta-training has something to begin with where no pretrained model fits
// the language or the size.
//
// On the CPU, with one number of threads, the result is a function of the
// text, the options and the seed, whether or not the training was stopped and
// resumed in between.
package pretrain
