// SPDX-License-Identifier: Apache-2.0
#include "agentd/topic_keyframes.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>

#include <flatbuffers/flatbuffers.h>

#include "schema/token_run.hpp"

namespace ringside::agentd {

namespace {

/// What the smallest snapshot is taken to be.
constexpr std::uint64_t snapshot_size_min = 256;
/// So many bytes a subscriber is left to read behind a keyframe, whatever the state's size.
constexpr std::uint64_t tail_size_min = 4096;

}  // namespace

TopicKeyframes::TopicKeyframes(shm::RingWriter& writer, shm::LargeSegments& large, schema::StateKind kind,
                               const std::optional<schema::EventBuffer>& initial)
    : writer_(writer), large_(large), kind_(kind), folded_(writer.latest()) {
  if (!wanted()) return;
  fold_.emplace(kind);
  if (initial) fold_->apply(initial->event());
}

void TopicKeyframes::begin_life() noexcept {
  if (kind_ != schema::StateKind::agent || fold_) return;
  try {
    fold_.emplace(kind_);
    folded_ = writer_.latest();
    time_ns_.reset();
    too_large_ = std::numeric_limits<std::size_t>::max();
  } catch (const std::bad_alloc&) {
    fold_.reset();
  }
}

void TopicKeyframes::catch_up() noexcept {
  if (!fold_) return;
  try {
    schema::TokenRun run(*fold_);
    writer_.for_each_since(folded_, [&](const shm::Record& record) {
      run.apply({record.payload, record.size});
      time_ns_ = record.time_ns;
    });
    run.finish();
    folded_ = writer_.latest();
  } catch (const std::bad_alloc&) {
    fold_.reset();
  }
}

void TopicKeyframes::before_roll(std::int64_t time_ns) noexcept {
  catch_up();
  if (fold_ && !rests() && is_due_at_roll()) publish(time_ns, std::numeric_limits<std::uint64_t>::max());
}

/// Whether a try has failed half a window ago at most: the next one would probably as well.
bool TopicKeyframes::rests() const noexcept {
  const std::uint64_t half = std::max<std::uint64_t>(writer_.geometry().window_segments / 2, 1);
  return failed_at_ && writer_.latest().generation - *failed_at_ < half;
}

/// Whether the last keyframe would be too far behind, were the segment left.
bool TopicKeyframes::is_due_at_roll() const noexcept {
  const shm::RingGeometry& geometry = writer_.geometry();
  const std::uint64_t half = geometry.window_segments / 2;
  const std::uint64_t longest = std::max<std::uint64_t>(half, geometry.window_segments - 2);
  const std::uint64_t wanted = events_per_keyframe * fold_->size() / geometry.segment_size;
  // One that costs more than it may is not made for nobody: who comes is given one.
  if (wanted > longest && writer_.subscriber_count() == 0) return false;
  const auto keyframe = writer_.keyframe();
  const std::uint64_t behind = writer_.latest().generation - (keyframe ? keyframe->generation : 0);
  return behind >= std::clamp(wanted, half, longest);
}

void TopicKeyframes::at_joint(std::int64_t time_ns) noexcept {
  if (!fold_ || rests() || bytes_since() < events_per_keyframe * snapshot_size_min) return;
  catch_up();
  if (fold_ && bytes_since() >= events_per_keyframe * fold_->size())
    publish(time_ns, bytes_since() / events_per_keyframe);
}

std::optional<shm::Cursor> TopicKeyframes::for_subscriber(std::int64_t time_ns) noexcept {
  if (fold_ &&
      (!writer_.keyframe() || bytes_since() > std::max<std::uint64_t>(fold_->size(), tail_size_min))) {
    catch_up();
    if (fold_) publish(time_ns, std::numeric_limits<std::uint64_t>::max());
  }
  return writer_.keyframe();
}

/// Publishes the state if it is not larger than that, under the time of its last event. Requires that it has everything.
void TopicKeyframes::publish(std::int64_t time_ns, std::uint64_t size_max) noexcept {
  if (fold_->size() >= too_large_) return;
  // Of the segment that is left, should it roll and then fail.
  const std::uint64_t generation = writer_.latest().generation;
  try {
    flatbuffers::FlatBufferBuilder builder(fold_->size());
    fold_->snapshot(builder);
    const auto snapshot = std::as_bytes(builder.GetBufferSpan());
    if (snapshot.size() > size_max) return;
    if (write(snapshot, time_ns_.value_or(time_ns))) {
      bytes_at_keyframe_ = writer_.published_bytes();
      folded_ = writer_.latest();
      failed_at_.reset();
      return;
    }
    if (snapshot.size() > payload_size_max()) too_large_ = fold_->size();
  } catch (const std::bad_alloc&) {  // as little space as where the ring has none
  }
  failed_at_ = generation;
}

/// No snapshot beyond this has a place in the ring.
std::uint64_t TopicKeyframes::payload_size_max() const noexcept {
  const shm::RingGeometry& geometry = writer_.geometry();
  return std::max<std::uint64_t>(geometry.payload_size_max(), geometry.large_payload_size_max());
}

/// One that would take a good part of a segment gets one of its own, where there is one.
bool TopicKeyframes::write(std::span<const std::byte> snapshot, std::int64_t time_ns) noexcept {
  constexpr auto kind = static_cast<std::uint32_t>(events::Payload::snapshot);
  const shm::RingGeometry& geometry = writer_.geometry();
  const auto size = static_cast<std::uint32_t>(snapshot.size());
  if (size > geometry.segment_size / 4 && size <= geometry.large_payload_size_max()) {
    if (auto segment = large_.claim(size)) {
      std::memcpy(segment->payload(), snapshot.data(), size);
      writer_.publish_large_keyframe(segment->index(), segment->length(), size, kind, time_ns);
      segment->release();
      return true;
    }
  }
  return size <= geometry.payload_size_max() && writer_.publish_keyframe(snapshot, kind, time_ns).has_value();
}

}  // namespace ringside::agentd
