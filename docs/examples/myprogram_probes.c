// The semaphores of myprogram's probes, and a function for each probe, for languages that can call
// C.
#include "myprogram.h"

#include <stdint.h>

#define DEFINE(probe) \
  volatile unsigned short myprogram_##probe##_semaphore __attribute__((section(".probes"), used))
DEFINE(request__start);
DEFINE(request__done);
DEFINE(cache__size);

void myprogram_request_start(uint64_t id, const char* path) {
  DTRACE_PROBE2(myprogram, request__start, id, path);
}

void myprogram_request_done(uint64_t id, int32_t status, uint64_t bytes) {
  DTRACE_PROBE3(myprogram, request__done, id, status, bytes);
}

void myprogram_cache_size(uint32_t entries) {
  DTRACE_PROBE1(myprogram, cache__size, entries);
}
