// The result type of everything that can fail in operation.
//
// Purpose:   carry a value or an Error whose message a person can act on.
// Ownership: plain values.
// Thread:    any.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace sdt {

/// What kind of failure it was; decides the exit status, the `reason` label and whether a retry
/// makes sense.
enum class Errc {
  invalid,      ///< The input (spec, ELF file, flag) is wrong; trying again changes nothing.
  not_found,    ///< A file, process, probe or argument is not there (yet).
  permission,   ///< The kernel said EPERM or EACCES.
  unsupported,  ///< This kernel, file or build cannot do it.
  exhausted,    ///< A table or map has no room left.
  busy,         ///< Somebody else holds it (a port, a semaphore); a retry may succeed.
  gone,         ///< The process or file vanished while we looked; not an error in itself.
  io,           ///< Any other system call failed.
};

/// The word used for `reason` labels and in JSON.
[[nodiscard]] std::string_view to_string(Errc code);

/// A failure: what kind, and what failed on which object, why, and what to do, in one sentence
/// chain.
struct Error {
  Errc code = Errc::io;
  std::string message;

  /// Prepends what was being done: "attach metric x: <message>".
  [[nodiscard]] Error within(std::string_view doing) &&;
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

[[nodiscard]] inline tl::unexpected<Error> fail(Errc code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}

/// An Error from errno: "<doing>: <strerror>", with the code that errno stands for, and what to do
/// where that is known.
[[nodiscard]] tl::unexpected<Error> fail_errno(int error_number, std::string_view doing);

/// Passes a failure on with what was being done in front of it.
[[nodiscard]] inline tl::unexpected<Error> fail_within(std::string_view doing, Error error) {
  return tl::unexpected<Error>(std::move(error).within(doing));
}

}  // namespace sdt
