--- Interrupts in Dovetail's pipeline; shark.irq has the documentation.

local session = require "shark.trace.session"

return session.define {
  provider = "pipeline",
  call = "irq.pipeline",
  class = "Pipeline",
  title = "Interrupts in the pipeline",
  about = "Time that interrupts take in Dovetail's pipeline, by IRQ and CPU: out-of-band handlers run in it, " ..
    "in-band ones later.",
  source = "tracepoints irq:irq_pipeline_entry and irq_pipeline_exit (kernel/irq/pipeline.c of kernels with " ..
    "Dovetail; others have none, and say so)",
  event = "struct shark_event",
  rows = {
    { "irq", "the IRQ", at = "id", key = true },
    { "cpu", "the CPU that it came to", key = true },
    { "count", "how often it left the pipeline", sum = "add" },
    { "total_ns", "the time in it in all, without what interrupted it", sum = "add", unit = "ns" },
    { "max_ns", "the longest of them", sum = "max", unit = "ns" },
    { "hist", "the times", sum = "hist", unit = "ns", type = "shark.Hist" },
  },
  events = {
    { "ts_ns", "when it entered, CLOCK_MONOTONIC", unit = "ns" },
    { "ns", "how long it was in the pipeline, without what interrupted it", unit = "ns" },
    { "irq", "the IRQ" },
    { "cpu", "the CPU that it came to" },
    { "stack", "for session:stack(); negative: none" },
  },
}
