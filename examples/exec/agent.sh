#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# An agent in POSIX shell: asks for a name, and greets it. docs/exec-protocol.md
#   ringside start ada --runner exec --idle -- sh examples/exec/agent.sh
set -eu
life=${RINGSIDE_INCARNATION:-0} # ids must not come again in a later life

say() { printf '{"kind":"%s","event":%s}\n' "$1" "$2"; }

ask() { # RUN
  question='"data":{"type":"free_text","text":"What is your name?","may_cancel":true}'
  say status_changed '{"status":"interrupted","interrupt":{"id":"name-'"$life-$1"'","data_type":"question",'"$question"'}}'
}

greet() { # RUN NAME, as JSON writes it between the quotes
  for word in Hello ", $2" .; do
    say llm_deltas '{"deltas":[{"message_id":"greeting-'"$life-$1"'","text":"'"$word"'"}]}'
  done
  say llm_message '{"message":{"id":"greeting-'"$life-$1"'","content":[{"content":"Hello, '"$2"'."}]}}'
  say status_changed '{"status":"idle"}'
}

run_of() { printf '%s\n' "$1" | sed 's/^[^:]*:[^:]*:\([0-9]*\).*/\1/'; }

# What is between the quotes stays escaped, and goes back into JSON as it came.
text_of() { printf '%s\n' "$1" | sed -n 's/.*"text": *"\(\([^"\\]*\(\\.\)*\)*\)".*/\1/p'; }

while read -r command; do
  case $command in
    '{"command":"execute"'*) ask "$(run_of "$command")" ;;
    '{"command":"resume"'*)
      name=$(text_of "$command")
      greet "$(run_of "$command")" "${name:-stranger}"
      ;;
    '{"command":"cancel"'*) ;; # of a run that has ended: we read on only then
    '{"command":"stop"'*) exit 0 ;;
  esac
done
