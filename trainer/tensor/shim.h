// What the package needs of libtorch and gotch's binding does not offer.
// Functions that can fail return NULL, or a message that the caller frees.
#ifndef HPSEARCH_SHIM_H
#define HPSEARCH_SHIM_H
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef void *hps_tensor; // at::Tensor*, as gotch's `tensor`

void hps_manual_seed(int64_t seed);
void hps_set_num_threads(int n);
int hps_get_num_threads(void);
const char *hps_version(void);
char *hps_show_config(void);
char *hps_load_cuda(void);
int hps_grad_mode(int enabled); // sets it, returns the previous one
int hps_autocast(int cuda, int enabled); // to bfloat16; as hps_grad_mode
// A copy of a tensor of the host on CUDA device number device.
char *hps_upload(hps_tensor t, int device, hps_tensor *out);
char *hps_item(hps_tensor t, double *value);
char *hps_copy_out(hps_tensor t, int dtype, void *data, int64_t bytes);
char *hps_grad(hps_tensor t, hps_tensor *out);
char *hps_zero_grad(hps_tensor *params, int n);
char *hps_run_backward(hps_tensor *roots, int nroots, hps_tensor *inputs,
                       int ninputs, hps_tensor *grads, int keep_graph,
                       int create_graph);
char *hps_clip_grad_norm(hps_tensor *params, int n, double max_norm);

char *hps_dropout(hps_tensor x, double p, hps_tensor *out);
// x [..., in], weight [out, in], bias [out] or NULL -> [..., out].
char *hps_linear(hps_tensor x, hps_tensor weight, hps_tensor bias, hps_tensor *out);
// hps_linear followed by GELU, and LayerNorm(dropout(hps_linear) + residual)
// with scale and shift [out]. *out is NULL where these are not for such tensors:
// where they are no float32 on the CPU, or the outputs no whole vectors.
char *hps_linear_gelu(hps_tensor x, hps_tensor weight, hps_tensor bias, hps_tensor *out);
char *hps_linear_norm(hps_tensor x, hps_tensor weight, hps_tensor bias, hps_tensor residual, hps_tensor scale,
                      hps_tensor shift, double epsilon, double dropout, hps_tensor *out);
// Attention among the rows of q, k, v [..., hidden] that each text has:
// lengths[i] of them from row offsets[i] on. The other rows of out are 0.
char *hps_token_attention(hps_tensor q, hps_tensor k, hps_tensor v,
                          const int64_t *offsets, const int64_t *lengths,
                          int texts, int heads, double dropout,
                          hps_tensor *out);

typedef struct {
  double lr, weight_decay, beta1, beta2, epsilon;
  int64_t step; // from 1
} hps_adamw_options;
// options has one entry a parameter; max_norm 0 does not clip.
char *hps_adamw(hps_tensor *params, hps_tensor *m, hps_tensor *v,
                const hps_adamw_options *options, int n, double max_norm);
char *hps_sgd(hps_tensor *params, hps_tensor *buffers, int n, double lr,
              double momentum, double weight_decay);

// Most bytes of tensors at a time since the last reset; -1: not known. device
// -1 is the CPU.
int64_t hps_peak_memory(int device, int reset);
void hps_release_memory(void); // gives back what is kept for reuse, on a GPU from libtorch 2.9 on

// int8 linear layers, executed by the quantized engine that libtorch has.
int hps_select_qengine(int *engines, int n); // first supported, or -1
char *hps_linear_prepack(hps_tensor weight, hps_tensor scales, hps_tensor bias,
                         hps_tensor *packed);
char *hps_linear_dynamic(hps_tensor packed, hps_tensor x, hps_tensor *out);
void hps_packed_free(hps_tensor packed);

#ifdef __cplusplus
}
#endif
#endif
