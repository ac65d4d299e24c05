// SPDX-License-Identifier: Apache-2.0
#include "tools/latency_histogram.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <rapidcheck.h>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tools/duration_text.hpp"

namespace ringside::tools {
namespace {

TEST(LatencyHistogramTest, WithoutSamplesEverythingIsZero) {
  const LatencyHistogram histogram;
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.max(), 0U);
  EXPECT_EQ(histogram.per_mille(500), 0U);
}

TEST(LatencyHistogramTest, TakesTheLargestValueThatThereIs) {
  LatencyHistogram histogram;
  histogram.record(UINT64_MAX);
  histogram.record(0);
  EXPECT_EQ(histogram.max(), UINT64_MAX);
  EXPECT_EQ(histogram.per_mille(1000), UINT64_MAX);
  EXPECT_EQ(histogram.per_mille(500), 0U);
}

RC_GTEST_PROP(LatencyHistogramTest, APercentileIsTheExactOneOrAThirtySecondMore, ()) {
  auto samples = *rc::gen::nonEmpty<std::vector<std::uint32_t>>();
  const auto share = *rc::gen::inRange<std::uint64_t>(1, 1001);
  LatencyHistogram histogram;
  for (const std::uint32_t sample : samples)
    histogram.record(sample);
  std::ranges::sort(samples);
  const std::uint64_t exact = samples[(samples.size() * share + 999) / 1000 - 1];
  RC_ASSERT(histogram.per_mille(share) >= exact);
  RC_ASSERT(histogram.per_mille(share) <= exact + exact / 32);
  RC_ASSERT(histogram.max() == samples.back());
}

TEST(LatencyHistogramTest, ASampleLongerThanThePaceStandsForThoseThatItHeldUp) {
  LatencyHistogram histogram;
  histogram.record_paced(35, 10);
  histogram.record_paced(7, 10);
  EXPECT_EQ(histogram.count(), 5U) << "35, 25, 15, 5 and 7";
  EXPECT_EQ(histogram.per_mille(200), 5U);
  EXPECT_EQ(histogram.per_mille(400), 7U);
  EXPECT_EQ(histogram.per_mille(600), 15U);
  EXPECT_EQ(histogram.max(), 35U);
}

TEST(DurationText, HasThreeDigitsAndAUnit) {
  const std::vector<std::pair<std::uint64_t, std::string>> all = {
      {0, "0 ns"},          {999, "999 ns"},         {1'000, "1.00 us"},        {9'994, "9.99 us"},
      {9'996, "10.0 us"},   {99'940, "99.9 us"},     {99'960, "100 us"},        {999'499, "999 us"},
      {999'600, "1.00 ms"}, {14'100'000, "14.1 ms"}, {3'000'000'000, "3.00 s"}, {3'600'000'000'000, "3600 s"},
  };
  for (const auto& [ns, text] : all)
    EXPECT_EQ(duration_text(ns), text);
}

TEST(SpanText, IsReadAtAGlance) {
  using std::chrono::seconds;
  EXPECT_EQ(span_text(seconds(-3)), "0 s");
  EXPECT_EQ(span_text(seconds(119)), "119 s");
  EXPECT_EQ(span_text(seconds(120)), "2 min");
  EXPECT_EQ(span_text(seconds(7'199)), "119 min");
  EXPECT_EQ(span_text(seconds(7'200)), "2 h");
}

TEST(TimeUntil, IsNothingForWhatHasPassed) {
  EXPECT_EQ(time_until(0), std::chrono::nanoseconds::zero());
  EXPECT_GT(time_until(std::numeric_limits<std::int64_t>::max()), std::chrono::hours(24));
}

}  // namespace
}  // namespace ringside::tools
