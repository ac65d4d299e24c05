// SPDX-License-Identifier: Apache-2.0
//
// Question: how many events a second does a peer bring from one process to another, none lost and none torn?
//
// As in one_to_many_throughput.cpp: every payload byte is written by the sender and checked by the receiver, the clock
// runs from the first event sent to the last received. A peer's own back-pressure holds its sender, nothing of ours.
// Both ends are processes of their own, for what peers start (threads, registrations) survives no fork.
#include "bench/host.hpp"
#include "bench/measured_child.hpp"
#include "bench/monotonic_clock.hpp"
#include "bench/payload.hpp"
#include "bench/peers/peer_benches.hpp"
#include "bench/peers/peer_run.hpp"

namespace ringside::bench {
namespace {

void send_all(Channel& channel, PeerRun& run, const BenchOptions& options, std::uint32_t size,
              Waiting waiting) {
  watch_over_this_process();
  place_threads(options, options.writer_core(), waiting);
  const auto sender = channel.open_sender();
  pin_to_core(options.writer_core());
  run.meeting.meet();  // the receiver may open its end
  run.meeting.meet();  // it has
  sender->await_receiver();
  run.start_ns = now_ns();
  for (std::uint64_t number = 1; number <= options.messages; ++number) {
    fill_payload(sender->claim(size), size, number);
    sender->commit();
    if (number % batch_events == 0) sender->flush();
  }
  sender->flush();
  run.meeting.meet();  // everything has come: closing drops nothing
}

void receive_all(Channel& channel, PeerRun& run, const BenchOptions& options, std::uint32_t size,
                 Waiting waiting) {
  watch_over_this_process();
  run.meeting.meet();
  place_threads(options, options.reader_core(0), waiting);
  const auto receiver = channel.open_receiver();
  pin_to_core(options.reader_core(0));
  run.meeting.meet();
  EventCheck check;
  while (check.last() < options.messages)
    check(receiver->receive(), size);
  run.end_ns = now_ns();
  run.lost = check.lost();
  run.torn = check.torn();
  run.meeting.meet();
}

}  // namespace

Result peer_throughput_once(const BenchOptions& options, Peer& peer, Waiting waiting, std::uint32_t size) {
  Result result{.bench = "one_to_one_throughput", .subject = peer.name(), .size = size, .readers = 1};
  const SharedBlock<PeerRun> run;
  const auto channel = peer.make_channel(size, waiting);
  MeasuredChild receiver(-1, [&] {
    receive_all(*channel, *run, options, size, waiting);
    channel->leave();
  });
  MeasuredChild sender(-1, [&] {
    send_all(*channel, *run, options, size, waiting);
    channel->leave();
  });
  sender.join();
  receiver.join();
  result.lost = run->lost;
  result.torn = run->torn;
  result.messages_per_s =
      static_cast<double>(options.messages) * 1e9 / static_cast<double>(run->end_ns - run->start_ns);
  return result;
}

}  // namespace ringside::bench
