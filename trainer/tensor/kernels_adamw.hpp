// Kernels of optimizers: kernels_isa.hpp includes this for each instruction set.

// root sets x to its square root.
HPS_INLINE void root(floats &x) {
#if HPS_VECTOR == 16
  x = reinterpret_cast<floats>(_mm512_sqrt_ps(reinterpret_cast<__m512>(x)));
#elif HPS_VECTOR == 8
  __m256 halves[2];
  std::memcpy(halves, &x, sizeof halves);
  for (__m256 &half : halves)
    half = _mm256_sqrt_ps(half);
  std::memcpy(&x, halves, sizeof halves);
#else
  for (int k = 0; k < lanes; ++k)
    x[k] = std::sqrt(x[k]);
#endif
}

HPS_INLINE void adamw_lanes(float *p, float *m, float *v, const float *g, const AdamWUpdate &u) {
  floats pi, mi, vi, gi;
  std::memcpy(&pi, p, sizeof pi);
  std::memcpy(&mi, m, sizeof mi);
  std::memcpy(&vi, v, sizeof vi);
  std::memcpy(&gi, g, sizeof gi);
  gi *= u.scale;
  mi = mi * u.beta1 + gi * (1 - u.beta1);
  vi = vi * u.beta2 + gi * gi * (1 - u.beta2);
  floats size = vi;
  root(size);
  pi = pi * u.keep - u.rate * mi / (size * u.correction + u.epsilon);
  std::memcpy(p, &pi, sizeof pi);
  std::memcpy(m, &mi, sizeof mi);
  std::memcpy(v, &vi, sizeof vi);
}

void adamw(float *__restrict p, float *__restrict m, float *__restrict v, const float *__restrict g, int64_t n,
           const AdamWUpdate &u) {
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes)
    adamw_lanes(p + i, m + i, v + i, g + i, u);
  if (i == n)
    return;
  float rest[4][lanes] = {};
  const size_t bytes = (n - i) * sizeof(float);
  std::memcpy(rest[0], p + i, bytes);
  std::memcpy(rest[1], m + i, bytes);
  std::memcpy(rest[2], v + i, bytes);
  std::memcpy(rest[3], g + i, bytes);
  adamw_lanes(rest[0], rest[1], rest[2], rest[3], u);
  std::memcpy(p + i, rest[0], bytes);
  std::memcpy(m + i, rest[1], bytes);
  std::memcpy(v + i, rest[2], bytes);
}

double square_sum(const float *g, int64_t n) {
  floats sums[4] = {};
  int64_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    floats x[4];
    std::memcpy(x, g + i, sizeof x);
    for (int k = 0; k < 4; ++k)
      sums[k] += x[k] * x[k];
  }
  double sum = 0;
  for (; i < n; ++i)
    sum += static_cast<double>(g[i]) * g[i];
  for (const floats &of : sums)
    for (int k = 0; k < lanes; ++k)
      sum += of[k];
  return sum;
}
