// SPDX-License-Identifier: Apache-2.0
#include "tests/model/mutation.hpp"

#include <array>
#include <fstream>
#include <stdexcept>
#include <utility>

namespace ringside::model {

namespace {

Change named(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, Change>, 7> changes = {{{"relaxed", Change::relaxed},
                                                                           {"acquire", Change::acquire},
                                                                           {"release", Change::release},
                                                                           {"acq_rel", Change::acq_rel},
                                                                           {"skip", Change::skip},
                                                                           {"split", Change::split},
                                                                           {"compare", Change::compare}}};
  for (const auto& [each, change] : changes) {
    if (each == name) return change;
  }
  throw std::runtime_error("no such change: " + std::string(name));
}

}  // namespace

void Mutation::set(std::string file, std::string_view text, std::string_view change) {
  change_ = named(change);
  std::ifstream in(RINGSIDE_SOURCE_DIR "/" + file);
  std::uint_least32_t number = 0;
  std::size_t found = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.find(text) == std::string::npos) continue;
    line_ = number;
    ++found;
  }
  if (found != 1)
    throw std::runtime_error(file + " has " + std::to_string(found) + " lines with: " + std::string(text));
  file_ = "/" + std::move(file);
}

}  // namespace ringside::model
