--- Affinity asked for, and when it took effect; shark.remap.trace has the
--- documentation.

local bit = require "bit"
local C = require "shark.events"
local cpulist = require "shark.system.cpulist"
local ffi = require "ffi"
local hist = require "shark.hist"
local session = require "shark.trace.session"

local M = {}

-- In the order of the enum in core/events.h.
local NAMES = { [0] = "asked", "moved", "set" }

local function decode(row)
  local tally = row.tally
  return {
    irq = row.id, what = NAMES[row.what], cpu = row.cpu, count = tonumber(row.count),
    total_ns = tonumber(row.total_ns), max_ns = tonumber(row.max_ns), hist = hist.new(row.hist, row.max_ns),
    left_pending = tonumber(tally[0]), failed = tonumber(tally[1]), ask_unseen = tonumber(tally[2]),
    replaced = tonumber(tally[3]),
  }
end

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

local function has(flag)
  return function(_, event) return bit.band(event.flags, flag) ~= 0 end
end

local kind = session.define {
  provider = "affinity",
  event = "struct shark_affinity_event",
  decode = decode,
  by = { "irq", "what", "cpu" },
  sums = { "count", "total_ns", "left_pending", "failed", "ask_unseen", "replaced" },
  hidden = { "mask", "what", "flags" },
  fields = {
    name = function(_, event) return NAMES[event.what] end,
    task = function(_, event) return ffi.string(event.comm) end,
    cpus = function(_, event) return text_of(event.mask) end,
    pending = has(C.SHARK_AFFINITY_PENDING),
    was_pending = has(C.SHARK_AFFINITY_WAS_PENDING),
    ask_unseen = has(C.SHARK_AFFINITY_ASK_UNSEEN),
  },
}

function M.open(options)
  return session.open(kind, options)
end

return M
