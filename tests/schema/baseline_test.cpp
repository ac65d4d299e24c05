// SPDX-License-Identifier: Apache-2.0
//
// The half of the compatibility gate that `flatc --conform` leaves out (schema/baseline/README.md).
#include <memory>
#include <string>
#include <vector>

#include <flatbuffers/idl.h>
#include <flatbuffers/util.h>
#include <gtest/gtest.h>

namespace {

std::string read(const std::string& path) {
  std::string text;
  EXPECT_TRUE(flatbuffers::LoadFile(path.c_str(), false, &text)) << path;
  return text;
}

std::unique_ptr<flatbuffers::Parser> parse(const std::string& text, const std::string& folder) {
  auto parser = std::make_unique<flatbuffers::Parser>();
  const char* include_paths[] = {folder.c_str(), nullptr};
  EXPECT_TRUE(parser->Parse(text.c_str(), include_paths)) << parser->error_;
  return parser;
}

void compare_tables(const flatbuffers::Parser& before, const flatbuffers::Parser& now,
                    std::vector<std::string>& broken) {
  for (const auto& [name, table] : before.structs_.dict) {
    const auto* same = now.structs_.Lookup(name);
    if (!same) {
      broken.push_back("table " + name + " is gone");
      continue;
    }
    for (const auto* field : table->fields.vec) {
      const auto* kept = same->fields.Lookup(field->name);
      if (!kept) {
        broken.push_back("field " + name + "." + field->name + " is gone");
      } else if (kept->IsRequired() != field->IsRequired()) {
        broken.push_back("field " + name + "." + field->name + " changed whether it is required");
      }
    }
    for (const auto* field : same->fields.vec) {
      if (!table->fields.Lookup(field->name) && field->IsRequired()) {
        broken.push_back("field " + name + "." + field->name + " is new and required");
      }
    }
  }
}

void compare_enums(const flatbuffers::Parser& before, const flatbuffers::Parser& now,
                   std::vector<std::string>& broken) {
  for (const auto& [name, values] : before.enums_.dict) {
    const auto* same = now.enums_.Lookup(name);
    if (!same) {
      broken.push_back("enum " + name + " is gone");
      continue;
    }
    for (const auto* value : values->Vals()) {
      if (!same->Lookup(value->name)) broken.push_back("enumerator " + name + "." + value->name + " is gone");
    }
  }
}

std::vector<std::string> broken_promises(const flatbuffers::Parser& before, const flatbuffers::Parser& now) {
  std::vector<std::string> broken;
  if (before.root_struct_def_->name != now.root_struct_def_->name) broken.emplace_back("another root");
  if (before.file_identifier_ != now.file_identifier_) broken.emplace_back("another file identifier");
  compare_tables(before, now, broken);
  compare_enums(before, now, broken);
  return broken;
}

const std::string schema_dir = RINGSIDE_SCHEMA_DIR;
const std::string baseline_dir = schema_dir + "/baseline";

using Promises = std::vector<std::string>;

class BaselineTest : public testing::TestWithParam<const char*> {};

TEST_P(BaselineTest, EveryNameIsStillThereAndAsOptionalAsItWas) {
  const std::string file = std::string("/") + GetParam() + ".fbs";
  const auto before = parse(read(baseline_dir + file), baseline_dir);
  const auto now = parse(read(schema_dir + file), schema_dir);
  EXPECT_EQ(broken_promises(*before, *now), Promises());
}

INSTANTIATE_TEST_SUITE_P(Schema, BaselineTest, testing::Values("events", "control"),
                         [](const auto& tested) { return std::string(tested.param); });

/// What the gate says of the baseline with one place changed.
Promises after_edit(const std::string& from, const std::string& to) {
  const std::string text = read(baseline_dir + "/events.fbs");
  std::string edited = text;
  const auto at = edited.find(from);
  if (at == std::string::npos) return {"the schema no longer has '" + from + "'"};
  edited.replace(at, from.size(), to);
  return broken_promises(*parse(text, baseline_dir), *parse(edited, baseline_dir));
}

TEST(BaselineGate, RefusesAFieldThatIsGone) {
  EXPECT_EQ(after_edit("detail: string (id: 2);", ""),
            Promises({"field ringside.events.Error.detail is gone"}));
}

TEST(BaselineGate, RefusesARenamedField) {
  EXPECT_EQ(after_edit("detail: string (id: 2);", "more: string (id: 2);"),
            Promises({"field ringside.events.Error.detail is gone"}));
}

TEST(BaselineGate, RefusesAFieldThatBecomesRequired) {
  EXPECT_EQ(after_edit("detail: string (id: 2);", "detail: string (id: 2, required);"),
            Promises({"field ringside.events.Error.detail changed whether it is required"}));
}

TEST(BaselineGate, RefusesANewFieldThatIsRequired) {
  EXPECT_EQ(after_edit("detail: string (id: 2);", "detail: string (id: 2); code: string (id: 3, required);"),
            Promises({"field ringside.events.Error.code is new and required"}));
}

TEST(BaselineGate, RefusesAnEnumeratorThatIsGone) {
  EXPECT_EQ(after_edit("no_viewers, manual, crash }", "no_viewers, manual }"),
            Promises({"enumerator ringside.events.ShutdownReason.crash is gone"}));
}

TEST(BaselineGate, RefusesAnotherFileIdentifier) {
  EXPECT_EQ(after_edit("\"RSE1\"", "\"RSE2\""), Promises({"another file identifier"}));
}

TEST(BaselineGate, LetsTheVocabularyGrow) {
  EXPECT_EQ(after_edit("detail: string (id: 2);", "detail: string (id: 2); code: string (id: 3);"),
            Promises());
  EXPECT_EQ(after_edit("no_viewers, manual, crash }", "no_viewers, manual, crash, eclipse }"), Promises());
}

}  // namespace
