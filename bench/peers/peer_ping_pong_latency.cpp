// SPDX-License-Identifier: Apache-2.0
//
// Question: how long does an event take from one process to another through a peer?
//
// As in ping_pong_latency.cpp: two processes, two channels, each answers what the other sent; half a round trip is one
// way, one event is in flight, every round trip is kept.
#include <memory>

#include "bench/host.hpp"
#include "bench/measured_child.hpp"
#include "bench/monotonic_clock.hpp"
#include "bench/payload.hpp"
#include "bench/peers/peer_benches.hpp"
#include "bench/peers/peer_run.hpp"

namespace ringside::bench {
namespace {

/// One of the two processes: it sends into one channel and receives from the other.
class PingPongEnd {
 public:
  PingPongEnd(Channel& to, Channel& from, PeerRun& run, std::uint32_t size, int core)
      : run_(run), size_(size) {
    sender_ = to.open_sender();
    run_.meeting.meet();
    receiver_ = from.open_receiver();
    pin_to_core(core);
    run_.meeting.meet();
    sender_->await_receiver();
    run_.meeting.meet();
  }

  void send(std::uint64_t number) {
    fill_payload(sender_->claim(size_), size_, number);
    sender_->commit();
    sender_->flush();
  }

  void receive() { check_(receiver_->receive(), size_); }

  /// Adds up what was lost or torn on the way here: the one after the other.
  void close(bool first) {
    if (!first) run_.meeting.meet();
    run_.lost += check_.lost();
    run_.torn += check_.torn();
    if (first) run_.meeting.meet();
    run_.meeting.meet();  // neither closes while the other still receives
  }

 private:
  PeerRun& run_;
  std::uint32_t size_;
  std::unique_ptr<Sender> sender_;
  std::unique_ptr<Receiver> receiver_;
  EventCheck check_;
};

void ask(Channel& ping, Channel& pong, PeerRun& run, const BenchOptions& options, std::uint32_t size,
         Waiting waiting) {
  watch_over_this_process();
  place_threads(options, options.writer_core(), waiting);
  PingPongEnd end(ping, pong, run, size, options.writer_core());
  LatencySamples samples(options.round_trips);
  for (std::uint32_t trip = 1; trip <= options.round_trips; ++trip) {
    const std::uint64_t start = now_ns();
    end.send(trip);
    end.receive();
    samples.record((now_ns() - start) / 2);
  }
  run.latency = samples.percentiles();
  end.close(false);
}

void answer(Channel& ping, Channel& pong, PeerRun& run, const BenchOptions& options, std::uint32_t size,
            Waiting waiting) {
  watch_over_this_process();
  place_threads(options, options.reader_core(0), waiting);
  PingPongEnd end(pong, ping, run, size, options.reader_core(0));
  for (std::uint32_t trip = 1; trip <= options.round_trips; ++trip) {
    end.receive();
    end.send(trip);
  }
  end.close(true);
}

}  // namespace

Result peer_latency_once(const BenchOptions& options, Peer& peer, Waiting waiting, std::uint32_t size) {
  Result result{.bench = "ping_pong_latency", .subject = peer.name(), .size = size, .readers = 1};
  const SharedBlock<PeerRun> run;
  const auto ping = peer.make_channel(size, waiting);
  const auto pong = peer.make_channel(size, waiting);
  MeasuredChild echo(-1, [&] {
    answer(*ping, *pong, *run, options, size, waiting);
    pong->leave();
  });
  MeasuredChild asking(-1, [&] {
    ask(*ping, *pong, *run, options, size, waiting);
    ping->leave();
  });
  asking.join();
  echo.join();
  result.lost = run->lost;
  result.torn = run->torn;
  result.latency = run->latency;
  return result;
}

}  // namespace ringside::bench
