#include "shim.h"
#include "shim.hpp"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <c10/core/GradMode.h>
#include <dlfcn.h>
#include <torch/csrc/autograd/engine.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/variable.h>
#ifdef _OPENMP
#include <omp.h>
#endif
#include <torch/version.h>

#include <atomic>
#include <cstring>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

// Whether the CUDA part is loaded. libtorch looks for it once, when it is first
// asked about CUDA in any way: what is loaded later is not seen (ATen/detail/
// CUDAHooksInterface.cpp). at::manual_seed and at::show_config ask.
std::atomic<bool> cuda_loaded{false};

} // namespace

bool cuda_in_use() { return cuda_loaded; }

void hps_manual_seed(int64_t seed) {
  if (cuda_loaded) {
    at::manual_seed(static_cast<uint64_t>(seed));
    return;
  }
  at::Generator generator = at::detail::getDefaultCPUGenerator();
  std::lock_guard<std::mutex> lock(generator.mutex());
  generator.set_current_seed(static_cast<uint64_t>(seed));
}

// OpenBLAS's own threads do not follow at::set_num_threads, and how many it
// uses changes the order of sums.
void hps_set_num_threads(int n) {
  at::set_num_threads(n);
#ifdef _OPENMP
  omp_set_num_threads(n); // a libtorch may have a libgomp of its own beside ours
#endif
  using setter = void (*)(int);
  static auto openblas = reinterpret_cast<setter>(
      dlsym(RTLD_DEFAULT, "openblas_set_num_threads"));
  if (openblas != nullptr)
    openblas(n);
}
int hps_get_num_threads(void) { return at::get_num_threads(); }
const char *hps_version(void) { return TORCH_VERSION; }
char *hps_show_config(void) { return strdup(at::show_config().c_str()); }

char *hps_load_cuda(void) {
  if (dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) != nullptr) {
    cuda_loaded = true;
    return nullptr;
  }
  const char *message = dlerror();
  return strdup(message ? message : "dlopen failed");
}

int hps_grad_mode(int enabled) {
  int previous = c10::GradMode::is_enabled();
  c10::GradMode::set_enabled(enabled != 0);
  return previous;
}

char *hps_item(hps_tensor t, double *value) {
  return guard([&] { *value = ref(t).item().toDouble(); });
}

// CUDA may wait for all that is computed before it copies memory that is not
// page-locked (CUDA runtime API, "API synchronization behavior"). libtorch keeps
// page-locked memory until it was copied, even if its tensor is gone.
char *hps_upload(hps_tensor t, int device, hps_tensor *out) {
  return guard([&] {
    at::Tensor host = ref(t);
    if (!host.requires_grad()) { // to page-locked memory no gradient leads back
      try {
        host = host.pin_memory();
      } catch (const c10::Error &) { // there may be none left: slower, not wrong
      }
    }
    *out = new at::Tensor(host.to(at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(device)), host.scalar_type(),
                                  /*non_blocking=*/true));
  });
}

char *hps_copy_out(hps_tensor t, int dtype, void *data, int64_t bytes) {
  return guard([&] {
    at::Tensor c = ref(t)
                       .detach()
                       .to(at::kCPU, static_cast<at::ScalarType>(dtype))
                       .contiguous();
    if (c.numel() * static_cast<int64_t>(c.element_size()) != bytes)
      throw std::runtime_error("buffer has the wrong size");
    std::memcpy(data, c.data_ptr(), bytes);
  });
}

char *hps_grad(hps_tensor t, hps_tensor *out) {
  return guard([&] {
    const at::Tensor &g = ref(t).grad();
    *out = g.defined() ? new at::Tensor(g) : nullptr;
  });
}

char *hps_zero_grad(hps_tensor *params, int n) {
  return guard([&] {
    for (int i = 0; i < n; ++i)
      ref(params[i]).mutable_grad() = at::Tensor();
  });
}

char *hps_run_backward(hps_tensor *roots, int nroots, hps_tensor *inputs,
                       int ninputs, hps_tensor *grads, int keep_graph,
                       int create_graph) {
  return guard([&] {
    torch::autograd::edge_list root_edges, input_edges;
    torch::autograd::variable_list seeds;
    for (int i = 0; i < nroots; ++i) {
      // The engine follows the root's node without looking if there is one.
      if (!ref(roots[i]).requires_grad())
        throw std::invalid_argument("the result does not require a gradient");
      root_edges.push_back(torch::autograd::impl::gradient_edge(ref(roots[i])));
      seeds.push_back(at::ones_like(ref(roots[i])));
    }
    for (int i = 0; i < ninputs; ++i) {
      if (!ref(inputs[i]).requires_grad())
        throw std::invalid_argument("an input does not require a gradient");
      input_edges.push_back(
          torch::autograd::impl::gradient_edge(ref(inputs[i])));
    }
    auto result = torch::autograd::Engine::get_default_engine().execute(
        root_edges, seeds, keep_graph != 0, create_graph != 0,
        /*accumulate_grad=*/ninputs == 0, input_edges);
    for (int i = 0; i < ninputs; ++i)
      // An input that the roots do not depend on has gradient zero.
      grads[i] = new at::Tensor(result[i].defined()
                                    ? result[i]
                                    : at::zeros_like(ref(inputs[i])));
  });
}

int hps_select_qengine(int *engines, int n) {
  for (int i = 0; i < n; ++i) {
    auto wanted = static_cast<at::QEngine>(engines[i]);
    for (auto e : at::globalContext().supportedQEngines()) {
      if (e == wanted) {
        at::globalContext().setQEngine(e);
        return engines[i];
      }
    }
  }
  return -1;
}

// The packed weight is an object of a custom class: it stays boxed.
char *hps_linear_prepack(hps_tensor weight, hps_tensor scales, hps_tensor bias,
                         hps_tensor *packed) {
  return guard([&] {
    at::NoGradGuard no_grad;
    at::Tensor w = ref(weight).contiguous();
    at::Tensor zero = at::zeros({w.size(0)}, at::kLong);
    at::Tensor q = at::_make_per_channel_quantized_tensor(
        w, ref(scales).to(at::kDouble), zero, 0);
    auto op = c10::Dispatcher::singleton().findSchemaOrThrow(
        "quantized::linear_prepack", "");
    std::vector<c10::IValue> stack;
    stack.emplace_back(q);
    if (bias != nullptr)
      stack.emplace_back(ref(bias));
    else
      stack.emplace_back(); // None
    op.callBoxed(&stack);
    *packed = new c10::IValue(std::move(stack.at(0)));
  });
}

char *hps_linear_dynamic(hps_tensor packed, hps_tensor x, hps_tensor *out) {
  return guard([&] {
    at::NoGradGuard no_grad;
    static auto op = c10::Dispatcher::singleton().findSchemaOrThrow(
        "quantized::linear_dynamic", "");
    std::vector<c10::IValue> stack;
    stack.emplace_back(ref(x).contiguous());
    stack.push_back(*static_cast<c10::IValue *>(packed));
    // FBGEMM needs reduce_range where the CPU lacks VNNI: int16 sums of
    // int8 products would saturate. oneDNN handles that itself.
    stack.emplace_back(at::globalContext().qEngine() == at::QEngine::FBGEMM);
    op.callBoxed(&stack);
    *out = new at::Tensor(stack.at(0).toTensor());
  });
}

void hps_packed_free(hps_tensor packed) {
  delete static_cast<c10::IValue *>(packed);
}
