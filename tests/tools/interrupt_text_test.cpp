// SPDX-License-Identifier: Apache-2.0
#include "tools/interrupt_text.hpp"

#include <array>
#include <cstdio>
#include <memory>
#include <stdexcept>

#include <gtest/gtest.h>

#include <ringside/answer_json.hpp>
#include <ringside/event_json.hpp>

namespace ringside::tools {
namespace {

/// As `status_changed` tells it.
events::InterruptT interrupt_of(const std::string& interrupt) {
  const auto event = EventJson().parse(
      R"({"kind":"status_changed","event":{"status":"interrupted","interrupt":)" + interrupt + "}}");
  if (!event) throw std::invalid_argument(event.error().message);
  const std::unique_ptr<events::EventT> whole(events::GetEvent(event->data())->UnPack());
  return *whole->payload.Asstatus_changed()->interrupt;
}

/// The words that a shell makes of a command line.
std::vector<std::string> words_of(const std::string& line) {
  const std::string command = "printf '%s\\n' " + line;
  const std::unique_ptr<FILE, int (*)(FILE*)> shell(popen(command.c_str(), "r"), pclose);
  std::vector<std::string> words;
  std::array<char, 4096> word{};
  while (fgets(word.data(), word.size(), shell.get()) != nullptr) {
    words.emplace_back(word.data());
    words.back().pop_back();
  }
  return words;
}

std::string answer_in(const std::string& interrupt) {
  const auto words = words_of(settling_command("ada", interrupt_of(interrupt)));
  EXPECT_EQ(words.size(), 7U);
  if (words.size() != 7U) return {};
  EXPECT_TRUE(parse_answer(words[6])) << words[6];
  return words[6];
}

TEST(InterruptText, OffersAnAnswerOfTheKindThatIsAskedFor) {
  EXPECT_EQ(answer_in(R"({"id":"i","data_type":"approval","data":{"requests":[
      {"tool_call_id":"a","tool_name":"rm"},{"tool_call_id":"b","tool_name":"mv","allowed":["edit","reject"]}]}})"),
            R"({"approval":{"decisions":[{"decision":"approve"},{"decision":"edit","arguments":{}}]}})");
  EXPECT_EQ(answer_in(R"({"id":"i","data_type":"question","data":{"type":"free_text","text":"Why?"}})"),
            R"({"question":{"text":"..."}})");
  EXPECT_EQ(answer_in(R"({"id":"i","data_type":"question","data":{"type":"multi_select","text":"Which?",
      "options":[{"value":"it's \"a\""}]}})"),
            R"({"question":{"selected":["it's \"a\""]}})");
  EXPECT_EQ(answer_in(R"({"id":"i","data_type":"subagent","data":{"subagent_id":"s","interrupt":
      {"id":"j","data_type":"question","data":{"text":"Why?"}}}})"),
            R"({"subagent":{"question":{"text":"..."}}})");
  EXPECT_EQ(answer_in(R"({"id":"i","data_type":"several","data":{"interrupts":[
      {"id":"j","data_type":"halt","data":{"message":"Enough."}},
      {"id":"k","data_type":"question","data":{"text":"Why?"}}]}})"),
            R"({"several":[{},{"question":{"text":"..."}}]})");
}

TEST(InterruptText, PutsAHaltAside) {
  EXPECT_EQ(
      settling_command("ada", interrupt_of(R"({"id":"i","data_type":"halt","data":{"message":"Enough."}})")),
      "ringside dismiss ada --interrupt i");
}

TEST(InterruptText, QuotesWhatAShellWouldObey) {
  const std::string id = "$(touch x); `y` 'z' \"w\" *";
  auto interrupt = interrupt_of(R"({"id":"i","data_type":"halt","data":{"message":"Enough."}})");
  interrupt.id = id;
  const auto words = words_of(settling_command("a b", interrupt));
  EXPECT_EQ(words, (std::vector<std::string>{"ringside", "dismiss", "a b", "--interrupt", id}));
}

TEST(InterruptText, NamesTheDecisionsThatAnApprovalTakes) {
  EXPECT_EQ(interrupt_lines(interrupt_of(R"({"id":"i","data_type":"approval","data":{"requests":[
      {"tool_call_id":"a","tool_name":"rm","arguments":"{}","allowed":["approve","reject"]}]}})")),
            (std::vector<std::string>{"i approval", "a rm \"{}\" (approve, reject)"}));
}

}  // namespace
}  // namespace ringside::tools
