// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>

#include <stdlib.h>

namespace ringside::shm {

/// A folder of mode 0700 for a socket, gone at the end of the test.
class SocketFolder {
 public:
  SocketFolder() {
    std::string name = std::filesystem::temp_directory_path().string() + "/ringside-test.XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder for the test");
    folder_ = name;
  }
  ~SocketFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  SocketFolder(const SocketFolder&) = delete;
  SocketFolder& operator=(const SocketFolder&) = delete;

  [[nodiscard]] const std::string& folder() const { return folder_; }
  [[nodiscard]] std::string path() const { return folder_ + "/control.sock"; }

 private:
  std::string folder_;
};

}  // namespace ringside::shm
