// GELU: kernels_isa.hpp includes this for each instruction set.

// tail sets left to Φ(-|x|), and slope to the density of the normal
// distribution at x. Φ(-a) e^(a²/2) is smooth: a polynomial in u = 1/(1 + 0.3 a),
// times u, is within 1.3e-7 of it, relatively, for all a whose density is not 0.
// (The form is that of Abramowitz and Stegun 1964, 7.1.26; the coefficients are
// a minimax fit of degree 7.)
HPS_INLINE void tail(const floats &x, floats &left, floats &slope) {
  words positive = reinterpret_cast<words>(x) & 0x7fffffffu;
  floats u = 1.0f / (1.0f + 0.3f * reinterpret_cast<floats>(positive));
  slope = x * x * -0.5f;
  exponential(slope);
  floats p = u * 0.0360362085f - 0.15871325f;
  p = p * u + 0.208964015f;
  p = p * u - 0.0560953911f;
  p = p * u + 0.129843177f;
  p = p * u + 0.0995231313f;
  p = p * u + 0.120816882f;
  p = p * u + 0.119625166f;
  left = p * u * slope;
  slope *= 0.398942280f; // 1/√(2π)
}

// below sets share to Φ(x), and slope as tail does.
HPS_INLINE void below(const floats &x, floats &share, floats &slope) {
  tail(x, share, slope);
  words negative = reinterpret_cast<words>(x < 0.0f);
  floats right = 1.0f - share;
  share = reinterpret_cast<floats>((reinterpret_cast<words>(share) & negative) |
                                   (reinterpret_cast<words>(right) & ~negative));
}

void gelu(float *__restrict y, float *__restrict x, const float *__restrict bias, int64_t rows, int64_t width) {
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t c = 0; c < width; c += lanes) {
      const int64_t at = i * width + c;
      floats value, of, share, slope;
      std::memcpy(&value, x + at, sizeof value);
      std::memcpy(&of, bias + c, sizeof of);
      value += of;
      std::memcpy(x + at, &value, sizeof value);
      below(value, share, slope);
      value *= share;
      std::memcpy(y + at, &value, sizeof value);
    }
}

void gelu_back(float *__restrict dx, float *__restrict sums, const float *__restrict dy, const float *__restrict x,
               int64_t rows, int64_t width) {
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t c = 0; c < width; c += lanes) {
      const int64_t at = i * width + c;
      floats value, d, share, slope, sum;
      std::memcpy(&value, x + at, sizeof value);
      std::memcpy(&d, dy + at, sizeof d);
      std::memcpy(&sum, sums + c, sizeof sum);
      below(value, share, slope);
      d *= share + value * slope;
      sum += d;
      std::memcpy(dx + at, &d, sizeof d);
      std::memcpy(sums + c, &sum, sizeof sum);
    }
}
