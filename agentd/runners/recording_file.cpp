// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <compare>
#include <map>
#include <mutex>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "agentd/runners/printable.hpp"
#include "agentd/runners/recording.hpp"

namespace ringside::agentd {
namespace {

/// A file as it was when it was read.
struct FileVersion {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size = 0;
  std::int64_t modified_s = 0;
  std::int64_t modified_ns = 0;
  std::int64_t changed_s = 0;
  std::int64_t changed_ns = 0;

  friend auto operator<=>(const FileVersion&, const FileVersion&) = default;
};

FileVersion version_of(const struct stat& status) {
  return {status.st_dev,          status.st_ino,         status.st_size,        status.st_mtim.tv_sec,
          status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec};
}

/// What is being replayed now: a thousand agents on one file hold it once.
class RecordingsInUse {
 public:
  std::shared_ptr<const Recording> find(const FileVersion& version) {
    const std::scoped_lock lock(mutex_);
    std::erase_if(recordings_, [](const auto& entry) { return entry.second.expired(); });
    const auto found = recordings_.find(version);
    return found == recordings_.end() ? nullptr : found->second.lock();
  }

  void remember(const FileVersion& version, const std::shared_ptr<const Recording>& recording) {
    const std::scoped_lock lock(mutex_);
    recordings_[version] = recording;
  }

 private:
  std::mutex mutex_;
  std::map<FileVersion, std::weak_ptr<const Recording>> recordings_;
};

RecordingsInUse& recordings_in_use() {
  static RecordingsInUse recordings;
  return recordings;
}

class File {
 public:
  /// Never waits for a writer of a FIFO and never makes a terminal ours.
  explicit File(const std::filesystem::path& path)
      : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

 private:
  int descriptor_;
};

std::string error_text(int error) {
  return std::generic_category().message(error);
}

std::string open_error(const std::filesystem::path& path, int error) {
  if (error == ENOENT && path.is_relative())
    return "no such file; agentd looks from its own working directory: give an absolute path";
  if (error == ENOENT) return "no such file; check the path";
  if (error == EACCES)
    return fmt::format("agentd (user id {}) may not read it; make it readable for that user", ::geteuid());
  return fmt::format("it cannot be opened: {}", error_text(error));
}

expected<std::string, std::string> read_whole(int descriptor, std::size_t size) {
  std::string text(size, '\0');
  std::size_t filled = 0;
  while (filled < size) {
    const ssize_t count = ::read(descriptor, text.data() + filled, size - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return unexpected<std::string>(fmt::format("it cannot be read: {}", error_text(errno)));
    if (count == 0) break;  // somebody shortened it meanwhile: what is there decides
    filled += static_cast<std::size_t>(count);
  }
  text.resize(filled);
  return text;
}

expected<std::shared_ptr<const Recording>, std::string> load(const std::filesystem::path& path) {
  const auto refuse = [](std::string why) { return unexpected<std::string>(std::move(why)); };
  const File file(path);
  if (file.descriptor() < 0) return refuse(open_error(path, errno));
  struct stat status {};
  if (::fstat(file.descriptor(), &status) != 0)
    return refuse(fmt::format("it cannot be looked at: {}", error_text(errno)));
  if (S_ISDIR(status.st_mode)) return refuse("it is a folder; name a file in it");
  if (!S_ISREG(status.st_mode)) return refuse("it is not a regular file; copy the stream to one first");
  if (static_cast<std::size_t>(status.st_size) > recording_size_max)
    return refuse(fmt::format("it has {} bytes; at most {} can be replayed: split it", status.st_size,
                              recording_size_max));
  const FileVersion version = version_of(status);
  if (auto shared = recordings_in_use().find(version)) return shared;
  auto text = read_whole(file.descriptor(), static_cast<std::size_t>(status.st_size));
  if (!text) return refuse(std::move(text.error()));
  auto recording = read_recording(*text);
  if (!recording) {
    const RecordingFault& wrong = recording.error();
    std::string place = wrong.line == 0 ? "" : fmt::format("line {}", wrong.line);
    if (wrong.fault.column != 0) place += fmt::format(", column {}", wrong.fault.column);
    return refuse(place.empty() ? wrong.fault.message : fmt::format("{}: {}", place, wrong.fault.message));
  }
  auto shared = std::make_shared<const Recording>(std::move(*recording));
  recordings_in_use().remember(version, shared);
  return shared;
}

}  // namespace

expected<std::shared_ptr<const Recording>, std::string> load_recording(const std::filesystem::path& path) {
  auto loaded = load(path);
  if (!loaded)
    return unexpected<std::string>(
        fmt::format("cannot replay {}: {}", printable(path.native(), 1024), loaded.error()));
  return loaded;
}

}  // namespace ringside::agentd
