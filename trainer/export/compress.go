package export

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/hpsearch/hpsearch/trainer/compress"
	"github.com/hpsearch/hpsearch/trainer/hf"
	"github.com/hpsearch/hpsearch/trainer/meta"
	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// CompressedFolder is the folder of the compressed model inside an export.
const CompressedFolder = "compressed"

// recoveryShare is the length of fine-tuning after pruning, as a share of the
// retraining's steps.
const recoveryShare = 0.5

// compressible refuses, before anything is trained, to prune or quantize what
// is no transformer, for both apply to the matrices of its layers, and what
// gradient descent changes for each task.
func compressible(r Request) error {
	if !r.Spec.Any() {
		return nil
	}
	kind := r.Config.Model.Kind
	if gpt2, _ := hf.ModelType(r.Config.Model.Path); gpt2 == hf.GPT2ModelType {
		return fmt.Errorf("only BERT models are pruned or quantized, and %s is a GPT-2: leave --prune and --quantize out", r.Config.Model)
	}
	if r.Config.Model.Path != "" {
		kind, _ = hf.ModelType(r.Config.Model.Path) // what is wrong with the folder is found when it is loaded
	}
	if kind == setting.ModelConv4 || kind == setting.ModelMLP || hf.IsPlain(kind) {
		return fmt.Errorf("only models of texts are pruned or quantized, and %s is none: leave --prune and --quantize out", r.Config.Model)
	}
	if r.Config.AdaptsNetwork() {
		return fmt.Errorf("%s learns a task by gradient descent on the network, which int8 weights do not allow and which would fill pruned ones again: "+
			"leave --prune and --quantize out, or set inner_freeze: head", r.Config.Algorithm)
	}
	return nil
}

// compress prunes and quantizes as asked, writes the result and measures what
// was written.
func (e *exporter) compress(s *tensor.Scope) error {
	if !e.Spec.Any() {
		return nil
	}
	e.report.Compression = &Compression{Prune: e.Prune, Quantize: e.Quantize}
	if e.Spec.Sparsity > 0 {
		if err := e.prune(s); err != nil {
			return err
		}
	}
	dir := filepath.Join(e.work, CompressedFolder)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return fmt.Errorf("compress: %w", err)
	}
	if err := e.writeCompressed(dir); err != nil {
		return err
	}
	return e.measureCompressed(s, dir)
}

// prune removes weights and trains on with what is left, the embeddings kept:
// they were not pruned.
func (e *exporter) prune(s *tensor.Scope) error {
	e.phase("prune")
	masks, err := compress.Magnitude(s, e.bundle.Learner.Network.Params(), e.Spec.Sparsity)
	if err != nil {
		return err
	}
	config := *e.Config
	config.Freeze = setting.Freeze{Kind: setting.FreezeEmbeddings}
	config.Iterations, config.Epochs = max(1, int(recoveryShare*float64(e.algorithm.Steps()))), 0
	config.EvalEvery = max(1, config.Iterations/2)
	config.EarlyStopping = 0
	data, err := e.Plan(&config)
	if err != nil {
		return fmt.Errorf("fine-tune after pruning: %w", err)
	}
	algorithm, err := meta.NewAlgorithm(s, e.setup(&config, data))
	if err != nil {
		return fmt.Errorf("fine-tune after pruning: %w", err)
	}
	// The heads of joint training go on from where they are.
	heads, err := model.Blobs(e.algorithm.Params())
	if err != nil {
		return err
	}
	if err := model.Restore(s, algorithm.Params(), heads); err != nil {
		return fmt.Errorf("fine-tune after pruning: %w", err)
	}
	hooks := e.hooks("recover")
	hooks.AfterStep = masks.Apply
	outcome, err := meta.Train(s, algorithm, e.bundle.Learner, data, meta.Options{
		Config: &config, Seed: e.Seed, Stopped: e.Stopped, Hooks: hooks,
	})
	if err != nil {
		return fmt.Errorf("fine-tune after pruning: %w", err)
	}
	c := e.report.Compression
	c.Sparsity, c.RecoverySteps = float64(masks.Removed)/float64(masks.Total), outcome.Steps
	e.report.Parameters.Removed = masks.Removed
	e.note("Pruning set %.1f %% of the encoder's matrix weights to zero. Dense kernels compute with zeros as with other numbers: "+
		"this model is not faster for it, and its file shrinks only when it is compressed (compression.gzip_bytes).", 100*c.Sparsity)
	return nil
}

func (e *exporter) writeCompressed(dir string) error {
	e.phase("write compressed")
	params := e.bundle.Learner.Network.Params()
	dense, err := model.Blobs(params)
	if err != nil {
		return err
	}
	blobs := dense
	manifest := e.bundle.Manifest
	if e.Spec.Int8 {
		if blobs, err = compress.Int8(params); err != nil {
			return err
		}
		manifest.Quantization = e.Quantize
		if err := e.describeInt8(params); err != nil {
			return err
		}
	}
	e.countParameters(dense)
	compressed := *e.bundle
	compressed.Manifest = manifest
	if err := compressed.save(dir, e.Config.Model.TokenizerPath(), append(blobs, e.pooler...)); err != nil {
		return err
	}
	size, err := folderBytes(dir)
	if err != nil {
		return err
	}
	e.report.SizeBytes.Compressed = &size
	e.report.Compression.GzipBytes, err = gzipSize(filepath.Join(dir, hf.SafetensorsFile))
	return err
}

// describeInt8 says what int8 kernels execute: every multiplication by a
// weight of the encoder's layers; not attention itself, nor LayerNorm.
func (e *exporter) describeInt8(params []model.Param) error {
	engine, err := tensor.QuantizedEngine()
	if err != nil {
		return err
	}
	inLayers, executed := int64(0), int64(0)
	for _, p := range params {
		shape := p.Tensor.Shape()
		if len(shape) == 2 && !strings.HasPrefix(p.Name, "embeddings.") {
			inLayers += p.Tensor.Numel()
			if p.IsEncoderMatrix() {
				executed += p.Tensor.Numel()
			}
		}
	}
	for _, p := range e.bundle.Learner.Projection.Params() {
		if len(p.Tensor.Shape()) == 2 {
			inLayers += p.Tensor.Numel()
		}
	}
	e.report.Compression.Engine = engine
	e.report.Compression.Int8Share = float64(executed) / float64(inLayers)
	e.note("int8: weights have one scale an output channel, inputs are quantized as they come, %s computes the products. "+
		"Word embeddings are stored as int8 and expanded when they are loaded. hpsearch reads this folder; transformers does not.", engine)
	return nil
}

// measureCompressed loads what was written and measures it on the test tasks.
func (e *exporter) measureCompressed(s *tensor.Scope, dir string) error {
	e.phase("measure compressed")
	device := e.Device
	if e.Spec.Int8 {
		device = tensor.CPU
	}
	return s.Run(func(inner *tensor.Scope) error {
		b, err := Load(inner, dir, device)
		if err != nil {
			return fmt.Errorf("reload: %w", err)
		}
		b.Learner.Stopped = e.Stopped
		adapt := e.algorithm.Adapter()
		m, err := meta.Evaluate(inner, adapt, b.Learner, e.Data.Inputs(), e.test)
		if err != nil {
			return err
		}
		score := scoreOf(m)
		e.report.Test.Compressed = &score
		// What was written as fp32, not what pruning left in memory.
		original, err := Load(inner, e.work, device)
		if err != nil {
			return fmt.Errorf("reload: %w", err)
		}
		c := e.report.Compression
		c.MaxLogitDistance, c.LabelAgreement, c.Compared, err = compare(inner, original.Learner, b.Learner, adapt, e.Data, e.test)
		return err
	})
}
