--- Affinity asked for, and when it took effect; shark.remap.trace has the
--- documentation.

local bit = require "bit"
local C = require "shark.events"
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
    total_ns = tonumber(row.total_ns), max_ns = tonumber(row.max_ns), hist = hist.new(row.hist),
    left_pending = tonumber(tally[0]), failed = tonumber(tally[1]), ask_unseen = tonumber(tally[2]),
    replaced = tonumber(tally[3]),
  }
end

local SUMS = { "count", "total_ns", "left_pending", "failed", "ask_unseen", "replaced" }

local function merge(into, row)
  for _, field in ipairs(SUMS) do
    into[field] = into[field] + row[field]
  end
  into.max_ns = math.max(into.max_ns, row.max_ns)
  into.hist:merge(row.hist)
end

local function key(row)
  return ("%08d\0%s\0%04d"):format(row.irq, row.what, row.cpu)
end

local function add_range(list, first, last)
  if first then
    list[#list + 1] = first == last and tostring(first) or first .. "-" .. last
  end
end

-- "0-1,4" of a mask's words.
local function cpulist(words)
  local list, first, last = {}, nil, nil
  for cpu = 0, C.SHARK_AFFINITY_MASK_WORDS * 64 - 1 do
    if bit.band(bit.rshift(words[bit.rshift(cpu, 6)], cpu % 64), 1ULL) == 1ULL then
      if last ~= cpu - 1 or not first then
        add_range(list, first, last)
        first = cpu
      end
      last = cpu
    end
  end
  add_range(list, first, last)
  return table.concat(list, ",")
end

local function has(flag)
  return function(_, event) return bit.band(event.flags, flag) ~= 0 end
end

local kind = session.define {
  provider = "affinity",
  event = "struct shark_affinity_event",
  decode = decode,
  merge = merge,
  key = key,
  less = function(a, b) return key(a) < key(b) end,
  fields = {
    name = function(_, event) return NAMES[event.what] end,
    task = function(_, event) return ffi.string(event.comm) end,
    cpus = function(_, event) return cpulist(event.mask) end,
    pending = has(C.SHARK_AFFINITY_PENDING),
    was_pending = has(C.SHARK_AFFINITY_WAS_PENDING),
    ask_unseen = has(C.SHARK_AFFINITY_ASK_UNSEEN),
  },
}

function M.open(options)
  return session.open(kind, options)
end

return M
