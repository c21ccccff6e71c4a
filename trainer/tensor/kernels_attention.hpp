// Attention: kernels_isa.hpp includes this for each instruction set.

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
#pragma GCC unroll 2
    for (int c = 0; c < C; ++c)
      std::memcpy(&right[c], b + k * width + c * lanes, sizeof right[c]);
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 2
      for (int c = 0; c < C; ++c)
        sums[r][c] += a.data[r * a.row + k * a.column] * right[c];
  }
#pragma GCC unroll 4
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 2
    for (int c = 0; c < C; ++c)
      std::memcpy(out + r * width + c * lanes, &sums[r][c], sizeof sums[r][c]);
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
  if (rows >= 4) { // the last four overlap with those before
    for (; i < rows; i += 4) {
      const int64_t at = std::min(i, rows - 4);
      strip<4>(out + at * width, width, {a.data + at * a.row, a.row, a.column}, b, depth);
    }
    return;
  }
  for (; i < rows; ++i)
    strip<1>(out + i * width, width, {a.data + i * a.row, a.row, a.column}, b, depth);
}

// copy makes [length, padded size] of a head; the padding is zero.
HPS_INLINE void copy(float *to, const float *from, const Shape &s) {
  const int64_t width = padded(s.size), whole = s.size / lanes * lanes;
  for (int64_t i = 0; i < s.length; ++i, to += width, from += s.stride) {
    for (int64_t c = 0; c < whole; c += lanes)
      std::memcpy(to + c, from + c, sizeof(floats));
    for (int64_t c = whole; c < width; ++c)
      to[c] = c < s.size ? from[c] : 0;
  }
}

#if HPS_VECTOR == 16
// transpose16 turns the matrix of 16 vectors.
HPS_INLINE void transpose16(floats *r) {
  // Doubles the size of turned blocks: of 1, 2, 4 and 8 numbers.
#pragma GCC unroll 4
  for (int half = 1; half < lanes; half *= 2) {
    words low, high;
#pragma GCC unroll 16
    for (int k = 0; k < lanes; ++k) {
      low[k] = (k & half) ? lanes + k - half : k;
      high[k] = (k & half) ? lanes + k : k + half;
    }
#pragma GCC unroll 16
    for (int i = 0; i < lanes; ++i)
      if ((i & half) == 0) {
        floats a = r[i], b = r[i + half];
        r[i] = __builtin_shuffle(a, b, low);
        r[i + half] = __builtin_shuffle(a, b, high);
      }
  }
}
#endif

// transpose makes [size, padded length] of a head; the padding is zero.
HPS_INLINE void transpose(float *to, const float *from, const Shape &s) {
  const int64_t width = padded(s.length);
  int64_t c = 0;
#if HPS_VECTOR == 16
  for (; c + lanes <= s.size; c += lanes)
    for (int64_t j = 0; j < width; j += lanes) {
      floats r[lanes];
      const int64_t n = std::min(lanes, s.length - j);
#pragma GCC unroll 16
      for (int64_t k = 0; k < lanes; ++k)
        if (k < n)
          std::memcpy(&r[k], from + (j + k) * s.stride + c, sizeof r[k]);
        else
          r[k] = floats{};
      transpose16(r);
      for (int64_t k = 0; k < lanes; ++k)
        std::memcpy(to + (c + k) * width + j, &r[k], sizeof r[k]);
    }
#endif
  for (; c < s.size; ++c)
    for (int64_t j = 0; j < width; ++j)
      to[c * width + j] = j < s.length ? from[j * s.stride + c] : 0;
}

HPS_INLINE void put(float *to, const float *from, const Shape &s) {
  const int64_t width = padded(s.size), whole = s.size / lanes * lanes;
  for (int64_t i = 0; i < s.length; ++i, to += s.stride, from += width) {
    for (int64_t c = 0; c < whole; c += lanes)
      std::memcpy(to + c, from + c, sizeof(floats));
    for (int64_t c = whole; c < s.size; ++c)
      to[c] = from[c];
  }
}

// A Row is scores of one token, scaled; those of no token are -infinity.
struct Row {
  int64_t length, width;
  float scale;
  floats last; // what is added to the last vector

  HPS_INLINE explicit Row(const Shape &s) : length(s.length), width(padded(s.length)), scale(s.scale) {
    for (int k = 0; k < lanes; ++k)
      last[k] = width - lanes + k < length ? 0 : -INFINITY;
  }
  HPS_INLINE void read(const float *row, int64_t j, floats &x) const {
    std::memcpy(&x, row + j, sizeof x);
    x *= scale;
    if (j + lanes == width)
      x += last;
  }
};

// weigh turns products of queries and keys into weights whose rows sum to 1,
// and sets sums to the logarithms of the sums.
HPS_INLINE void weigh(float *scores, float *sums, const Shape &s) {
  const Row of(s);
  for (int64_t i = 0; i < s.length; ++i) {
    float *row = scores + i * of.width;
    floats x, tops, sum = {};
    of.read(row, 0, tops);
    for (int64_t j = lanes; j < of.width; j += lanes) {
      of.read(row, j, x);
      words less = reinterpret_cast<words>(tops < x);
      tops = reinterpret_cast<floats>((reinterpret_cast<words>(tops) & ~less) | (reinterpret_cast<words>(x) & less));
    }
    const float most = largest(tops);
    for (int64_t j = 0; j < of.width; j += lanes) {
      of.read(row, j, x);
      x -= most;
      exponential(x);
      sum += x;
      std::memcpy(row + j, &x, sizeof x);
    }
    const float all = total(sum);
    for (int64_t j = 0; j < of.width; j += lanes) {
      std::memcpy(&x, row + j, sizeof x);
      x *= 1 / all;
      std::memcpy(row + j, &x, sizeof x);
    }
    sums[i] = most + std::log(all);
  }
}

// weigh_again makes the same weights of the sums, but for rounding.
HPS_INLINE void weigh_again(float *scores, const float *sums, const Shape &s) {
  const Row of(s);
  for (int64_t i = 0; i < s.length; ++i) {
    float *row = scores + i * of.width;
    for (int64_t j = 0; j < of.width; j += lanes) {
      floats x;
      of.read(row, j, x);
      x -= sums[i];
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

// ahead asks for what the next head will read: rows of few numbers, far apart,
// are what a cache does not foresee.
HPS_INLINE void ahead(const float *of, const Shape &s) {
  for (int64_t i = 0; i < s.length; ++i)
    for (int64_t c = s.size; c < 2 * s.size; c += lanes)
      __builtin_prefetch(of + i * s.stride + c);
}

void attend(float *out, float *sums, const float *q, const float *k, const float *v, const Shape &s, Buffers &b,
            uint64_t seed, uint64_t number) {
  b.reserve(s, 1, 2, 1);
  ahead(k, s);
  ahead(q, s);
  ahead(v, s);
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
  ahead(k, s);
  ahead(q, s);
  ahead(v, s);
  ahead(d, s);
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
    const float dot = total(dots);
    for (int64_t j = 0; j < width; j += lanes) {
      floats w, t;
      std::memcpy(&w, weights + i * width + j, sizeof w);
      std::memcpy(&t, slopes + i * width + j, sizeof t);
      t = w * (t - dot) * s.scale;
      std::memcpy(slopes + i * width + j, &t, sizeof t);
    }
  }
  copy(right, k, s);
  product(result, s.length, size, {slopes, width, 1}, right, s.length);
  put(dq, result, s);
  copy(right, q, s);
  product(result, s.length, size, {slopes, 1, width}, right, s.length);
  put(dk, result, s);
}
