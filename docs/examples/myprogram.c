// myprogram: serves requests. A line of standard input is a path, and is answered with a line. C
// and C++.
//
//   request__start(id, path)            before a request is served
//   request__done(id, status, bytes)    after it
//   cache__size(entries)                after the cache took another page
#include "myprogram.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static uint32_t cached;

static int serve(const char* path, uint64_t* bytes) {
  if (path[0] != '/') return 404;
  const struct timespec slow = {0, 5000000};
  if (strcmp(path, "/slow") == 0) nanosleep(&slow, NULL);
  DTRACE_PROBE1(myprogram, cache__size, ++cached);
  *bytes = 100 * strlen(path);
  return 200;
}

int main(void) {
  char path[256];
  puts("ready");
  fflush(stdout);
  for (uint64_t id = 1; fgets(path, sizeof path, stdin) != NULL; id++) {
    path[strcspn(path, "\n")] = '\0';
    if (LISTENING(request__start)) DTRACE_PROBE2(myprogram, request__start, id, path);
    uint64_t bytes = 0;
    const int status = serve(path, &bytes);
    DTRACE_PROBE3(myprogram, request__done, id, status, bytes);
    printf("%d\n", status);
    fflush(stdout);
  }
  return 0;
}
