// SPDX-License-Identifier: Apache-2.0
//
// relacy without its macros. They rename `new`, `delete`, `memory_order_acquire` and more for tests that are written
// in its own dialect; ours are the shipped headers, in plain C++, and may be included before or after this.
#pragma once

#include <atomic>
#include <cassert>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#pragma push_macro("assert")
#pragma push_macro("errno")
#pragma push_macro("new")
#pragma push_macro("delete")
#pragma push_macro("malloc")
#pragma push_macro("calloc")
#pragma push_macro("realloc")
#pragma push_macro("free")
#pragma push_macro("memory_order_relaxed")
#pragma push_macro("memory_order_consume")
#pragma push_macro("memory_order_acquire")
#pragma push_macro("memory_order_release")
#pragma push_macro("memory_order_acq_rel")
#pragma push_macro("memory_order_seq_cst")
#include <relacy/relacy.hpp>
#pragma pop_macro("memory_order_seq_cst")
#pragma pop_macro("memory_order_acq_rel")
#pragma pop_macro("memory_order_release")
#pragma pop_macro("memory_order_acquire")
#pragma pop_macro("memory_order_consume")
#pragma pop_macro("memory_order_relaxed")
#pragma pop_macro("free")
#pragma pop_macro("realloc")
#pragma pop_macro("calloc")
#pragma pop_macro("malloc")
#pragma pop_macro("delete")
#pragma pop_macro("new")
#pragma pop_macro("errno")
#pragma pop_macro("assert")
