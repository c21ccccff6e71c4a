// What the C++ files of the shim share.
#ifndef HPSEARCH_SHIM_HPP
#define HPSEARCH_SHIM_HPP
#include "shim.h"

#include <ATen/ATen.h>
#include <ATen/Config.h>
#include <ATen/core/grad_mode.h>

#include <cstring>
#include <exception>

#if AT_PARALLEL_OPENMP && defined(__linux__) && !defined(_OPENMP)
#error "without -fopenmp at::parallel_for is a loop on one thread"
#endif

inline at::Tensor &ref(hps_tensor t) { return *static_cast<at::Tensor *>(t); }

// draw_seed draws from the generator that hps_manual_seed seeds.
int64_t draw_seed();

// cuda_in_use reports whether libtorch's CUDA part was loaded.
bool cuda_in_use();

// guard runs f and turns an exception into a message.
template <typename F> char *guard(F f) {
  try {
    f();
    return nullptr;
  } catch (const std::exception &e) {
    return strdup(e.what());
  } catch (...) {
    return strdup("unknown C++ exception");
  }
}

#endif
