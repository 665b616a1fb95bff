// The names an expression may use.
//
// Purpose:   one table of every word of the expression language, for the parser and its messages.
// Ownership: constants.
// Thread:    any; pure.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

#include "spec/expression.h"

namespace sdt::spec::vocabulary {

/// sys/sdt.h can declare 12 arguments: arg0 … arg11.
inline constexpr std::uint8_t most_arguments = 12;

inline constexpr std::array<std::string_view, 8> type_names = {
    "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"};

/// Everything that can be spelled wrong.
inline constexpr std::array<std::string_view, 41> names = {
    "arg0",    "arg1",  "arg2",      "arg3",       "arg4",       "arg5",          "arg6",
    "arg7",    "arg8",  "arg9",      "start.arg0", "start.arg1", "start.arg2",    "start.arg3",
    "elapsed", "pid",   "tid",       "uid",        "gid",        "cpu",           "nsecs",
    "str",     "comm",  "exe",       "probe",      "provider",   "int8",          "int16",
    "int32",   "int64", "uint8",     "uint16",     "uint32",     "uint64",        "start.arg4",
    "cgroup",  "unit",  "container", "pod",        "namespace",  "container_name"};

/// For messages: what an integer or a text can start with.
inline constexpr std::string_view integers =
    "argN, start.argN, elapsed, pid, tid, uid, gid, cpu, nsecs, a constant, uint32(x), "
    "*(uint32*)(x)";
inline constexpr std::string_view texts =
    "str(x), comm, exe, probe, provider, cgroup, unit, container, pod, namespace, container_name";

inline constexpr std::array<std::pair<std::string_view, Compare>, 6> comparisons = {{
    {"==", Compare::eq},
    {"!=", Compare::ne},
    {"<", Compare::lt},
    {"<=", Compare::le},
    {">", Compare::gt},
    {">=", Compare::ge},
}};

[[nodiscard]] std::optional<IntType> int_type(std::string_view name);

/// comm, exe, probe, provider, cgroup, …
[[nodiscard]] std::optional<Attribute> attribute(std::string_view name);

/// True for every name that stands for a text.
[[nodiscard]] bool is_text_name(std::string_view name);

/// argN, start.argN, elapsed …; nothing for a name that is none of them; an error for an argument
/// number that cannot be.
[[nodiscard]] tl::expected<std::optional<Load>, std::string> source(std::string_view name);

}  // namespace sdt::spec::vocabulary
