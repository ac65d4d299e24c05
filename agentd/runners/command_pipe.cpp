// SPDX-License-Identifier: Apache-2.0
#include "agentd/runners/command_pipe.hpp"

#include <cerrno>
#include <string_view>
#include <utility>

#include <unistd.h>

#include <fmt/format.h>

namespace ringside::agentd {
namespace {

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      out.append(1, '\\').append(1, c);
    else if (static_cast<unsigned char>(c) < 0x20)
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    else
      out += c;
  }
  return out += '"';
}

}  // namespace

std::string execute_command(const RunRequest& request) {
  std::string line = fmt::format(R"({{"command":"execute","run":{})", request.run);
  if (request.message)
    line += fmt::format(R"(,"message":{{"id":{},"text":{}}})", json_string(request.message->id),
                        json_string(request.message->text));
  return line += "}\n";
}

std::string resume_command(const RunRequest& request, schema::EventJson& json) {
  std::string line = fmt::format(R"({{"command":"resume","run":{},"interrupt":{},"answer":)", request.run,
                                 json_string(request.answer->interrupt_id));
  json.print_answer(line, *request.answer->answer);
  return line += "}\n";
}

std::string cancel_command(std::uint64_t run) {
  return fmt::format("{{\"command\":\"cancel\",\"run\":{}}}\n", run);
}

std::string stop_command() {
  return "{\"command\":\"stop\"}\n";
}

CommandPipe::Sent CommandPipe::send(std::string command) {
  if (!pipe_.is_open() || closing_) return Sent::closed;
  if (waiting_.size() == commands_max || waiting_bytes_ + command.size() > bytes_max) return Sent::full;
  waiting_bytes_ += command.size();
  waiting_.push_back(std::move(command));
  if (waiting_.size() == 1) write();
  return pipe_.is_open() ? Sent::yes : Sent::closed;
}

void CommandPipe::close_after_all() {
  closing_ = true;
  if (waiting_.empty()) close_now();
}

void CommandPipe::close_now() {
  boost::system::error_code ignored;
  pipe_.close(ignored);
  waiting_.clear();
}

void CommandPipe::write() {
  while (!waiting_.empty()) {
    const std::string_view rest = std::string_view(waiting_.front()).substr(written_);
    const ssize_t count = ::write(pipe_.native_handle(), rest.data(), rest.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) {
      pipe_.async_wait(boost::asio::posix::stream_descriptor::wait_write,
                       [weak = weak_from_this()](const boost::system::error_code& error) {
                         const auto self = weak.lock();
                         if (self && !error && self->pipe_.is_open()) self->write();
                       });
      return;
    }
    if (count < 0) return close_now();
    written_ += static_cast<std::size_t>(count);
    if (written_ < waiting_.front().size()) continue;
    waiting_bytes_ -= waiting_.front().size();
    waiting_.pop_front();
    written_ = 0;
  }
  if (closing_) close_now();
}

}  // namespace ringside::agentd
