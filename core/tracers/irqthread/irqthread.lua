--- Threads of interrupt handlers; shark.irq has the documentation.

local C = require "shark.events"
local meaning = require "shark.trace.meaning"
local session = require "shark.trace.session"

local RUN, WAIT, SEND = C.SHARK_RUN, C.SHARK_WAIT, C.SHARK_SEND

return session.define {
  provider = "irqthread",
  call = "irq.thread",
  class = "Thread",
  title = "Threads of handlers",
  about = "Threads of interrupt handlers: from the handler that wakes its thread to its start, and until it " ..
    "sleeps again.",
  source = "tracepoints irq:irq_handler_exit and sched:sched_switch",
  event = "struct shark_deferred_event",
  rows = {
    { "irq", "the IRQ", at = "id", key = true },
    { "action", "name of the irqaction", from = meaning.name_of, key = true, type = "string" },
    { "cpu", "the CPU of the thread; of wakes, the handler's", key = true },
    { "wakes", "handlers that asked for the thread; one that runs already answers several in one run", at = "count",
      of = SEND, sum = "add", default = 0 },
    { "count", "runs of the thread that ended", of = RUN, sum = "add", default = 0 },
    { "total_ns", "their time in all, without preempted_ns", of = RUN, sum = "add", default = 0, unit = "ns" },
    { "max_ns", "the longest of them", of = RUN, sum = "max", default = 0, unit = "ns" },
    { "preempted_ns", "time that the thread was preempted", at = "nested_ns", of = RUN, sum = "add", default = 0,
      unit = "ns" },
    { "waits", "runs whose waking was seen", at = "count", of = WAIT, sum = "add", default = 0 },
    { "wait_ns", "time from the waking to the start, in all", at = "total_ns", of = WAIT, sum = "add", default = 0,
      unit = "ns" },
    { "wait_max_ns", "the longest of these", at = "max_ns", of = WAIT, sum = "max", default = 0, unit = "ns" },
    { "hist", "the times of the runs", of = RUN, sum = "hist", default = {}, unit = "ns", type = "shark.Hist" },
    { "wait_hist", "the times from waking to start", at = "hist", of = WAIT, sum = "hist", default = {}, unit = "ns",
      type = "shark.Hist" },
  },
  events = {
    { "ts_ns", "when the thread started, CLOCK_MONOTONIC", unit = "ns" },
    { "ns", "how long it ran, without nested_ns", unit = "ns" },
    { "wait_ns", "since it was woken", unit = "ns" },
    { "nested_ns", "time that it was preempted", unit = "ns" },
    { "irq", "the IRQ" },
    { "action", "name of the irqaction", type = "string", of_row = true },
    { "cpu", "the CPU of the thread" },
    { "stack", "for session:stack(); negative: none" },
  },
}
