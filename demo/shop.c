// A make-believe web shop with static probes: what the demo watches.
//
// One thread takes requests in and queues them, a few workers serve them with latencies that have a
// shape worth looking at: cached pages in under a millisecond, database work around ten, a search
// now and then above a hundred. Nothing but the probes leaves this program.
//
// Probes of provider `shop`, as `sdt_exporter list --exe` shows them:
//   request__start(id, path)           a request came in; path is a C string
//   request__done(id, status, bytes)   its answer went out, from another thread
//   cache__lookup(hit)                 hit is 0 or 1
//   queue__enter()  queue__leave()     a request waits, and waits no more
//
// The request probes have semaphores, as the probes of PostgreSQL or Python do: while nobody
// listens, a request pays for one test of a counter and its arguments are not even computed.

#define _GNU_SOURCE
#define _SDT_HAS_SEMAPHORES 1

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/sdt.h>
#include <time.h>

// With _SDT_HAS_SEMAPHORES, sys/sdt.h wants a semaphore for every probe of the file. The kernel
// counts the listeners in it; `volatile` because the compiler cannot see that.
#define SEMAPHORE(probe) \
  volatile unsigned short shop_##probe##_semaphore __attribute__((section(".probes"), used))
SEMAPHORE(request__start);
SEMAPHORE(request__done);
SEMAPHORE(cache__lookup);
SEMAPHORE(queue__enter);
SEMAPHORE(queue__leave);

#define ENABLED(probe) __builtin_expect(shop_##probe##_semaphore != 0, 0)

enum { workers = 4, queue_size = 256 };

struct request {
  uint64_t id;
  const char* path;
};

static struct {
  pthread_mutex_t lock;
  pthread_cond_t filled;
  struct request waiting[queue_size];
  unsigned head;
  unsigned count;
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER, .filled = PTHREAD_COND_INITIALIZER};

// Uniform in [0, 1).
static double chance(unsigned* seed) {
  return rand_r(seed) / ((double)RAND_MAX + 1.0);
}

static void spend_microseconds(double microseconds) {
  const struct timespec time = {(time_t)(microseconds / 1e6),
                                (long)(microseconds * 1e3) % 1000000000L};
  nanosleep(&time, NULL);
}

static int is_full(void) {
  pthread_mutex_lock(&queue.lock);
  const int full = queue.count == queue_size;
  pthread_mutex_unlock(&queue.lock);
  return full;
}

static void push(struct request request) {
  pthread_mutex_lock(&queue.lock);
  queue.waiting[(queue.head + queue.count++) % queue_size] = request;
  DTRACE_PROBE(shop, queue__enter);
  pthread_cond_signal(&queue.filled);
  pthread_mutex_unlock(&queue.lock);
}

static struct request pop(void) {
  pthread_mutex_lock(&queue.lock);
  while (queue.count == 0) pthread_cond_wait(&queue.filled, &queue.lock);
  const struct request request = queue.waiting[queue.head];
  queue.head = (queue.head + 1) % queue_size;
  queue.count--;
  DTRACE_PROBE(shop, queue__leave);
  pthread_mutex_unlock(&queue.lock);
  return request;
}

static void serve(const struct request* request, unsigned* seed) {
  const int hit = chance(seed) < 0.7;
  DTRACE_PROBE1(shop, cache__lookup, hit);
  if (hit) {
    spend_microseconds(100 + 600 * chance(seed));
  } else if (chance(seed) < 0.95) {
    spend_microseconds(4000 + 12000 * chance(seed) * chance(seed));
  } else {
    spend_microseconds(80000 + 120000 * chance(seed));
  }

  if (ENABLED(request__done)) {
    const double luck = chance(seed);
    const int status = luck < 0.90 ? 200 : luck < 0.95 ? 304 : luck < 0.99 ? 404 : 500;
    const uint64_t bytes = status == 200 ? 500 + (uint64_t)(60000 * chance(seed)) : 0;
    DTRACE_PROBE3(shop, request__done, request->id, status, bytes);
  }
}

static void* work(void* argument) {
  unsigned seed = (unsigned)(uintptr_t)argument;
  for (;;) {
    const struct request request = pop();
    serve(&request, &seed);
  }
  return NULL;
}

static void* take_requests(void* argument) {
  static const char* const paths[] = {"/", "/", "/", "/product", "/product", "/search", "/basket"};
  unsigned seed = (unsigned)(uintptr_t)argument;
  for (uint64_t id = 1;; id++) {
    // Customers come in small crowds.
    spend_microseconds(chance(&seed) < 0.2 ? 20000 * chance(&seed) : 400);
    if (is_full()) continue;
    const struct request request = {
        id, paths[(size_t)(chance(&seed) * (sizeof paths / sizeof paths[0]))]};
    if (ENABLED(request__start)) {
      DTRACE_PROBE2(shop, request__start, request.id, request.path);
    }
    push(request);
  }
  return NULL;
}

int main(void) {
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGINT);
  sigaddset(&stop, SIGTERM);
  // Blocked before the threads start, so that they inherit it and sigwait gets the signal.
  pthread_sigmask(SIG_BLOCK, &stop, NULL);

  pthread_t thread;
  pthread_create(&thread, NULL, take_requests, (void*)(uintptr_t)1);
  for (uintptr_t i = 0; i < workers; i++) pthread_create(&thread, NULL, work, (void*)(i + 2));

  int signal_number = 0;
  sigwait(&stop, &signal_number);
  return EXIT_SUCCESS;
}
