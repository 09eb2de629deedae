--- Hard interrupt handlers; shark.irq has the documentation.

local audit = require "shark.trace.audit"
local ffi = require "ffi"
local hist = require "shark.hist"
local interrupts = require "shark.system.interrupts"
local session = require "shark.trace.session"

local M = {}

-- include/linux/irqreturn.h
local IRQ_NONE, IRQ_HANDLED, IRQ_WAKE_THREAD, BOTH = 0, 1, 2, 3

local function action_name(row)
  return ffi.string(row.name)
end

local function decode(row)
  local returned = row.tally
  return {
    irq = row.id,
    cpu = row.cpu,
    action = action_name(row),
    count = tonumber(row.count),
    total_ns = tonumber(row.total_ns),
    max_ns = tonumber(row.max_ns),
    none = tonumber(returned[IRQ_NONE]),
    handled = tonumber(returned[IRQ_HANDLED] + returned[BOTH]),
    wake_thread = tonumber(returned[IRQ_WAKE_THREAD] + returned[BOTH]),
    hist = hist.new(row.hist, row.max_ns),
  }
end

-- Every action of a shared IRQ is called for each interrupt: the one that was
-- called most often says how many there were.
local function seen(self)
  local by_action = audit.sum(self, function(row)
    return ("%d\0%d\0%s"):format(row.id, row.cpu, action_name(row))
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

local kind = session.define {
  provider = "hardirq",
  event = "struct shark_event",
  decode = decode,
  -- An action that was freed and requested again has a row for each time.
  by = { "irq", "action", "cpu" },
  hidden = { "id", "vector", "sender" },
  sums = { "count", "total_ns", "none", "handled", "wake_thread" },
  fields = {
    action = function(self, event)
      local row = event.row
      local name = self.names[row]
      if not name then
        name = row < self.nr_rows and action_name(self.rows[row]) or ""
        self.names[row] = name
      end
      return name
    end,
  },
  audit = { source = "/proc/interrupts", seen = seen, kernel = kernel },
}

function M.open(options)
  return session.open(kind, options)
end

return M
