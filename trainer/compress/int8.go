package compress

import (
	"fmt"

	"github.com/hpsearch/hpsearch/trainer/hf"
	"github.com/hpsearch/hpsearch/trainer/model"
)

// Int8 returns the checkpoint of an encoder with its matrices as int8: those
// of the layers, which int8 kernels then multiply with, and the word
// embeddings, which are only stored so and expanded when they are loaded. The
// other parameters stay as they are.
func Int8(params []model.Param) ([]hf.Blob, error) {
	var blobs []hf.Blob
	for _, p := range params {
		values, err := p.Tensor.Float32s()
		if err != nil {
			return nil, fmt.Errorf("quantize %s: %w", p.Name, err)
		}
		b := hf.Float32Blob(p.Name, values, p.Tensor.Shape())
		if !p.IsEncoderMatrix() && p.Name != "embeddings.word_embeddings.weight" {
			blobs = append(blobs, b)
			continue
		}
		quantized, scales, err := model.QuantizeRows(b, values)
		if err != nil {
			return nil, err
		}
		blobs = append(blobs, quantized, scales)
	}
	return blobs, nil
}
