#include "base/result.h"

#include <cerrno>
#include <system_error>

#include <fmt/format.h>

namespace sdt {
namespace {

Errc code_of(int error_number) {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
      return Errc::not_found;
    case EPERM:
    case EACCES:
      return Errc::permission;
    case EOPNOTSUPP:
    case ENOSYS:
      return Errc::unsupported;
    case ENOMEM:
    case ENOSPC:
    case E2BIG:
    case EMFILE:
    case ENFILE:
      return Errc::exhausted;
    case EBUSY:
    case EADDRINUSE:
      return Errc::busy;
    case ESRCH:
      return Errc::gone;
    case EINVAL:
      return Errc::invalid;
    default:
      return Errc::io;
  }
}

/// What the words of the C library leave open.
std::string_view advice_for(int error_number) {
  // Each probe of a process is a descriptor where attaching goes through perf events.
  if (error_number == EMFILE) return "; raise LimitNOFILE= of the service, or ulimit -n";
  return "";
}

}  // namespace

std::string_view to_string(Errc code) {
  switch (code) {
    case Errc::invalid:
      return "invalid";
    case Errc::not_found:
      return "not_found";
    case Errc::permission:
      return "permission";
    case Errc::unsupported:
      return "unsupported";
    case Errc::exhausted:
      return "exhausted";
    case Errc::busy:
      return "busy";
    case Errc::gone:
      return "gone";
    case Errc::io:
      return "io";
  }
  return "io";
}

Error Error::within(std::string_view doing) && {
  message.insert(0, fmt::format("{}: ", doing));
  return std::move(*this);
}

tl::unexpected<Error> fail_errno(int error_number, std::string_view doing) {
  return fail(code_of(error_number),
              fmt::format("{}: {}{}", doing, std::generic_category().message(error_number),
                          advice_for(error_number)));
}

}  // namespace sdt
