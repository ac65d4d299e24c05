// SPDX-License-Identifier: Apache-2.0
#include "agentd/process_watch.hpp"

#include <utility>

#include <poll.h>

#include <boost/asio/posix/stream_descriptor.hpp>

namespace ringside::agentd {

struct ProcessWatch::State {
  explicit State(boost::asio::any_io_executor executor) : process(std::move(executor)) {}

  /// A pidfd can be read from once its process has ended.
  [[nodiscard]] bool has_ended() {
    pollfd look{process.native_handle(), POLLIN, 0};
    return ::poll(&look, 1, 0) == 1;
  }

  boost::asio::posix::stream_descriptor process;
};

ProcessWatch::ProcessWatch(boost::asio::any_io_executor executor)
    : state_(std::make_shared<State>(std::move(executor))) {}

ProcessWatch::~ProcessWatch() = default;

bool ProcessWatch::open(shm::Descriptor process) {
  boost::system::error_code refused;
  state_->process.assign(process.get(), refused);
  if (!refused) static_cast<void>(process.release());
  return !refused;
}

bool ProcessWatch::is_open() const noexcept {
  return state_->process.is_open();
}

void ProcessWatch::wait(std::function<void()> ended) {
  wait(state_, std::move(ended));
}

void ProcessWatch::wait(const std::shared_ptr<State>& state, std::function<void()> ended) {
  state->process.async_wait(boost::asio::posix::descriptor_base::wait_read,
                            [weak = std::weak_ptr(state),
                             ended = std::move(ended)](const boost::system::error_code& error) mutable {
                              const auto still = weak.lock();
                              if (error || still == nullptr) return;
                              if (!still->has_ended()) return wait(still, std::move(ended));
                              ended();
                            });
}

}  // namespace ringside::agentd
