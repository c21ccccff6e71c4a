// The allocator of CPU tensors. libtorch's own asks the C library for each
// tensor, which gives large blocks back to the system at once: the gradient of
// a vocabulary is then mapped and zeroed by the kernel, page by page, in every
// step. This one keeps large blocks for the next tensor of about the same size,
// asks for huge pages, and counts, as the allocator of CUDA tensors does.
#include "shim.h"
#include "shim.hpp"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>
#include <torch/version.h>
#define HPS_TORCH (TORCH_VERSION_MAJOR * 100 + TORCH_VERSION_MINOR)
#if HPS_TORCH >= 209
#include <c10/core/CachingDeviceAllocator.h>
#endif

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <mutex>
#include <vector>
#ifdef __linux__
#include <sys/mman.h>
#endif

namespace {

constexpr size_t line = 64;              // bytes of a cache line, and of a header
constexpr size_t large = size_t{1} << 16; // from here on blocks are kept
constexpr size_t huge = size_t{1} << 21;  // a huge page
constexpr size_t colours = 8;
constexpr size_t colour = 512; // blocks of one alignment would share cache sets
constexpr size_t least_kept = size_t{1} << 28;

// A header stands in the line before the data.
struct Header {
  void *base;
  size_t size;     // of the whole block
  size_t counted;  // what was asked for
};
static_assert(sizeof(Header) <= line, "a header takes one line");

Header *header(void *data) {
  return reinterpret_cast<Header *>(static_cast<char *>(data) - line);
}

// rounded returns the size of the class that n belongs to: eight between two
// powers of two, so that at most an eighth is wasted.
size_t rounded(size_t n) {
  size_t step = large / 8;
  while (step * 16 < n)
    step *= 2;
  return (n + step - 1) / step * step;
}

// A Class is the kept blocks of one size, their data.
struct Class {
  std::vector<void *> blocks;
  uint64_t used = 0; // when one was last wanted or given back
};

// A Pool's functions but count are called with its mutex held.
struct Pool {
  std::mutex mutex;
  std::map<size_t, Class> free; // by size; none is without blocks
  uint64_t now = 0;
  size_t kept = 0;
  size_t next_colour = 0;
  std::atomic<int64_t> live{0}, peak{0};

  void count(int64_t n) {
    int64_t now = live.fetch_add(n) + n;
    int64_t most = peak.load();
    while (now > most && !peak.compare_exchange_weak(most, now)) {
    }
  }

  // find returns a kept block of at least that size and not much more, null if
  // there is none: from step to step texts differ in length, and so do tensors
  // in size.
  void *find(size_t size) {
    auto c = free.lower_bound(size);
    if (c == free.end() || c->first > size + size / 2)
      return nullptr;
    auto &blocks = c->second.blocks;
    void *data = blocks.back();
    blocks.pop_back();
    kept -= c->first;
    c->second.used = ++now;
    if (blocks.empty())
      free.erase(c);
    return data;
  }

  void keep(void *data) {
    const size_t size = header(data)->size;
    // What is kept and what is used stay below twice what was once used.
    const size_t most = std::max(least_kept, 2 * static_cast<size_t>(peak.load()));
    while (kept > 0 && static_cast<size_t>(live.load()) + kept + size > most)
      drop();
    Class &c = free[size];
    c.blocks.push_back(data);
    c.used = ++now;
    kept += size;
  }

  // drop gives back a block of the size that was not used for longest.
  void drop() {
    auto oldest = free.begin();
    for (auto c = free.begin(); c != free.end(); ++c)
      if (c->second.used < oldest->second.used)
        oldest = c;
    auto &blocks = oldest->second.blocks;
    std::free(header(blocks.back())->base);
    kept -= oldest->first;
    blocks.pop_back();
    if (blocks.empty())
      free.erase(oldest);
  }

  void release() {
    while (kept > 0)
      drop();
  }
};

// Never destroyed: tensors may be freed while the process ends.
Pool &pool() {
  static Pool *p = new Pool;
  return *p;
}

void *fresh(size_t size, size_t offset) {
  void *base = nullptr;
  bool wide = size >= 2 * huge;
  if (posix_memalign(&base, wide ? huge : line, size) != 0)
    return nullptr;
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  if (wide)
    madvise(base, size, MADV_HUGEPAGE); // a wish: without it there are small pages
#endif
  void *data = static_cast<char *>(base) + line + offset;
  header(data)->base = base;
  header(data)->size = size;
  return data;
}

void *take(size_t n) {
  Pool &p = pool();
  void *data = nullptr;
  if (n < large) {
    data = fresh(n + line, 0);
  } else {
    size_t size = rounded(n + line + colours * colour);
    std::lock_guard<std::mutex> lock(p.mutex);
    data = p.find(size);
    if (data == nullptr) {
      size_t offset = p.next_colour++ % colours * colour;
      data = fresh(size, offset);
      if (data == nullptr) {
        p.release();
        data = fresh(size, offset);
      }
    }
  }
  // The words are libtorch's, by which a lack of memory is recognized.
  TORCH_CHECK(data != nullptr, "can't allocate memory: you tried to allocate ", n, " bytes");
  header(data)->counted = n;
  p.count(static_cast<int64_t>(n));
  return data;
}

void give(void *data) {
  if (data == nullptr)
    return;
  Pool &p = pool();
  Header *h = header(data);
  p.live.fetch_sub(static_cast<int64_t>(h->counted));
  if (h->counted < large) {
    std::free(h->base);
    return;
  }
  std::lock_guard<std::mutex> lock(p.mutex);
  p.keep(data);
}

struct CPUAllocator final : at::Allocator {
#if HPS_TORCH >= 203
  at::DataPtr allocate(size_t n) override { return make(n); }
  void copy_data(void *to, const void *from, std::size_t n) const override {
    default_copy_data(to, from, n);
  }
#else
  at::DataPtr allocate(size_t n) const override { return make(n); }
#endif
  at::DeleterFnPtr raw_deleter() const override { return &give; }

  static at::DataPtr make(size_t n) {
    void *data = n == 0 ? nullptr : take(n);
    return {data, data, &give, at::Device(at::DeviceType::CPU)};
  }
};

CPUAllocator cpu_allocator;

// libtorch's own is registered with priority 0 when its library is loaded,
// which is before this.
const bool registered = [] {
  c10::SetCPUAllocator(&cpu_allocator, 1);
  return true;
}();

} // namespace

void hps_release_memory(void) {
  {
    Pool &p = pool();
    std::lock_guard<std::mutex> lock(p.mutex);
    p.release();
  }
#if HPS_TORCH >= 209
  if (!cuda_in_use())
    return;
  try { // other processes may wait for the memory of a GPU
    auto *allocator = c10::getDeviceAllocator(c10::DeviceType::CUDA);
    if (allocator->initialized())
      allocator->emptyCache();
  } catch (...) { // of a device that is lost there is nothing to give back
  }
#endif
}

int64_t hps_peak_memory(int device, int reset) {
  if (device < 0) {
    int64_t most = pool().peak.load();
    if (reset)
      pool().peak.store(pool().live.load());
    return most;
  }
#if HPS_TORCH >= 209
  try {
    auto *allocator = c10::getDeviceAllocator(c10::DeviceType::CUDA);
    auto index = static_cast<c10::DeviceIndex>(device);
    // The first of the kinds of blocks is their sum.
    int64_t most = allocator->getDeviceStats(index).allocated_bytes[0].peak;
    if (reset)
      allocator->resetPeakStats(index);
    return most;
  } catch (...) { // a device that was not used yet has no allocator
    return -1;
  }
#else
  return -1;
#endif
}
