// Autocast: products of matrices and convolutions compute in bfloat16, sums
// that lose by it in float32 (ATen/autocast_mode.h). Its state belongs to the
// thread.
#include "shim.h"
#include "shim.hpp"

#include <ATen/autocast_mode.h>
#include <torch/version.h>

#if TORCH_VERSION_MAJOR * 100 + TORCH_VERSION_MINOR >= 204
int hps_autocast(int cuda, int enabled) {
  const auto device = cuda ? at::kCUDA : at::kCPU;
  const bool previous = at::autocast::is_autocast_enabled(device);
  at::autocast::set_autocast_dtype(device, at::kBFloat16);
  at::autocast::set_autocast_enabled(device, enabled != 0);
#else
int hps_autocast(int cuda, int enabled) {
  bool previous;
  if (cuda) {
    previous = at::autocast::is_enabled();
    at::autocast::set_autocast_gpu_dtype(at::kBFloat16);
    at::autocast::set_enabled(enabled != 0);
  } else {
    previous = at::autocast::is_cpu_enabled();
    at::autocast::set_autocast_cpu_dtype(at::kBFloat16);
    at::autocast::set_cpu_enabled(enabled != 0);
  }
#endif
  // The bfloat16 copies of weights that it keeps are stale once an optimizer
  // has changed them, and without a graph if they were made without one.
  if (!enabled)
    at::autocast::clear_cache();
  return previous;
}
