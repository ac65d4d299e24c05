#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# An agent in Python: streams its words, plans, names the conversation, asks before it deletes. docs/exec-protocol.md
#   ringside start ada --runner exec --idle -- python3 examples/exec/agent.py
import json, os, queue, re, sys, threading

commands = queue.Queue()
life = os.environ.get("RINGSIDE_INCARNATION", "0")  # ids must not come again in a later life


class Cancelled(Exception):
    pass


def read_commands():
    for line in sys.stdin:
        commands.put(json.loads(line))
    commands.put({"command": "stop"})


def pause(seconds):  # in the middle of a run: the next command can only be its cancel, or the end
    try:
        command = commands.get(timeout=seconds)
    except queue.Empty:
        return
    if command["command"] == "stop":
        commands.put(command)
    raise Cancelled


def say(kind, **event):
    print(json.dumps({"kind": kind, "event": event}), flush=True)


def stream(message_id, text):
    for token in re.split(r"(?<= )", text):
        say("llm_deltas", deltas=[{"message_id": message_id, "text": token}])
        pause(0.02)
    say("llm_message", message={"id": message_id, "content": [{"content": text}]})


def answer(run, text):
    say("conversation_title_generated", title=text[:40] or "Nothing")
    say("todos_updated", todos=[{"id": 1, "content": "clean up", "status": "in_progress"}])
    stream(f"plan-{life}-{run}", f"You said {text!r}. I would delete all of it.")
    call = {"call_id": f"call-{life}-{run}", "name": "delete", "arguments": "{}", "status": "complete"}
    say("tool_call_identified", tool=call)
    say("tool_execution_interrupted", call_id=call["call_id"], display_text="Delete all of it?")
    request = {"tool_call_id": call["call_id"], "tool_name": "delete", "allowed": ["approve", "reject"]}
    approval = {"id": f"ask-{life}-{run}", "data_type": "approval", "data": {"requests": [request]}}
    return {"status": "interrupted", "interrupt": approval}


def go_on(run, interrupt, said):
    call_id = interrupt.replace("ask-", "call-")
    if said["data"]["decisions"][0]["decision"] == "approve":
        say("tool_execution_started", tool={"call_id": call_id, "name": "delete"})
        say("tool_execution_completed", call_id=call_id, result={"call_id": call_id, "content": [{"content": "ok"}]})
        stream(f"done-{life}-{run}", "It is gone.")
    else:
        say("tool_execution_failed", call_id=call_id, error={"type": "rejected", "message": "you said no"})
        stream(f"done-{life}-{run}", "Then it stays.")
    say("todos_updated", todos=[{"id": 1, "content": "clean up", "status": "completed"}])
    return {"status": "idle"}


threading.Thread(target=read_commands, daemon=True).start()
while (command := commands.get())["command"] != "stop":
    try:
        if command["command"] == "execute":
            say("status_changed", **answer(command["run"], command.get("message", {}).get("text", "")))
        elif command["command"] == "resume":
            say("status_changed", **go_on(command["run"], command["interrupt"], command["answer"]))
    except Cancelled:
        say("status_changed", status="cancelled")
