// What a client may take of the server.
//
// Purpose:   the limits, and the count of connections that went past them.
// Ownership: plain values.
// Thread:    the loop.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace sdt::expose {

struct ServerLimits {
  /// For the TLS handshake, which takes two round trips and a few milliseconds of a CPU.
  std::chrono::milliseconds handshake_timeout{10'000};
  /// For a request's header to arrive whole, and for the first one to begin: the same few hundred
  /// bytes everywhere.
  std::chrono::milliseconds header_timeout{10'000};
  /// Between requests: longer than the usual scrape interval of a minute, so that a scraper keeps
  /// its connection.
  std::chrono::milliseconds idle_timeout{75'000};
  /// For a response to be taken whole. Prometheus gives up after 10 s unless told otherwise.
  std::chrono::milliseconds write_timeout{30'000};
  /// What common servers allow; Prometheus sends a few hundred bytes.
  std::size_t max_header_bytes = 8 * 1024;
  /// A handful of scrapers and people; each may hold a response of megabytes in memory.
  std::size_t max_connections = 64;
};

/// Connections that were closed on the client, by reason.
struct DroppedConnections {
  std::uint64_t limit = 0;      ///< there were too many
  std::uint64_t handshake = 0;  ///< no TLS, or not a certificate that is let in
  std::uint64_t header = 0;     ///< a request that began and did not end in time
  std::uint64_t slow_read = 0;  ///< the response was not taken in time
};

}  // namespace sdt::expose
