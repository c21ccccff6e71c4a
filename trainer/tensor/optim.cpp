// The updates of optimizers. On the CPU each is one pass over memory, which is
// what bounds it.
#include "kernels.hpp"
#include "shim.h"
#include "shim.hpp"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace {

// Numbers that a thread takes at a time. Partial sums are those of such blocks,
// whatever the number of threads.
constexpr int64_t block = 1 << 15;

// A task is a block of one tensor.
struct Task {
  int tensor;
  int64_t start, count;
};

std::vector<Task> tasks_of(const std::vector<at::Tensor> &tensors) {
  std::vector<Task> tasks;
  for (size_t i = 0; i < tensors.size(); ++i)
    for (int64_t start = 0, n = tensors[i].numel(); start < n; start += block)
      tasks.push_back({static_cast<int>(i), start, std::min(block, n - start)});
  return tasks;
}

template <typename F> void for_tasks(const std::vector<Task> &tasks, F f) {
  at::parallel_for(0, static_cast<int64_t>(tasks.size()), 4, [&](int64_t from, int64_t to) {
    for (int64_t i = from; i < to; ++i)
      f(i, tasks[i]);
  });
}

bool plain(const at::Tensor &t) {
  return t.device().is_cpu() && t.scalar_type() == at::kFloat && t.is_contiguous() && !t.is_sparse();
}

double clip_scale(double norm, double max_norm) {
  return std::min(1.0, max_norm / (norm + 1e-6));
}

// A Batch is the parameters that have gradients, with what belongs to them.
struct Batch {
  std::vector<at::Tensor> p, m, v, g;
  std::vector<hps_adamw_options> options;
};

void adamw_plain(Batch &b, double max_norm) {
  auto tasks = tasks_of(b.p);
  std::vector<const float *> g;
  for (auto &t : b.g)
    g.push_back(t.data_ptr<float>());
  double scale = 1;
  if (max_norm > 0) {
    std::vector<double> sums(tasks.size());
    for_tasks(tasks, [&](int64_t i, const Task &t) {
      sums[i] = kernels_here().square_sum(g[t.tensor] + t.start, t.count);
    });
    double total = 0;
    for (double s : sums)
      total += s;
    scale = clip_scale(std::sqrt(total), max_norm);
  }
  std::vector<float *> p, m, v;
  std::vector<AdamWUpdate> updates;
  for (size_t i = 0; i < b.p.size(); ++i) {
    p.push_back(b.p[i].data_ptr<float>());
    m.push_back(b.m[i].data_ptr<float>());
    v.push_back(b.v[i].data_ptr<float>());
    const auto &o = b.options[i];
    updates.push_back({static_cast<float>(scale), static_cast<float>(1 - o.lr * o.weight_decay),
                       static_cast<float>(o.beta1), static_cast<float>(o.beta2),
                       static_cast<float>(1 / std::sqrt(1 - std::pow(o.beta2, o.step))),
                       static_cast<float>(o.epsilon),
                       static_cast<float>(o.lr / (1 - std::pow(o.beta1, o.step)))});
  }
  for_tasks(tasks, [&](int64_t, const Task &t) {
    int i = t.tensor;
    kernels_here().adamw(p[i] + t.start, m[i] + t.start, v[i] + t.start, g[i] + t.start, t.count, updates[i]);
  });
  for (auto &t : b.p)
    t.unsafeGetTensorImpl()->bump_version();
}

bool same(const hps_adamw_options &a, const hps_adamw_options &b) {
  return a.lr == b.lr && a.weight_decay == b.weight_decay && a.step == b.step && a.beta1 == b.beta1 &&
         a.beta2 == b.beta2 && a.epsilon == b.epsilon;
}

// adamw_lists updates parameters of equal options by operators on lists, which
// on a GPU are few kernels.
void adamw_lists(Batch &b, size_t from, size_t to) {
  auto part = [&](std::vector<at::Tensor> &list) {
    return std::vector<at::Tensor>(list.begin() + from, list.begin() + to);
  };
  auto p = part(b.p), m = part(b.m), v = part(b.v), g = part(b.g);
  const auto &o = b.options[from];
  if (o.weight_decay != 0)
    at::_foreach_mul_(p, 1 - o.lr * o.weight_decay);
  at::_foreach_mul_(m, o.beta1);
  at::_foreach_add_(m, g, 1 - o.beta1);
  at::_foreach_mul_(v, o.beta2);
  at::_foreach_addcmul_(v, g, g, 1 - o.beta2);
  auto denominators = at::_foreach_sqrt(v);
  at::_foreach_div_(denominators, std::sqrt(1 - std::pow(o.beta2, o.step)));
  at::_foreach_add_(denominators, o.epsilon);
  at::_foreach_addcdiv_(p, m, denominators, -o.lr / (1 - std::pow(o.beta1, o.step)));
}

// scale_gradients clips without asking the device for the norm.
void scale_gradients(std::vector<at::Tensor> &grads, double max_norm) {
  at::Tensor total = at::norm(at::stack(at::_foreach_norm(grads, 2)));
  at::Tensor scale = at::clamp_max(max_norm / (total + 1e-6), 1.0);
  for (auto &g : grads)
    g.mul_(scale);
}

} // namespace

char *hps_clip_grad_norm(hps_tensor *params, int n, double max_norm) {
  return guard([&] {
    at::NoGradGuard no_grad;
    std::vector<at::Tensor> grads;
    for (int i = 0; i < n; ++i)
      if (ref(params[i]).grad().defined())
        grads.push_back(ref(params[i]).grad());
    if (!grads.empty())
      scale_gradients(grads, max_norm);
  });
}

char *hps_adamw(hps_tensor *params, hps_tensor *m, hps_tensor *v, const hps_adamw_options *options, int n,
                double max_norm) {
  return guard([&] {
    at::NoGradGuard no_grad;
    Batch b;
    bool all_plain = true;
    for (int i = 0; i < n; ++i) {
      at::Tensor &p = ref(params[i]);
      const at::Tensor &g = p.grad();
      if (!g.defined())
        continue;
      b.p.push_back(p);
      b.m.push_back(ref(m[i]));
      b.v.push_back(ref(v[i]));
      b.g.push_back(plain(p) && !g.is_sparse() ? g.contiguous() : g);
      b.options.push_back(options[i]);
      all_plain = all_plain && plain(p) && plain(b.m.back()) && plain(b.v.back()) && plain(b.g.back());
    }
    if (b.p.empty())
      return;
    if (all_plain) {
      adamw_plain(b, max_norm);
      return;
    }
    if (max_norm > 0)
      scale_gradients(b.g, max_norm);
    for (size_t from = 0; from < b.p.size();) {
      size_t to = from + 1;
      while (to < b.p.size() && same(b.options[from], b.options[to]))
        ++to;
      adamw_lists(b, from, to);
      from = to;
    }
  });
}

char *hps_sgd(hps_tensor *params, hps_tensor *buffers, int n, double lr,
              double momentum, double weight_decay) {
  return guard([&] {
    at::NoGradGuard no_grad;
    for (int i = 0; i < n; ++i) {
      at::Tensor &p = ref(params[i]);
      if (!p.grad().defined())
        continue;
      at::Tensor g = p.grad();
      if (momentum != 0)
        g = ref(buffers[i]).mul_(momentum).add_(g);
      if (weight_decay != 0)
        p.mul_(1 - lr * weight_decay);
      p.add_(g, -lr);
    }
  });
}
