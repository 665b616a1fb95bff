// The terminal while `watch` draws on it.
//
// Purpose:   a screen of its own, without cursor and line editing; and the terminal as it was once
//            this is over, whatever the way out.
// Ownership: owns the state of the terminal from take_over() on, and a description of its own to
//            read keys from. The descriptors given to it are the caller's.
// Thread:    one at a time.
#pragma once

#include <termios.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"

namespace sdt::cli {

enum class Key { quit, up, down, page_up, page_down, top };

/// What was pressed; keys that mean nothing are left out.
[[nodiscard]] std::vector<Key> keys_in(std::string_view bytes);

class Terminal {
 public:
  /// Draws on `out`. Keys come from `in` where it is a terminal; else there are none.
  Terminal(int in, int out);
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal() { give_back(); }

  void take_over();
  /// Everything as it was. More than once does no harm.
  void give_back();

  struct Size {
    std::size_t columns = 80;
    std::size_t rows = 24;
  };
  [[nodiscard]] Size size() const;

  /// The whole screen. Lines that are too long are cut by the terminal, those that are too many
  /// here.
  void show(const std::vector<std::string>& lines);

  /// Readable when a key is pressed; -1: no keys.
  [[nodiscard]] int keys() const { return keys_.get(); }
  /// What was pressed since; nothing when the terminal is gone.
  [[nodiscard]] std::optional<std::vector<Key>> read_keys();

 private:
  void send(std::string_view text) const;

  int out_;
  UniqueFd keys_;
  bool is_taken_ = false;
  std::optional<termios> before_;  ///< unset: nothing was changed
};

}  // namespace sdt::cli
