--- Affinity asked for, and when it took effect; shark.remap.trace has the
--- documentation.

local bit = require "bit"
local C = require "shark.events"
local cpulist = require "shark.decode.cpulist"
local meaning = require "shark.trace.meaning"
local session = require "shark.trace.session"

-- By SHARK_AFFINITY_ASKED, ... (core/tracers/affinity/wire.h).
local NAMES = { [0] = "asked", "moved", "set" }

-- "0-1,4" of a mask's words.
local function text_of(words)
  local cpus = {}
  for cpu = 0, C.SHARK_AFFINITY_MASK_WORDS * 64 - 1 do
    if bit.band(bit.rshift(words[bit.rshift(cpu, 6)], cpu % 64), 1ULL) == 1ULL then
      cpus[#cpus + 1] = cpu
    end
  end
  return cpulist.format(cpus)
end

return session.define {
  provider = "affinity",
  call = "remap.affinity",
  class = "Affinity",
  title = "Affinity of IRQs",
  about = "Affinity of IRQs: asked for, and when it took effect.",
  source = "functions of kernel/irq/manage.c and migration.c",
  event = "struct shark_affinity_event",
  rows = {
    { "irq", "the IRQ", at = "id", key = true },
    { "what", '"asked", "moved" (an interrupt made a pending one true), "set" (by the kernel itself)', key = true,
      type = '"asked"|"moved"|"set"', from = function(row) return NAMES[row.what] end },
    { "cpu", "where it was done", key = true },
    { "count", "how often", sum = "add" },
    { "total_ns", "of moved the time it was pending, else that of the calls", sum = "add", unit = "ns" },
    { "max_ns", "the longest of these", sum = "max", unit = "ns" },
    { "left_pending", "not in force when the call returned", at = "tally[SHARK_AFFINITY_LEFT_PENDING]", sum = "add" },
    { "failed", "returned an error", at = "tally[SHARK_AFFINITY_FAILED]", sum = "add" },
    { "ask_unseen", "took effect, asked for before the trace began", at = "tally[SHARK_AFFINITY_UNASKED]",
      sum = "add" },
    { "replaced", "asked for while another was pending", at = "tally[SHARK_AFFINITY_REPLACED]", sum = "add" },
    { "hist", "the times", sum = "hist", unit = "ns", type = "shark.Hist" },
  },
  events = {
    { "ts_ns", "when it was asked for or took effect, CLOCK_MONOTONIC", unit = "ns" },
    { "ns", "from the request to its return", unit = "ns" },
    { "wait_ns", "of moved: since it was asked for", unit = "ns" },
    { "name", '"asked", "moved" or "set"', type = "string", from = function(_, event) return NAMES[event.what] end },
    { "irq", "the IRQ" },
    { "cpus", 'CPUs asked for: "0-1,4"', type = "string", from = function(_, event) return text_of(event.mask) end },
    { "was_on", "the CPU in force before; -1: none" },
    { "is_on", "the CPU in force after; -1: none" },
    { "pending", "not in force when the request returned", type = "boolean", flag = C.SHARK_AFFINITY_PENDING },
    { "was_pending", "one was pending when the request came", type = "boolean",
      flag = C.SHARK_AFFINITY_WAS_PENDING },
    { "ask_unseen", "asked for before the trace began", type = "boolean", flag = C.SHARK_AFFINITY_ASK_UNSEEN },
    { "ret", "0 or a negative errno" },
    { "cpu", "where it was done: of moved, where the interrupt came" },
    { "pid", "the thread that asked" },
    { "task", "its name", type = "string", from = meaning.task_of },
    { "stack", "for session:stack(); negative: none" },
  },
}
