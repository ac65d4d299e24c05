// SPDX-License-Identifier: Apache-2.0
//
// docs/exec-protocol.md means what it says: its lines are those that are written, and are understood.
#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "agentd/runners/command_pipe.hpp"
#include "schema/event_json.hpp"
#include "schema/event_kind.hpp"
#include "tests/runners/exec_fixture.hpp"
#include "tests/runners/stream_oracle.hpp"

namespace ringside::agentd {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::UnorderedElementsAreArray;

/// The lines between ```json and ``` that begin so.
std::vector<std::string> lines_beginning(std::string_view with) {
  std::istringstream text(read_file(std::string(RINGSIDE_SOURCE_DIR) + "/docs/exec-protocol.md"));
  std::vector<std::string> found;
  bool fenced = false;
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with("```"))
      fenced = line == "```json";
    else if (fenced && line.starts_with(with))
      found.push_back(line);
  }
  return found;
}

std::string without_newline(std::string line) {
  line.pop_back();
  return line;
}

template <class Data>
events::AnswerT answer_of(Data data) {
  events::AnswerT answer;
  answer.data.Set(std::move(data));
  return answer;
}

events::AnswerT decided(events::Decision decision, std::string arguments, std::string message) {
  events::ApprovalAnswerT approval;
  approval.decisions.push_back(std::make_unique<events::ActionDecisionT>());
  approval.decisions[0]->decision = decision;
  approval.decisions[0]->arguments = std::move(arguments);
  approval.decisions[0]->message = std::move(message);
  return answer_of(std::move(approval));
}

events::AnswerT replied(std::vector<std::string> selected, std::string text, bool cancelled) {
  events::QuestionAnswerT question;
  question.selected = std::move(selected);
  question.text = std::move(text);
  question.cancelled = cancelled;
  return answer_of(std::move(question));
}

events::AnswerT for_subagent(events::AnswerT answer) {
  events::SubagentAnswerT subagent;
  subagent.answer = std::make_unique<events::AnswerT>(std::move(answer));
  return answer_of(std::move(subagent));
}

/// A halt and a question at once.
events::AnswerT for_both(events::AnswerT question) {
  events::SeveralAnswersT several;
  several.answers.push_back(std::make_unique<events::AnswerT>());
  several.answers.push_back(std::make_unique<events::AnswerT>(std::move(question)));
  return answer_of(std::move(several));
}

std::string resume_line(std::uint64_t run, std::string interrupt, events::AnswerT answer) {
  schema::EventJson json;
  InterruptAnswer said{std::move(interrupt), std::make_shared<events::AnswerT>(std::move(answer))};
  return without_newline(resume_command({9, run, std::nullopt, std::move(said)}, json));
}

TEST(ExecProtocolDocument, ShowsTheCommandsThatAreWritten) {
  using events::Decision;
  const std::vector<std::string> written = {
      without_newline(execute_command({9, 1, UserMessage{"user-1", "Tell me a story"}})),
      without_newline(execute_command({9, 2})),
      without_newline(cancel_command(3)),
      without_newline(stop_command()),
      resume_line(3, "ask-1", decided(Decision::approve, "", "")),
      resume_line(4, "ask-2", decided(Decision::edit, R"({"path":"y"})", "")),
      resume_line(5, "ask-2", decided(Decision::reject, "", "keep it")),
      resume_line(6, "ask-3", replied({"red"}, "", false)),
      resume_line(7, "ask-4", replied({}, "It was green.", false)),
      resume_line(8, "ask-4", replied({}, "", true)),
      resume_line(9, "ask-5", for_subagent(replied({}, "Here.", false))),
      resume_line(10, "ask-6", for_both(replied({}, "No.", false))),
  };
  EXPECT_THAT(lines_beginning(R"({"command":)"), UnorderedElementsAreArray(written));
}

TEST(ExecProtocolDocument, HasAnExampleOfEachKindThatAProgramMaySay) {
  std::set<events::Payload> shown;
  schema::EventJson json;
  for (const std::string& line : lines_beginning(R"({"kind":)")) {
    const auto read = json.parse_line(line);
    ASSERT_TRUE(read) << line << ": " << read.error().message;
    shown.insert(read->event.kind());
  }
  for (const events::Payload kind : events::EnumValuesPayload()) {
    const bool sayable = schema::is_publishable(kind) || kind == events::Payload::status_changed;
    EXPECT_EQ(shown.contains(kind), sayable) << schema::kind_name(kind);
  }
}

class ExecProtocolExamples : public ExecRunner {};

TEST_F(ExecProtocolExamples, AreTakenFromAProcessThatWritesThem) {
  const std::vector<std::string> lines = lines_beginning(R"({"kind":)");
  const auto ends_a_run = [](const std::string& line) {
    return line.starts_with(R"({"kind":"status_changed")");
  };
  std::string text;
  for (const std::string& line : lines)
    text += line + "\n";
  const auto file = folder_.write("lines", text);
  script("exec 3< " + file.native() + R"sh(
while read -r command; do
  while read -r line <&3; do
    printf '%s\n' "$line"
    case $line in *status_changed*) break ;; esac
  done
done)sh");
  const auto runs = static_cast<std::size_t>(std::ranges::count_if(lines, ends_a_run));
  std::map<RunEnd, int> ends;
  for (std::size_t run = 1; run <= runs; ++run) {
    execute(run);
    ++ends[sink_->wait_for_run(run).outcome.end];
  }
  EXPECT_EQ(ends.size(), 5U) << "each way in which a run can end";
  EXPECT_GE(sink_->events().size(), lines.size() - runs);
  EXPECT_THAT(log(), Not(HasSubstr("refused")));
}

}  // namespace
}  // namespace ringside::agentd
