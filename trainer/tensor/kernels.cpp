#include "kernels.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define HPS_X86 1
#include <immintrin.h>
#endif

#define HPS_INLINE inline __attribute__((always_inline))

namespace {

typedef float floats __attribute__((vector_size(64)));
typedef uint32_t words __attribute__((vector_size(64)));

// HPS_VECTOR is the number of floats in a vector of the instruction set. (The
// compiler's own macros do not follow its pragmas in C++.)
#define HPS_VECTOR 1
namespace least {
#include "kernels_isa.hpp"
} // namespace least

#ifdef HPS_X86
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#undef HPS_VECTOR
#define HPS_VECTOR 8
namespace avx2 {
#include "kernels_isa.hpp"
} // namespace avx2
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx2,fma,avx512f,avx512dq,avx512bw,avx512vl")
#undef HPS_VECTOR
#define HPS_VECTOR 16
namespace avx512 {
#include "kernels_isa.hpp"
} // namespace avx512
#pragma GCC pop_options
#endif

} // namespace

const Kernels &kernels_here() {
#ifdef HPS_X86
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl"))
    return avx512::kernels;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return avx2::kernels;
#endif
  return least::kernels;
}
