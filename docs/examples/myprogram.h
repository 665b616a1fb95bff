// The probes of myprogram, each once: with its semaphore, and with the test whether somebody
// listens.
#pragma once

#define _SDT_HAS_SEMAPHORES 1  // before sys/sdt.h: every probe of this file has one
#include <sys/sdt.h>

// The kernel counts the listeners of a probe here. `volatile`, because no compiler sees that;
// hidden, because nobody else links to it. myprogram_probes.c holds the variables.
#define SEMAPHORE(probe) \
  __attribute__((visibility("hidden"))) extern volatile unsigned short myprogram_##probe##_semaphore

#ifdef __cplusplus
extern "C" {
#endif
SEMAPHORE(request__start);
SEMAPHORE(request__done);
SEMAPHORE(cache__size);
#ifdef __cplusplus
}
#endif

#define LISTENING(probe) __builtin_expect(myprogram_##probe##_semaphore != 0, 0)
