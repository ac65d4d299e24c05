// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "schema/fold.hpp"

namespace ringside::schema::testing {

/// A fold that is told events as JSON, and at each of them held to what every fold promises: its snapshot is a valid
/// event, and a fold that begins with the snapshot is the same.
class ToldFold {
 public:
  explicit ToldFold(StateKind kind) : fold_(kind) {}

  /// The stamp of what is told from now on.
  ToldFold& at(std::uint64_t incarnation, std::uint64_t run);
  ToldFold& tell(std::string_view kind, std::string_view payload);
  /// A delta of one text part.
  ToldFold& text(std::string_view message_id, std::string_view text, std::uint32_t part_index = 0);

  [[nodiscard]] const Fold& fold() const noexcept { return fold_; }
  [[nodiscard]] const AgentFold& agent() const { return *fold_.agent(); }
  [[nodiscard]] const PresenceFold& presence() const { return *fold_.presence(); }

 private:
  void expect_snapshot() const;

  Fold fold_;
  Stamp stamp_{1, 1};
};

[[nodiscard]] bool same_bytes(const EventBuffer& left, const EventBuffer& right);

}  // namespace ringside::schema::testing
