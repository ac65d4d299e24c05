// SPDX-License-Identifier: Apache-2.0
#include "clientlib/socket_place.hpp"

#include <filesystem>
#include <fstream>

#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "shm/channel.hpp"
#include "tests/clientlib/environment.hpp"
#include "tests/clientlib/temporary_folder.hpp"

namespace ringside::detail {
namespace {

using test::Environment;
using test::TemporaryFolder;

class SocketPlaceTest : public ::testing::Test {
 protected:
  std::string make_socket(const std::filesystem::path& path) {
    std::filesystem::create_directories(path.parent_path());
    sockets_.push_back(shm::ChannelListener::listen(path.string(), 0600, 1).value());
    return path.string();
  }

  TemporaryFolder folder_;
  std::vector<shm::ChannelListener> sockets_;
  Environment runtime_{"XDG_RUNTIME_DIR", std::nullopt};
  Environment named_{"RINGSIDE_SOCKET", std::nullopt};
};

TEST_F(SocketPlaceTest, IsThePathThatTheOptionsName) {
  const std::string path = make_socket(folder_.path() / "a.sock");
  const Environment other("RINGSIDE_SOCKET", make_socket(folder_.path() / "b.sock"));
  EXPECT_EQ(find_socket({.socket = path}).value().path, path);
}

TEST_F(SocketPlaceTest, IsTheOneOfTheEnvironmentIfNoNamespaceIsNamed) {
  const std::string path = make_socket(folder_.path() / "a.sock");
  const std::string own = make_socket(folder_.path() / "ringside/blue/control.sock");
  const Environment named("RINGSIDE_SOCKET", path);
  const Environment runtime("XDG_RUNTIME_DIR", folder_.path().string());
  EXPECT_EQ(find_socket({}).value().path, path);
  EXPECT_EQ(find_socket({.namespace_name = "blue"}).value().path, own);
}

TEST_F(SocketPlaceTest, IsTheUsersOwnFolderIfASocketIsThere) {
  const std::string path = make_socket(folder_.path() / "ringside/default/control.sock");
  const Environment runtime("XDG_RUNTIME_DIR", folder_.path().string());
  EXPECT_EQ(find_socket({}).value().path, path);
}

TEST_F(SocketPlaceTest, NamesEveryPlaceWhereItLooked) {
  const Environment runtime("XDG_RUNTIME_DIR", folder_.path().string());
  const auto found = find_socket({.namespace_name = "nobody.has.this"});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().fault, ConnectFault::no_socket);
  EXPECT_NE(found.error().message.find(folder_.path().string()), std::string::npos) << found.error().message;
  EXPECT_NE(found.error().message.find("/run/ringside/nobody.has.this/control.sock"), std::string::npos)
      << found.error().message;
}

TEST_F(SocketPlaceTest, RefusesNamespacesThatWouldLeaveTheFolder) {
  for (const char* name : {"..", "a/b", ".hidden", "a b", "\n"}) {
    const auto found = find_socket({.namespace_name = name});
    ASSERT_FALSE(found) << name;
    EXPECT_EQ(found.error().fault, ConnectFault::bad_options) << name;
  }
  EXPECT_EQ(find_socket({.namespace_name = std::string(65, 'a')}).error().fault, ConnectFault::bad_options);
  EXPECT_EQ(find_socket({.socket = std::string("a\0b", 3)}).error().fault, ConnectFault::bad_options);
}

TEST_F(SocketPlaceTest, RefusesWhatIsNoSocket) {
  const std::string path = (folder_.path() / "file").string();
  std::ofstream(path) << "text";
  const auto found = find_socket({.socket = path});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().fault, ConnectFault::no_socket);
  EXPECT_NE(found.error().message.find("not a socket"), std::string::npos);
}

TEST_F(SocketPlaceTest, RefusesAFolderThatEverybodyMayWriteTo) {
  const std::string path = make_socket(folder_.path() / "open/control.sock");
  std::filesystem::permissions(folder_.path() / "open", std::filesystem::perms::all);
  const auto found = find_socket({.socket = path});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().fault, ConnectFault::untrusted);
}

TEST_F(SocketPlaceTest, RefusesAFolderOfAnotherUserWhereverALinkLeads) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a folder away";
  const std::string path = make_socket(folder_.path() / "sticky/theirs/control.sock");
  ASSERT_EQ(::chown((folder_.path() / "sticky/theirs").c_str(), 4711, 4711), 0);
  std::filesystem::permissions(folder_.path() / "sticky",
                               std::filesystem::perms::all | std::filesystem::perms::sticky_bit);
  std::filesystem::create_directory_symlink(folder_.path() / "sticky/theirs", folder_.path() / "link");
  for (const std::string& name : {path, (folder_.path() / "link/control.sock").string()}) {
    const auto found = find_socket({.socket = name});
    ASSERT_FALSE(found) << name;
    EXPECT_EQ(found.error().fault, ConnectFault::untrusted) << name;
    EXPECT_NE(found.error().message.find("4711"), std::string::npos) << found.error().message;
  }
}

TEST_F(SocketPlaceTest, TakesAFolderThatRootGaveToTheDaemonsUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a folder away";
  const std::string path = make_socket(folder_.path() / "ringside/default/control.sock");
  for (const char* part : {"ringside", "ringside/default"})
    ASSERT_EQ(::chown((folder_.path() / part).c_str(), 4711, 4711), 0);
  EXPECT_EQ(find_socket({.socket = path}).value().daemon, 4711U);
}

}  // namespace
}  // namespace ringside::detail
