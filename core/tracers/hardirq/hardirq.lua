--- Hard interrupt handlers; shark.irq has the documentation.

local audit = require "shark.trace.audit"
local C = require "shark.events"
local interrupts = require "shark.system.interrupts"
local meaning = require "shark.trace.meaning"
local session = require "shark.trace.session"

local action_of = meaning.name_of

local function returned(number)
  return function(row) return tonumber(row.tally[number] + row.tally[C.SHARK_RETURNED_BOTH]) end
end

-- Every action of a shared IRQ is called for each interrupt: the one that was
-- called most often says how many there were.
local function seen(self)
  local by_action = audit.sum(self, function(row)
    return ("%d\0%d\0%s"):format(row.id, row.cpu, action_of(row))
  end)
  local by_cpu, sums = {}, {}
  for key, count in pairs(by_action) do
    local place = key:match("^%d+%z%d+")
    by_cpu[place] = math.max(by_cpu[place] or 0, count)
  end
  for place, count in pairs(by_cpu) do
    local name = "IRQ " .. place:match("^%d+")
    sums[name] = (sums[name] or 0) + count
  end
  return sums
end

local function kernel(options, text)
  local counts = {}
  for irq, count in pairs(interrupts.counts(interrupts.read(text), options.cpu)) do
    if not options.irq or options.irq == irq then
      counts["IRQ " .. irq] = count
    end
  end
  return counts
end

return session.define {
  provider = "hardirq",
  call = "irq.hardirq",
  class = "Hardirq",
  title = "Interrupt handlers",
  about = "Time in hard interrupt handlers, by IRQ, action and CPU.",
  source = "tracepoints irq:irq_handler_entry and irq_handler_exit (kernel/irq/handle.c)",
  event = "struct shark_event",
  -- An action that was freed and requested again has a row for each time in the kernel.
  rows = {
    { "irq", "the IRQ", at = "id", key = true },
    { "action", "name of the irqaction", from = action_of, key = true, type = "string" },
    { "cpu", "the CPU that the handler ran on", key = true },
    { "count", "runs of the handler that ended", sum = "add" },
    { "total_ns", "their time in all, without what interrupted them", sum = "add", unit = "ns" },
    { "max_ns", "the longest of them", sum = "max", unit = "ns" },
    { "none", "runs that returned IRQ_NONE: the device was silent", at = "tally[SHARK_RETURNED_NONE]", sum = "add" },
    { "handled", "runs that returned IRQ_HANDLED", from = returned(C.SHARK_RETURNED_HANDLED), sum = "add" },
    { "wake_thread", "runs that returned IRQ_WAKE_THREAD", from = returned(C.SHARK_RETURNED_WAKE), sum = "add" },
    { "hist", "the times of the runs", sum = "hist", unit = "ns", type = "shark.Hist" },
  },
  events = {
    { "ts_ns", "when the handler was entered, CLOCK_MONOTONIC", unit = "ns" },
    { "ns", "how long it ran, without what interrupted it", unit = "ns" },
    { "irq", "the IRQ" },
    { "action", "name of the irqaction", type = "string", of_row = true },
    { "cpu", "the CPU it ran on" },
    { "ret", "what it returned, an irqreturn_t" },
    { "stack", "for session:stack(); negative: none" },
  },
  audit = { source = "/proc/interrupts", seen = seen, kernel = kernel },
}
