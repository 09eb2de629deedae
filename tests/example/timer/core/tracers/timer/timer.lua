--- Functions of kernel timers.

local session = require "shark.trace.session"

return session.define {
  provider = "timer",
  about = "How long the functions of kernel timers run, by function and CPU.",
  source = "tracepoints timer:timer_expire_entry and timer_expire_exit (kernel/time/timer.c)",
  rows = {
    { "func", "symbol of the timer's function", at = "key[SHARK_KEY_ADDRESS]", symbol = true, key = true,
      type = "string" },
    { "cpu", "the CPU that it ran on", key = true },
    { "count", "runs that ended", sum = "add" },
    { "total_ns", "their time in all, with what interrupted them", sum = "add", unit = "ns" },
    { "max_ns", "the longest of them", sum = "max", unit = "ns" },
    { "hist", "the times of the runs", sum = "hist", unit = "ns", type = "shark.Hist" },
  },
  events = {
    { "ts_ns", "when it was called, CLOCK_MONOTONIC", unit = "ns" },
    { "ns", "how long it ran, with what interrupted it", unit = "ns" },
    { "func", "symbol of the timer's function", of_row = true, type = "string" },
    { "cpu", "the CPU it ran on" },
    { "stack", "for session:stack(); negative: none" },
  },
}
