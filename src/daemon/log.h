// The daemon's log: one line an event, logfmt or JSON, on standard error.
//
// Purpose:   messages with named fields, in the two formats the exporter-toolkit's users know.
//            spdlog stays in the .cpp.
// Ownership: a value that shares its sink.
// Thread:    any.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace spdlog {
class logger;
namespace sinks {
class sink;
}
}  // namespace spdlog

namespace sdt::daemon {

enum class LogLevel { debug, info, warn, error };
enum class LogFormat { logfmt, json };

class Log {
 public:
  using Field = std::pair<std::string_view, std::string>;
  using Fields = std::initializer_list<Field>;

  Log(LogLevel level, LogFormat format);
  /// logfmt for somebody who shows the lines himself.
  Log(LogLevel level, std::function<void(std::string_view line)> take);

  void debug(std::string_view message, Fields fields = {}) const {
    write(LogLevel::debug, message, fields);
  }
  void info(std::string_view message, Fields fields = {}) const {
    write(LogLevel::info, message, fields);
  }
  void warn(std::string_view message, Fields fields = {}) const {
    write(LogLevel::warn, message, fields);
  }
  void error(std::string_view message, Fields fields = {}) const {
    write(LogLevel::error, message, fields);
  }

 private:
  Log(LogLevel level, LogFormat format, std::shared_ptr<spdlog::sinks::sink> sink);
  void write(LogLevel level, std::string_view message, Fields fields) const;

  std::shared_ptr<spdlog::logger> logger_;
  LogFormat format_;
};

/// key=value with quotes and escapes where the value needs them (https://brandur.org/logfmt
/// describes the format).
[[nodiscard]] std::string logfmt_value(std::string_view value);

}  // namespace sdt::daemon
