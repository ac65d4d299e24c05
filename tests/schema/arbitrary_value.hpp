// SPDX-License-Identifier: Apache-2.0
//
// Draws single values. For use inside a RapidCheck property.
#pragma once

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <rapidcheck.h>

namespace ringside::schema::testing {

inline bool maybe() {
  return *rc::gen::arbitrary<bool>();
}

template <class Number>
Number number() {
  return *rc::gen::weightedOneOf<Number>({{4, rc::gen::arbitrary<Number>()},
                                          {1, rc::gen::just(std::numeric_limits<Number>::min())},
                                          {1, rc::gen::just(std::numeric_limits<Number>::max())}});
}

template <class Enum>
Enum one_of() {
  return static_cast<Enum>(
      *rc::gen::inRange<int>(static_cast<int>(Enum::MIN), static_cast<int>(Enum::MAX) + 1));
}

/// Any UTF-8, with more than its share of what JSON has to escape.
std::string text();

/// Any UTF-8 that is not empty.
inline std::string name() {
  return text() + "n";
}

/// A few of what `make` makes, `count_min` at least.
template <class Element, class Make>
std::vector<std::unique_ptr<Element>> several(Make make, int count_min = 0) {
  std::vector<std::unique_ptr<Element>> elements;
  const int count = *rc::gen::inRange(count_min, 4);
  for (int i = 0; i < count; ++i)
    elements.push_back(std::make_unique<Element>(make()));
  return elements;
}

}  // namespace ringside::schema::testing
