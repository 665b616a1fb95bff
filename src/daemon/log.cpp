#include "daemon/log.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <nlohmann/json.hpp>

namespace sdt::daemon {
namespace {

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warn:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warn:
      return "warn";
    case LogLevel::error:
      return "error";
  }
  return "info";
}

std::string timestamp() {
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const auto second = std::chrono::floor<std::chrono::seconds>(now);
  return fmt::format("{:%FT%T}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(second)),
                     (now - second).count());
}

class LineSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit LineSink(std::function<void(std::string_view)> take) : take_(std::move(take)) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    take_({message.payload.data(), message.payload.size()});
  }
  void flush_() override {}

  std::function<void(std::string_view)> take_;
};

}  // namespace

std::string logfmt_value(std::string_view value) {
  const auto is_plain = [](char c) {
    return c > ' ' && c != '"' && c != '=' && c != '\\' && c != 0x7f;
  };
  if (!value.empty() && std::all_of(value.begin(), value.end(), is_plain))
    return std::string(value);
  std::string quoted = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (c == '\n') {
      quoted += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      quoted += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

Log::Log(LogLevel level, LogFormat format)
    : Log(level, format, std::make_shared<spdlog::sinks::stderr_sink_mt>()) {}

Log::Log(LogLevel level, std::function<void(std::string_view line)> take)
    : Log(level, LogFormat::logfmt, std::make_shared<LineSink>(std::move(take))) {}

Log::Log(LogLevel level, LogFormat format, std::shared_ptr<spdlog::sinks::sink> sink)
    : logger_(std::make_shared<spdlog::logger>("sdt", std::move(sink))), format_(format) {
  logger_->set_pattern("%v");
  logger_->set_level(spdlog_level(level));
  logger_->flush_on(spdlog::level::debug);
}

void Log::write(LogLevel level, std::string_view message, Fields fields) const {
  const auto spd_level = spdlog_level(level);
  if (!logger_->should_log(spd_level)) return;
  std::string line;
  if (format_ == LogFormat::json) {
    nlohmann::ordered_json object{{"ts", timestamp()}, {"level", name_of(level)}, {"msg", message}};
    for (const auto& [name, value] : fields) object[std::string(name)] = value;
    // Paths and comms may hold any byte: what is not UTF-8 is replaced rather than thrown about.
    line = object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  } else {
    line = fmt::format("ts={} level={} msg={}", timestamp(), name_of(level), logfmt_value(message));
    for (const auto& [name, value] : fields)
      line += fmt::format(" {}={}", name, logfmt_value(value));
  }
  logger_->log(spd_level, line);
}

}  // namespace sdt::daemon
