// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ringside/ring_file.hpp>

#include "clientlib/event_access.hpp"
#include "schema/event_check.hpp"
#include "shm/attached_ring.hpp"
#include "shm/descriptor.hpp"
#include "shm/ring_counters.hpp"
#include "shm/segment_scan.hpp"

namespace ringside {

struct RingFile::State {
  shm::Descriptor file;
  shm::AttachedRing ring;
  RingFacts facts;
};

namespace {

constexpr const char* rings_folder = "/dev/shm";
constexpr std::string_view ring_prefix = "ringside.";

unexpected<RingFileError> ring_failure(RingFileFault fault, int error_number, const std::string& path,
                                       std::string_view what) {
  return unexpected<RingFileError>(RingFileError{fault, error_number, path + ": " + std::string(what)});
}

unexpected<RingFileError> not_opened(int error_number, const std::string& path) {
  const bool absent = error_number == ENOENT || error_number == ENOTDIR;
  const bool refused = error_number == EACCES || error_number == EPERM;
  return ring_failure(absent    ? RingFileFault::no_file
                      : refused ? RingFileFault::not_allowed
                                : RingFileFault::system,
                      error_number, path, std::strerror(error_number));
}

unexpected<RingFileError> not_attached(const shm::RingAttachError& error, const std::string& path) {
  const std::string what(shm::describe(error));
  if (error.fault == shm::AttachFault::not_mapped) {
    return ring_failure(RingFileFault::system, error.error_number, path,
                        what + ": " + std::strerror(error.error_number));
  }
  if (error.fault == shm::AttachFault::wrong_mode)
    return ring_failure(RingFileFault::not_a_ring, 0, path,
                        what + "; chmod 600 it if it is yours, or a copy");
  const bool other_build =
      error.ring == shm::RingFault::wrong_version || error.ring == shm::RingFault::fingerprint;
  if (error.fault == shm::AttachFault::not_a_ring && other_build)
    return ring_failure(RingFileFault::other_build, 0, path,
                        what + "; read it with the release that wrote it");
  return ring_failure(RingFileFault::not_a_ring, 0, path, what);
}

RingFacts facts_of(const shm::AttachedRing& ring) {
  const shm::RingGeometry& geometry = ring.geometry();
  const shm::RingIdentity identity = ring.identity();
  const auto boot_id = shm::read_boot_id();
  RingFacts facts;
  facts.topic = identity.topic;
  facts.incarnation = identity.incarnation;
  facts.boot_id = identity.boot_id;
  facts.this_boot = boot_id && *boot_id == identity.boot_id;
  facts.layout_version = shm::ring_layout_version;
  facts.segment_size = geometry.segment_size;
  facts.window_segments = geometry.window_segments;
  facts.subscription_max = geometry.subscription_max;
  facts.pins_per_subscription = geometry.pins_per_subscription;
  facts.reliable_segments = geometry.reliable_segments;
  facts.pool_segments = geometry.pool_segments();
  facts.large_segments = geometry.large_segments;
  facts.large_segment_size = geometry.large_segment_size;
  facts.object_size = geometry.object_size();
  return facts;
}

/// Why an event cannot be handed out, or empty.
std::string fault_of_event(const shm::Record& record) {
  if (!detail::EventAccess::is_readable(record)) return "an event that is not usable: it has no root";
  const auto checked = schema::check_event({record.payload, record.size});
  // A newer agentd may say what this release has no name for.
  if (checked || checked.error().fault == schema::EventFault::unknown_kind) return "";
  return "an event that is not usable: " + checked.error().message;
}

/// One read of a ring: hands out what it finds, and sums it up.
class RingWalk {
 public:
  RingWalk(const RingFile& file, const RingFileHandlers& handlers, std::uint64_t from, std::string_view topic)
      : file_(file), handlers_(handlers), from_(from), topic_(topic) {}

  void take(const shm::RingView& view, const shm::ReadableSegment& segment) {
    if (sum_.next_sequence == 0) sum_.next_sequence = segment.first_sequence;
    if (segment.first_sequence < sum_.next_sequence) {
      tell({sum_.next_sequence, segment.index, view.geometry().segment_offset(segment.index),
            "a segment that begins with sequence " + std::to_string(segment.first_sequence) +
                ", which came before"});
      return;
    }
    if (unended_ && segment.first_sequence != sum_.next_sequence) tell(*unended_);
    unended_.reset();
    tell_gap_before(segment.first_sequence);
    shm::SegmentScan scan(view, segment, copy_);
    while (step(scan, segment.index)) {
    }
  }

  [[nodiscard]] const RingReading& sum() const noexcept { return sum_; }

 private:
  /// False when the segment has no more.
  bool step(shm::SegmentScan& scan, std::uint32_t index) {
    using Found = shm::SegmentScan::Found;
    Found found = scan.next(backed_);
    if (found == Found::damage && scan.fault() == shm::RecordFault::cut_off) {
      // A ring that is written has grown meanwhile.
      backed_ = file_.size();
      found = scan.next(backed_);
    }
    if (found == Found::record || found == Found::keyframe) {
      show(scan, index, found == Found::keyframe);
    } else if (found == Found::damage) {
      tell({scan.next_sequence(), index, scan.place(), std::string(shm::describe(scan.fault()))});
    } else if (found == Found::nothing) {
      unended_ = RingDamage{scan.next_sequence(), index, scan.place(), "nothing, where an event should be"};
    }
    sum_.next_sequence = scan.next_sequence();
    return found == Found::record || found == Found::keyframe;
  }

  void show(const shm::SegmentScan& scan, std::uint32_t index, bool keyframe) {
    const shm::Record& record = scan.record();
    if (!keyframe) sum_.last_time_ns = record.time_ns;
    if (record.sequence < from_) return;
    if (std::string fault = fault_of_event(record); !fault.empty()) {
      tell({record.sequence, index, scan.place(), std::move(fault)});
      return;
    }
    ++(keyframe ? sum_.snapshots : sum_.events);
    detail::EventAccess::show(shown_.event, record, topic_);
    const auto& handler = keyframe ? handlers_.snapshot : handlers_.event;
    if (handler) handler(shown_.event);
  }

  void tell(const RingDamage& damage) {
    ++sum_.damages;
    if (handlers_.damage) handlers_.damage(damage);
  }

  void tell_gap_before(std::uint64_t sequence) {
    const std::uint64_t first = std::exchange(sum_.next_sequence, sequence);
    if (first != sequence && handlers_.gap) handlers_.gap({first, sequence - first});
  }

  const RingFile& file_;
  const RingFileHandlers& handlers_;
  std::uint64_t from_;
  std::string_view topic_;
  std::vector<std::uint64_t> copy_;
  std::uint64_t backed_ = file_.size();
  RingReading sum_;
  // A segment that ends without a link is as it should be if the next one goes on where it ends: agentd was killed
  // between the two stores, or has not made the second yet.
  std::optional<RingDamage> unended_;
  detail::EventAccess::Blank shown_;
};

}  // namespace

expected<RingFile, RingFileError> RingFile::open(const std::string& path) {
  // Not blocked by a pipe without a writer.
  shm::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) return not_opened(errno, path);
  struct ::stat status {};
  if (::fstat(file.get(), &status) != 0) return not_opened(errno, path);
  shm::Descriptor second = file.duplicate();
  if (!second) return not_opened(errno, path);
  // Whose it is was for the file system to judge.
  auto ring = shm::AttachedRing::attach(std::move(second), status.st_uid);
  if (!ring) return not_attached(ring.error(), path);
  RingFacts facts = facts_of(*ring);
  return RingFile(std::make_unique<State>(State{std::move(file), std::move(*ring), std::move(facts)}));
}

RingFile::RingFile(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
RingFile::RingFile(RingFile&&) noexcept = default;
RingFile& RingFile::operator=(RingFile&&) noexcept = default;
RingFile::~RingFile() = default;

const RingFacts& RingFile::facts() const noexcept {
  return state_->facts;
}

RingCounts RingFile::counts() const noexcept {
  const shm::RingCounters counters = shm::read_counters(state_->ring.view());
  return {.events = counters.events,
          .bytes = counters.bytes,
          .wakes = counters.bells,
          .rolls = counters.rolls,
          .withdrawn = counters.withdrawn,
          .window_segments = counters.window_segments,
          .set_aside = counters.set_aside,
          .subscribers = counters.subscribers,
          .shrunk = counters.shrunk,
          .backing_failed = counters.backing_failed,
          .no_space = counters.no_space,
          .evicted = counters.evicted,
          .large_events = counters.large_events,
          .backed_bytes = counters.backed_bytes,
          .keyframes = counters.keyframes,
          .keyframe_bytes = counters.keyframe_bytes};
}

std::uint64_t RingFile::size() const noexcept {
  struct ::stat status {};
  if (::fstat(state_->file.get(), &status) != 0) return 0;
  return std::min(static_cast<std::uint64_t>(status.st_size), state_->facts.object_size);
}

std::vector<RingSegment> RingFile::segments() const {
  const shm::RingGeometry& geometry = state_->ring.geometry();
  const std::uint64_t end = size();
  std::vector<RingSegment> found;
  for (const shm::ReadableSegment& segment : shm::readable_segments(state_->ring.view())) {
    const std::uint64_t offset = geometry.segment_offset(segment.index);
    const std::uint64_t backed =
        std::min<std::uint64_t>(end - std::min(end, offset), geometry.segment_length(segment.index));
    found.push_back({segment.index, segment.generation, segment.first_sequence, offset, backed});
  }
  return found;
}

RingReading RingFile::read(const RingFileHandlers& handlers, std::uint64_t from) const {
  const shm::RingView view = state_->ring.view();
  RingWalk walk(*this, handlers, from, state_->facts.topic);
  for (const shm::ReadableSegment& segment : shm::readable_segments(view))
    walk.take(view, segment);
  return walk.sum();
}

std::vector<std::string> find_ring_files() {
  std::vector<std::string> paths;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(rings_folder, error), end; !error && entry != end;
       entry.increment(error)) {
    struct ::stat status {};
    if (entry->path().filename().string().starts_with(ring_prefix) &&
        ::lstat(entry->path().c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
        status.st_uid == ::geteuid()) {
      paths.push_back(entry->path().string());
    }
  }
  std::ranges::sort(paths);
  return paths;
}

std::string_view fault_name(RingFileFault fault) noexcept {
  switch (fault) {
    case RingFileFault::no_file:
      return "no_file";
    case RingFileFault::not_allowed:
      return "not_allowed";
    case RingFileFault::not_a_ring:
      return "not_a_ring";
    case RingFileFault::other_build:
      return "other_build";
    case RingFileFault::system:
      return "system";
  }
  return "unknown";
}

}  // namespace ringside
