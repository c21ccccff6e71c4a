// The kernels of the CPU that are written by hand.
#ifndef HPSEARCH_KERNELS_HPP
#define HPSEARCH_KERNELS_HPP

#include <cstddef>
#include <cstdint>
#include <vector>

constexpr int64_t lanes = 16; // floats of a vector

inline int64_t padded(int64_t n) { return (n + lanes - 1) / lanes * lanes; }

// A Shape is that of one text and one head.
struct Shape {
  int64_t length, size; // tokens, numbers a token
  int64_t stride;       // from one token to the next
  float scale;
  uint32_t threshold; // of dropout; 0: none
  float kept;         // by which what is kept is multiplied
};

// The buffers of one thread.
struct Buffers {
  std::vector<float> memory;
  float *next;

  // reserve makes room for that many matrices of each shape.
  void reserve(const Shape &s, int64_t scores, int64_t tokens, int64_t turned) {
    size_t n = scores * s.length * padded(s.length) + tokens * s.length * padded(s.size) +
               turned * s.size * padded(s.length);
    if (memory.size() < n)
      memory.resize(n);
    next = memory.data();
  }
  float *take(int64_t n) {
    float *p = next;
    next += n;
    return p;
  }
  float *scores(const Shape &s) { return take(s.length * padded(s.length)); }
  float *tokens(const Shape &s) { return take(s.length * padded(s.size)); }
  float *turned(const Shape &s) { return take(s.size * padded(s.length)); }
};

// An AdamWUpdate is what a step does to the numbers of one parameter.
struct AdamWUpdate {
  float scale; // of the gradient
  float keep;  // of the parameter, after its decay
  float beta1, beta2;
  float correction; // of the root of v
  float epsilon;
  float rate; // learning rate over the correction of m
};

// Numbers of dropout that are drawn from one stream: what is drawn does not
// depend on the threads.
constexpr int64_t drop_block = 1 << 14;

// A Drop is dropout with given draws.
struct Drop {
  uint64_t seed;
  uint32_t threshold; // 0: none
  float scale;
};

// A Norm is y = LayerNorm(dropout(x + bias) + residual) of rows of width
// numbers, a multiple of lanes.
struct Norm {
  int64_t width;
  const float *bias, *weight, *shift; // the last two of LayerNorm
  float epsilon;
  Drop drop;
};

// Kernels are compiled for one instruction set.
struct Kernels {
  // attend sets one head of a text in out, and sums, of which it has one for
  // each token, for the way back. Dropout draws from stream number of a seed.
  void (*attend)(float *out, float *sums, const float *q, const float *k, const float *v, const Shape &s, Buffers &b,
                 uint64_t seed, uint64_t number);
  // attend_back sets the gradients of q, k and v for gradient d of out.
  void (*attend_back)(float *dq, float *dk, float *dv, const float *d, const float *sums, const float *q,
                      const float *k, const float *v, const Shape &s, Buffers &b, uint64_t seed, uint64_t number);
  // drop_numbers sets y to x with dropout.
  void (*drop_numbers)(float *y, const float *x, int64_t n, uint64_t seed, uint64_t number, uint32_t threshold,
                       float scale);
  // adamw updates n numbers p and their averages m and v by gradients g.
  void (*adamw)(float *p, float *m, float *v, const float *g, int64_t n, const AdamWUpdate &u);
  // square_sum returns the sum of squares.
  double (*square_sum)(const float *g, int64_t n);
  // gelu adds the bias to rows of x, of width numbers, a multiple of lanes, and
  // sets y to x Φ(x).
  void (*gelu)(float *y, float *x, const float *bias, int64_t rows, int64_t width);
  // gelu_back sets the gradient of x, which has its bias, and adds its columns to
  // sums.
  void (*gelu_back)(float *dx, float *sums, const float *dy, const float *x, int64_t rows, int64_t width);
  // norm sets rows of y, the first of which is that number among those that are
  // dropped out of. unit and scales, rows of mean 0 and deviation 1 and what they
  // were multiplied by, are for the way back.
  void (*norm)(float *y, float *unit, float *scales, const float *x, const float *residual, const Norm &n,
               int64_t first, int64_t rows);
  // norm_back sets the gradients of rows of x and of the residual, which are the
  // same, and dx not set, without dropout. It adds those of the weight, the shift
  // and the bias to sums [3, width].
  void (*norm_back)(float *dx, float *dresidual, float *sums, const float *dy, const float *unit, const float *scales,
                    const Norm &n, int64_t first, int64_t rows);
  // turn sets rows from up to to of out [width, rows] to the columns of a matrix
  // [rows, width]; all are multiples of lanes. null where that does not pay.
  void (*turn)(float *out, const float *in, int64_t rows, int64_t width, int64_t from, int64_t to);
};

// kernels_here are those for this machine.
const Kernels &kernels_here();

// threshold_of returns the 32-bit number below which a fraction p of them is.
inline uint32_t threshold_of(double p) {
  double t = p * 4294967296.0;
  return t >= 4294967295.0 ? 4294967295u : static_cast<uint32_t>(t);
}

#endif
