// The kernels, compiled once for each instruction set: kernels.cpp includes this
// in a namespace of each. Vectors are types of the compiler's. Clones of a function
// (target_clones) would not do: they are made after the compiler has split what
// is too wide for the least of them, and those of an architecture are taken by
// no other, however much it can do.

// mix64 is SplitMix64's finalizer (Steele, Lea and Flood 2014).
HPS_INLINE uint64_t mix64(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

// A Stream is 16 generators xoshiro128++ (Blackman and Vigna 2019) side by
// side. What it yields is a function of the seed and the number of the stream.
struct Stream {
  words s[4];

  HPS_INLINE Stream(uint64_t seed, uint64_t number) {
    uint64_t state = mix64(seed + 0x9e3779b97f4a7c15u * (number + 1));
    uint32_t start[4][lanes];
    for (int lane = 0; lane < lanes; ++lane)
      for (int k = 0; k < 4; k += 2) {
        state += 0x9e3779b97f4a7c15u;
        uint64_t z = mix64(state);
        start[k][lane] = static_cast<uint32_t>(z) | 1; // never all zero
        start[k + 1][lane] = static_cast<uint32_t>(z >> 32);
      }
    std::memcpy(s, start, sizeof s);
  }

  HPS_INLINE void next(words &out) {
    words sum = s[0] + s[3];
    out = ((sum << 7) | (sum >> 25)) + s[0];
    words t = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = (s[3] << 11) | (s[3] >> 21);
  }

  // keep sets factor to 0 with probability threshold / 2^32, and to scale
  // otherwise.
  HPS_INLINE void keep(uint32_t threshold, float scale, floats &factor) {
    words u;
    next(u);
    words mask = reinterpret_cast<words>(u >= threshold);
    floats all = scale - floats{};
    factor = reinterpret_cast<floats>(reinterpret_cast<words>(all) & mask);
  }
};

// exponential is e^x with a relative error of about 2^-22, 0 below -87. What is
// no number stays none: a training that diverged must not look sound.
HPS_INLINE void exponential(floats &x) {
  words none = reinterpret_cast<words>(x != x); // all bits of what is no number
  floats low = -87.0f - floats{};
  words under = reinterpret_cast<words>(x < low);
  x = reinterpret_cast<floats>((reinterpret_cast<words>(x) & ~under) | (reinterpret_cast<words>(low) & under));
  const float shift = 12582912.0f; // 1.5 * 2^23: adding it rounds to a whole number
  floats rounded = x * 1.44269504f + shift;
  floats n = rounded - shift;
  floats r = x - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
  // The polynomial of the Cephes library's expf.
  floats p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  words power = (reinterpret_cast<words>(rounded) - reinterpret_cast<words>(shift - floats{})) << 23;
  p = reinterpret_cast<floats>(reinterpret_cast<words>(p) + power);
  x = reinterpret_cast<floats>((reinterpret_cast<words>(p) & ~under) | none);
}

// total returns the sum of all lanes.
HPS_INLINE float total(const floats &x) {
#if HPS_VECTOR == 16
  return _mm512_reduce_add_ps(reinterpret_cast<__m512>(x));
#else
  float sum = 0;
  for (int k = 0; k < lanes; ++k)
    sum += x[k];
  return sum;
#endif
}

// largest returns the largest of all lanes.
HPS_INLINE float largest(const floats &x) {
#if HPS_VECTOR == 16
  return _mm512_reduce_max_ps(reinterpret_cast<__m512>(x));
#else
  float most = x[0];
  for (int k = 1; k < lanes; ++k)
    most = std::max(most, x[k]);
  return most;
#endif
}

void drop_numbers(float *__restrict y, const float *__restrict x, int64_t n, uint64_t seed, uint64_t number,
                uint32_t threshold, float scale) {
  Stream stream(seed, number);
  floats factor, value;
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    stream.keep(threshold, scale, factor);
    std::memcpy(&value, x + i, sizeof value);
    value *= factor;
    std::memcpy(y + i, &value, sizeof value);
  }
  if (i == n)
    return;
  stream.keep(threshold, scale, factor);
  for (int k = 0; i + k < n; ++k)
    y[i + k] = x[i + k] * factor[k];
}

#include "kernels_adamw.hpp"
#include "kernels_attention.hpp"
#include "kernels_gelu.hpp"
#include "kernels_norm.hpp"
#if HPS_VECTOR == 16
#include "kernels_turn.hpp"
#else
constexpr std::nullptr_t turn = nullptr;
#endif

const Kernels kernels = {attend, attend_back, drop_numbers, adamw, square_sum, gelu, gelu_back, norm, norm_back, turn};
