// The kernels, compiled once for each instruction set: kernels.cpp includes this
// in a namespace of each. Vectors are types of the compiler's, because clones of
// a function (as in optim.cpp) are made after it has split what is too wide for
// the least of them.

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

// A Factor is the left matrix of a product, in any order.
struct Factor {
  const float *data;
  int64_t row, column; // strides
};

// tile computes R rows and C vectors of columns of a b.
template <int R, int C>
HPS_INLINE void tile(float *out, int64_t width, Factor a, const float *b, int64_t depth) {
  floats sums[R][C] = {};
  for (int64_t k = 0; k < depth; ++k) {
    floats right[C];
    std::memcpy(right, b + k * width, sizeof right);
    for (int r = 0; r < R; ++r)
      for (int c = 0; c < C; ++c)
        sums[r][c] += a.data[r * a.row + k * a.column] * right[c];
  }
  for (int r = 0; r < R; ++r)
    std::memcpy(out + r * width, sums[r], sizeof sums[r]);
}

template <int R>
HPS_INLINE void strip(float *out, int64_t width, Factor a, const float *b, int64_t depth) {
  int64_t j = 0;
  for (; j + 2 * lanes <= width; j += 2 * lanes)
    tile<R, 2>(out + j, width, a, b + j, depth);
  for (; j < width; j += lanes)
    tile<R, 1>(out + j, width, a, b + j, depth);
}

// product sets out [rows, width] to a b, b [depth, width]; width is a multiple
// of lanes.
HPS_INLINE void product(float *out, int64_t rows, int64_t width, Factor a, const float *b, int64_t depth) {
  int64_t i = 0;
  for (; i + 4 <= rows; i += 4)
    strip<4>(out + i * width, width, {a.data + i * a.row, a.row, a.column}, b, depth);
  for (; i < rows; ++i)
    strip<1>(out + i * width, width, {a.data + i * a.row, a.row, a.column}, b, depth);
}

// copy makes [length, padded size] of a head; the padding is zero.
HPS_INLINE void copy(float *to, const float *from, const Shape &s) {
  int64_t width = padded(s.size);
  for (int64_t i = 0; i < s.length; ++i)
    for (int64_t c = 0; c < width; ++c)
      to[i * width + c] = c < s.size ? from[i * s.stride + c] : 0;
}

// transpose makes [size, padded length] of a head; the padding is zero.
HPS_INLINE void transpose(float *to, const float *from, const Shape &s) {
  int64_t width = padded(s.length);
  for (int64_t c = 0; c < s.size; ++c)
    for (int64_t j = 0; j < width; ++j)
      to[c * width + j] = j < s.length ? from[j * s.stride + c] : 0;
}

HPS_INLINE void put(float *to, const float *from, const Shape &s) {
  int64_t width = padded(s.size);
  for (int64_t i = 0; i < s.length; ++i)
    for (int64_t c = 0; c < s.size; ++c)
      to[i * s.stride + c] = from[i * width + c];
}

// weigh turns products of queries and keys into weights whose rows sum to 1,
// and sets sums to the logarithms of the sums.
HPS_INLINE void weigh(float *scores, float *sums, const Shape &s) {
  int64_t width = padded(s.length);
  for (int64_t i = 0; i < s.length; ++i) {
    float *row = scores + i * width;
    float most = row[0];
    for (int64_t j = 1; j < s.length; ++j)
      most = std::max(most, row[j]);
    most *= s.scale; // which is positive
    for (int64_t j = s.length; j < width; ++j)
      row[j] = -INFINITY;
    floats total = {};
    for (int64_t j = 0; j < width; j += lanes) {
      floats x;
      std::memcpy(&x, row + j, sizeof x);
      x = x * s.scale - most;
      exponential(x);
      total += x;
      std::memcpy(row + j, &x, sizeof x);
    }
    float sum = 0;
    for (int k = 0; k < lanes; ++k)
      sum += total[k];
    for (int64_t j = 0; j < width; ++j)
      row[j] /= sum;
    sums[i] = most + std::log(sum);
  }
}

// weigh_again makes the same weights of the sums, but for rounding.
HPS_INLINE void weigh_again(float *scores, const float *sums, const Shape &s) {
  int64_t width = padded(s.length);
  for (int64_t i = 0; i < s.length; ++i) {
    float *row = scores + i * width;
    for (int64_t j = s.length; j < width; ++j)
      row[j] = -INFINITY;
    for (int64_t j = 0; j < width; j += lanes) {
      floats x;
      std::memcpy(&x, row + j, sizeof x);
      x = x * s.scale - sums[i];
      exponential(x);
      std::memcpy(row + j, &x, sizeof x);
    }
  }
}

// drop multiplies weights by the factors of dropout.
HPS_INLINE void drop(float *weights, const Shape &s, uint64_t seed, uint64_t number) {
  Stream stream(seed, number);
  for (int64_t i = 0, n = s.length * padded(s.length); i < n; i += lanes) {
    floats x, factor;
    stream.keep(s.threshold, s.kept, factor);
    std::memcpy(&x, weights + i, sizeof x);
    x *= factor;
    std::memcpy(weights + i, &x, sizeof x);
  }
}

void attend(float *out, float *sums, const float *q, const float *k, const float *v, const Shape &s, Buffers &b,
            uint64_t seed, uint64_t number) {
  b.reserve(s, 1, 2, 1);
  float *weights = b.scores(s), *values = b.tokens(s), *mixed = b.tokens(s), *keys = b.turned(s);
  transpose(keys, k, s);
  product(weights, s.length, padded(s.length), {q, s.stride, 1}, keys, s.size);
  weigh(weights, sums, s);
  if (s.threshold != 0)
    drop(weights, s, seed, number);
  copy(values, v, s);
  product(mixed, s.length, padded(s.size), {weights, padded(s.length), 1}, values, s.length);
  put(out, mixed, s);
}

void attend_back(float *dq, float *dk, float *dv, const float *d, const float *sums, const float *q, const float *k,
                 const float *v, const Shape &s, Buffers &b, uint64_t seed, uint64_t number) {
  const bool drops = s.threshold != 0;
  b.reserve(s, drops ? 3 : 2, 2, 1);
  float *weights = b.scores(s), *slopes = b.scores(s), *left = weights, *right = b.tokens(s), *result = b.tokens(s), *turned = b.turned(s);
  const int64_t width = padded(s.length), size = padded(s.size), n = s.length * width;
  transpose(turned, k, s);
  product(weights, s.length, width, {q, s.stride, 1}, turned, s.size);
  weigh_again(weights, sums, s);

  transpose(turned, v, s);
  product(slopes, s.length, width, {d, s.stride, 1}, turned, s.size);
  copy(right, d, s);
  if (drops) { // the values were mixed by what it left of the weights
    drop(slopes, s, seed, number);
    left = b.scores(s);
    std::copy(weights, weights + n, left);
    drop(left, s, seed, number);
  }
  product(result, s.length, size, {left, 1, width}, right, s.length);
  put(dv, result, s);

  for (int64_t i = 0; i < s.length; ++i) {
    floats dots = {};
    for (int64_t j = 0; j < width; j += lanes) {
      floats w, t;
      std::memcpy(&w, weights + i * width + j, sizeof w);
      std::memcpy(&t, slopes + i * width + j, sizeof t);
      dots += w * t;
    }
    float dot = 0;
    for (int c = 0; c < lanes; ++c)
      dot += dots[c];
    for (int64_t j = 0; j < width; ++j)
      slopes[i * width + j] = weights[i * width + j] * (slopes[i * width + j] - dot) * s.scale;
  }
  copy(right, k, s);
  product(result, s.length, size, {slopes, width, 1}, right, s.length);
  put(dq, result, s);
  copy(right, q, s);
  product(result, s.length, size, {slopes, 1, width}, right, s.length);
  put(dk, result, s);
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

const Kernels kernels = {attend, attend_back, drop_numbers};
