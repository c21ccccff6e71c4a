// Transposes: kernels_isa.hpp includes this for instruction sets with which they
// pay.

// turn sets columns from up to to of a matrix [rows, width], both multiples of
// lanes, as rows of out [width, rows]. Squares of vectors are interleaved four
// times, first half with second: that is a transpose.
void turn(float *__restrict out, const float *__restrict in, int64_t rows, int64_t width, int64_t from, int64_t to) {
  const words low = {0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23};
  const words high = low + 8;
  for (int64_t i = 0; i < rows; i += lanes)
    for (int64_t j = from; j < to; j += lanes) {
      floats x[lanes], y[lanes];
#pragma GCC unroll 16
      for (int k = 0; k < lanes; ++k)
        std::memcpy(&x[k], in + (i + k) * width + j, sizeof x[k]);
#pragma GCC unroll 2
      for (int pair = 0; pair < 2; ++pair) {
#pragma GCC unroll 8
        for (int k = 0; k < lanes / 2; ++k) {
          y[2 * k] = __builtin_shuffle(x[k], x[k + lanes / 2], low);
          y[2 * k + 1] = __builtin_shuffle(x[k], x[k + lanes / 2], high);
        }
#pragma GCC unroll 8
        for (int k = 0; k < lanes / 2; ++k) {
          x[2 * k] = __builtin_shuffle(y[k], y[k + lanes / 2], low);
          x[2 * k + 1] = __builtin_shuffle(y[k], y[k + lanes / 2], high);
        }
      }
#pragma GCC unroll 16
      for (int k = 0; k < lanes; ++k)
        std::memcpy(out + (j + k) * rows + i, &x[k], sizeof x[k]);
    }
}
