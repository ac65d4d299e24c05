// SPDX-License-Identifier: Apache-2.0
#include "clientlib/answer.hpp"

namespace ringside::detail {
namespace {

RequestFault fault_of(control::ErrorCode code) noexcept {
  switch (code) {
    case control::ErrorCode::not_allowed:
      return RequestFault::not_allowed;
    case control::ErrorCode::no_such_topic:
      return RequestFault::no_such_topic;
    case control::ErrorCode::no_such_agent:
      return RequestFault::no_such_agent;
    case control::ErrorCode::not_running:
      return RequestFault::not_running;
    case control::ErrorCode::invalid_in_status:
      return RequestFault::invalid_in_status;
    case control::ErrorCode::stopping:
      return RequestFault::stopping;
    case control::ErrorCode::keyframe_unavailable:
      return RequestFault::keyframe_unavailable;
    case control::ErrorCode::sequence_ahead:
      return RequestFault::sequence_ahead;
    case control::ErrorCode::no_slot:
      return RequestFault::no_slot;
    case control::ErrorCode::no_space:
      return RequestFault::no_space;
    case control::ErrorCode::event_too_large:
      return RequestFault::event_too_large;
    case control::ErrorCode::bad_event:
      return RequestFault::bad_event;
    case control::ErrorCode::not_publishable:
      return RequestFault::not_publishable;
    case control::ErrorCode::already_tracked:
      return RequestFault::already_tracked;
    case control::ErrorCode::not_tracked:
      return RequestFault::not_tracked;
    case control::ErrorCode::meta_too_large:
      return RequestFault::meta_too_large;
    case control::ErrorCode::bad_source:
      return RequestFault::bad_source;
    case control::ErrorCode::runner_failed:
      return RequestFault::runner_failed;
    case control::ErrorCode::no_such_interrupt:
      return RequestFault::no_such_interrupt;
    case control::ErrorCode::already_answered:
      return RequestFault::already_answered;
    case control::ErrorCode::bad_answer:
      return RequestFault::bad_answer;
    case control::ErrorCode::queue_full:
      return RequestFault::queue_full;
    case control::ErrorCode::bad_request:
      return RequestFault::bad_input;
    case control::ErrorCode::internal:
    case control::ErrorCode::unsupported_version:
    case control::ErrorCode::not_attached:
    case control::ErrorCode::already_attached:
    case control::ErrorCode::no_such_subscription:
    case control::ErrorCode::list_moved:
      break;
  }
  return RequestFault::refused;
}

}  // namespace

RequestError to_request_error(const control::Error& error) {
  return RequestError{fault_of(error.code()), 0, error.message()->str()};
}

}  // namespace ringside::detail
