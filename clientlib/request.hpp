// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include "control_generated.h"

namespace ringside::detail {

/// The request whose body this table is.
template <class Table>
control::RequestT to_request(Table table) {
  control::RequestT request;
  request.body.Set(std::move(table));
  return request;
}

}  // namespace ringside::detail
