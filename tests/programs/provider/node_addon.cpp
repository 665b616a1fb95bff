// provider.node: probes that a Node program registers while it runs, as an addon over libstapsdt
// does.
//
// For tests/e2e/node/usdt.js, which gives it the interface of node-usdt:
//
//   load(provider, "NAME:SIZE,… NAME:SIZE,…")   a library with these probes, in a memfd, is loaded
//   enabled(name)                               whether somebody traces it: 1 or 0
//   fire(name, …)                               numbers and strings, six at most
//
// Node's interface for addons is a C ABI that does not change; the few functions of it are declared
// here, so that no header of some version of Node is needed.
#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <list>
#include <sstream>
#include <string>
#include <vector>

#include "provider/library.h"

extern "C" {
using Env = struct OpaqueEnv*;
using Value = struct OpaqueValue*;
using CallbackInfo = struct OpaqueCallbackInfo*;
using Callback = Value (*)(Env, CallbackInfo);
int napi_create_function(Env, const char*, std::size_t, Callback, void*, Value*);
int napi_set_named_property(Env, Value, const char*, Value);
int napi_get_cb_info(Env, CallbackInfo, std::size_t*, Value*, Value*, void**);
int napi_get_value_string_utf8(Env, Value, char*, std::size_t, std::size_t*);
int napi_get_value_int64(Env, Value, std::int64_t*);
int napi_create_int32(Env, std::int32_t, Value*);
int napi_throw_error(Env, const char*, const char*);
}

namespace {

using provider::most_arguments;
using provider::Probe;
using Stub = void (*)(std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t,
                      std::uint64_t);

void* library = nullptr;

/// The arguments of a call from JavaScript.
struct Call {
  Call(Env from, CallbackInfo info) : env(from) {
    napi_get_cb_info(env, info, &count, values.data(), nullptr, nullptr);
  }
  [[nodiscard]] std::string text(std::size_t i) const {
    std::array<char, 1024> buffer{};
    std::size_t size = 0;
    napi_get_value_string_utf8(env, values[i], buffer.data(), buffer.size(), &size);
    return {buffer.data(), size};
  }

  Env env;
  std::array<Value, most_arguments + 1> values{};
  std::size_t count = values.size();
};

Value number(Env env, std::int32_t value) {
  Value result = nullptr;
  napi_create_int32(env, value, &result);
  return result;
}

Value load(Env env, CallbackInfo info) {
  const Call call(env, info);
  std::vector<Probe> probes;
  std::istringstream words(call.text(1));
  for (std::string word; words >> word;) {
    Probe probe{word.substr(0, word.find(':')), {}};
    std::istringstream sizes(word.substr(probe.name.size() + 1));
    for (std::string size; std::getline(sizes, size, ',');) probe.sizes.push_back(size);
    probes.push_back(probe);
  }
  const std::string bytes = provider::make_library(call.text(0), probes);
  const int fd = memfd_create(call.text(0).c_str(), MFD_CLOEXEC);
  if (write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size())) {
    library = dlopen(("/proc/self/fd/" + std::to_string(fd)).c_str(), RTLD_LAZY);
  }
  close(fd);
  if (library == nullptr) napi_throw_error(env, nullptr, dlerror());
  return nullptr;
}

void* stub_of(const Call& call) {
  return library == nullptr ? nullptr : dlsym(library, call.text(0).c_str());
}

Value enabled(Env env, CallbackInfo info) {
  constexpr unsigned char nop = 0x90;  // what a breakpoint takes the place of
  const void* const stub = stub_of({env, info});
  return number(
      env, stub != nullptr && *static_cast<const volatile unsigned char*>(stub) != nop ? 1 : 0);
}

Value fire(Env env, CallbackInfo info) {
  const Call call(env, info);
  std::list<std::string> texts;
  std::array<std::uint64_t, most_arguments> arguments{};
  for (std::size_t i = 1; i < call.count; ++i) {
    std::int64_t value = 0;
    const bool is_number = napi_get_value_int64(env, call.values[i], &value) == 0;
    arguments[i - 1] =
        is_number ? static_cast<std::uint64_t>(value)
                  : reinterpret_cast<std::uintptr_t>(texts.emplace_back(call.text(i)).c_str());
  }
  const auto& [a, b, c, d, e, f] = arguments;
  if (auto* const stub = reinterpret_cast<Stub>(stub_of(call))) stub(a, b, c, d, e, f);
  return nullptr;
}

}  // namespace

extern "C" [[gnu::visibility("default")]] Value napi_register_module_v1(Env env, Value exports) {
  const auto add = [&](const char* name, Callback callback) {
    Value function = nullptr;
    napi_create_function(env, name, std::string::traits_type::length(name), callback, nullptr,
                         &function);
    napi_set_named_property(env, exports, name, function);
  };
  add("load", load);
  add("enabled", enabled);
  add("fire", fire);
  return exports;
}
