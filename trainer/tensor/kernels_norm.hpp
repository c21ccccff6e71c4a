// LayerNorm of a sum: kernels_isa.hpp includes this for each instruction set.

// A Mask yields the factors of dropout from a number on, as drop_numbers does.
struct Mask {
  const Drop &drop;
  int64_t at;
  Stream stream;

  HPS_INLINE Mask(const Drop &of, int64_t first) : drop(of), at(first), stream(of.seed, first / drop_block) {
    words skipped;
    for (int64_t i = first / drop_block * drop_block; i < first; i += lanes)
      stream.next(skipped);
  }
  HPS_INLINE void next(floats &factor) {
    if (at % drop_block == 0)
      stream = Stream(drop.seed, at / drop_block);
    at += lanes;
    stream.keep(drop.threshold, drop.scale, factor);
  }
};

template <bool drops>
HPS_INLINE void norm_rows(float *__restrict y, float *__restrict unit, float *__restrict scales,
                          const float *__restrict x, const float *__restrict residual, const Norm &n, int64_t first,
                          int64_t rows) {
  Mask mask(n.drop, first * n.width);
  for (int64_t i = 0; i < rows; ++i, x += n.width, residual += n.width, y += n.width, unit += n.width) {
    floats sum = {};
    for (int64_t c = 0; c < n.width; c += lanes) {
      floats value, bias, beside;
      std::memcpy(&value, x + c, sizeof value);
      std::memcpy(&bias, n.bias + c, sizeof bias);
      std::memcpy(&beside, residual + c, sizeof beside);
      value += bias;
      if (drops) {
        floats factor;
        mask.next(factor);
        value *= factor;
      }
      value += beside;
      sum += value;
      std::memcpy(unit + c, &value, sizeof value);
    }
    const float mean = total(sum) / n.width;
    floats squares = {};
    for (int64_t c = 0; c < n.width; c += lanes) {
      floats value;
      std::memcpy(&value, unit + c, sizeof value);
      value -= mean;
      squares += value * value;
    }
    const float scale = 1 / std::sqrt(total(squares) / n.width + n.epsilon);
    scales[i] = scale;
    for (int64_t c = 0; c < n.width; c += lanes) {
      floats value, weight, shift;
      std::memcpy(&value, unit + c, sizeof value);
      std::memcpy(&weight, n.weight + c, sizeof weight);
      std::memcpy(&shift, n.shift + c, sizeof shift);
      value = (value - mean) * scale;
      std::memcpy(unit + c, &value, sizeof value);
      value = value * weight + shift;
      std::memcpy(y + c, &value, sizeof value);
    }
  }
}

void norm(float *y, float *unit, float *scales, const float *x, const float *residual, const Norm &n, int64_t first,
          int64_t rows) {
  if (n.drop.threshold != 0)
    norm_rows<true>(y, unit, scales, x, residual, n, first, rows);
  else
    norm_rows<false>(y, unit, scales, x, residual, n, first, rows);
}

template <bool drops>
HPS_INLINE void norm_rows_back(float *__restrict dx, float *__restrict dresidual, float *__restrict sums,
                               const float *__restrict dy, const float *__restrict unit,
                               const float *__restrict scales, const Norm &n, int64_t first, int64_t rows) {
  Mask mask(n.drop, first * n.width);
  float *weights = sums, *shifts = sums + n.width, *biases = sums + 2 * n.width;
  for (int64_t i = 0; i < rows; ++i, dresidual += n.width, dy += n.width, unit += n.width) {
    floats sum = {}, dots = {};
    for (int64_t c = 0; c < n.width; c += lanes) {
      floats d, value, weight, of;
      std::memcpy(&d, dy + c, sizeof d);
      std::memcpy(&value, unit + c, sizeof value);
      std::memcpy(&of, shifts + c, sizeof of);
      of += d;
      std::memcpy(shifts + c, &of, sizeof of);
      std::memcpy(&of, weights + c, sizeof of);
      of += d * value;
      std::memcpy(weights + c, &of, sizeof of);
      std::memcpy(&weight, n.weight + c, sizeof weight);
      d *= weight;
      sum += d;
      dots += d * value;
    }
    const float mean = total(sum) / n.width, dot = total(dots) / n.width, scale = scales[i];
    for (int64_t c = 0; c < n.width; c += lanes) {
      floats d, value, weight, of;
      std::memcpy(&d, dy + c, sizeof d);
      std::memcpy(&value, unit + c, sizeof value);
      std::memcpy(&weight, n.weight + c, sizeof weight);
      d = (d * weight - mean - value * dot) * scale;
      std::memcpy(dresidual + c, &d, sizeof d);
      if (drops) {
        floats factor;
        mask.next(factor);
        d *= factor;
        std::memcpy(dx + i * n.width + c, &d, sizeof d);
      }
      std::memcpy(&of, biases + c, sizeof of);
      of += d;
      std::memcpy(biases + c, &of, sizeof of);
    }
  }
}

void norm_back(float *dx, float *dresidual, float *sums, const float *dy, const float *unit, const float *scales,
               const Norm &n, int64_t first, int64_t rows) {
  if (n.drop.threshold != 0)
    norm_rows_back<true>(dx, dresidual, sums, dy, unit, scales, n, first, rows);
  else
    norm_rows_back<false>(nullptr, dresidual, sums, dy, unit, scales, n, first, rows);
}
