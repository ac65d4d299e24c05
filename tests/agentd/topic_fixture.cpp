// SPDX-License-Identifier: Apache-2.0
#include "tests/agentd/topic_fixture.hpp"

#include <array>
#include <csignal>
#include <cstring>
#include <random>
#include <stdexcept>

#include <sys/resource.h>
#include <unistd.h>

namespace ringside::agentd {

schema::EventBuffer numbered(std::uint64_t number, schema::Stamp stamp, std::size_t filler) {
  events::CustomT custom;
  custom.name = "number";
  custom.data.resize(sizeof number + filler);
  std::memcpy(custom.data.data(), &number, sizeof number);
  events::EventT event;
  event.incarnation = stamp.incarnation;
  event.run = stamp.run;
  event.payload.Set(std::move(custom));
  return schema::pack(event);
}

TopicUnderTest::TopicUnderTest(std::string name, shm::RingGeometry geometry, std::uint64_t first_sequence,
                               std::function<void(std::function<void()>)> executor)
    : TopicUnderTest(TopicOptions{.name = std::move(name),
                                  .object_name = {},
                                  .geometry = geometry,
                                  .first_sequence = first_sequence,
                                  .incarnation = 0,
                                  .initial_state = std::nullopt,
                                  .executor = std::move(executor)}) {}

TopicUnderTest::TopicUnderTest(TopicOptions options) {
  std::random_device random;
  object_name_ = "/ringside-test." + std::to_string(::getpid()) + "." + std::to_string(random()) +
                 std::to_string(random());
  options.object_name = object_name_;
  auto made = Topic::create(std::move(options));
  if (!made) throw std::runtime_error(made.error().message);
  topic_ = std::move(*made);
}

TopicUnderTest::~TopicUnderTest() {
  if (topic_) topic_->remove_name();
}

expected<Granted, SubscribeError> TopicUnderTest::subscribe(SubscribeRequest request) const {
  std::promise<expected<Granted, SubscribeError>> answer;
  topic_->subscribe(request, [&](auto granted) { answer.set_value(std::move(granted)); });
  return answer.get_future().get();
}

expected<std::uint64_t, BatchFault> TopicUnderTest::publish_batch(
    std::vector<schema::EventBuffer> batch) const {
  std::promise<expected<std::uint64_t, BatchFault>> answer;
  topic_->publish(std::move(batch), [&](auto result) { answer.set_value(result); });
  return answer.get_future().get();
}

TopicReader::TopicReader(const Topic& topic, const shm::Cursor& cursor)
    : ring_(shm::AttachedRing::attach(topic.open_read_only(), ::geteuid()).value()),
      reader_(ring_.view(), cursor) {}

std::vector<Seen> TopicReader::read() {
  std::vector<Seen> seen;
  reader_.poll(
      [&](const shm::Record& record) {
        const events::Event& event = *events::GetEvent(record.payload);
        const auto* const custom = event.payload_as_custom();
        ASSERT_NE(custom, nullptr);
        std::uint64_t number = 0;
        std::memcpy(&number, custom->data()->data(), sizeof number);
        seen.push_back({record.sequence, number, record.time_ns});
      },
      [](const shm::Gap& gap) { ADD_FAILURE() << "gap of " << gap.count << " at " << gap.first; },
      std::size_t{1} << 30);
  return seen;
}

BackingLimit::BackingLimit(std::uint64_t size) {
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  before_ = limit.rlim_cur;
  limit.rlim_cur = size;
  ::setrlimit(RLIMIT_FSIZE, &limit);
}

BackingLimit::~BackingLimit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = before_;
  ::setrlimit(RLIMIT_FSIZE, &limit);
}

}  // namespace ringside::agentd
