--- Interrupts: what runs between the CPU's vector and the driver.

local ffi = require "ffi"
local hist = require "shark.hist"
local session = require "shark.session"

local M = {}

-- include/linux/irqreturn.h
local IRQ_NONE, IRQ_HANDLED, IRQ_WAKE_THREAD, BOTH = 0, 1, 2, 3

local function action_name(row)
  return ffi.string(row.name)
end

local hardirq = session.define {
  provider = "hardirq",
  row = "struct shark_hardirq_row",
  event = "struct shark_hardirq_event",

  decode = function(row)
    local returned = row.returned
    return {
      irq = row.irq,
      cpu = row.cpu,
      action = action_name(row),
      count = tonumber(row.count),
      total_ns = tonumber(row.total_ns),
      max_ns = tonumber(row.max_ns),
      none = tonumber(returned[IRQ_NONE]),
      handled = tonumber(returned[IRQ_HANDLED] + returned[BOTH]),
      wake_thread = tonumber(returned[IRQ_WAKE_THREAD] + returned[BOTH]),
      hist = hist.new(row.hist),
    }
  end,

  key = function(row)
    return row.irq .. "\0" .. row.cpu .. "\0" .. row.action
  end,

  -- An action that was freed and requested again has a row for each time.
  merge = function(into, row)
    for _, field in ipairs { "count", "total_ns", "none", "handled", "wake_thread" } do
      into[field] = into[field] + row[field]
    end
    into.max_ns = math.max(into.max_ns, row.max_ns)
    into.hist:merge(row.hist)
  end,

  less = function(a, b)
    if a.irq ~= b.irq then
      return a.irq < b.irq
    elseif a.action ~= b.action then
      return a.action < b.action
    end
    return a.cpu < b.cpu
  end,

  fields = {
    action = function(self, event)
      local row = event.row
      local name = self.names[row]
      if not name then
        name = action_name(self.rows[row])
        self.names[row] = name
      end
      return name
    end,
  },
}

--- Time in hard interrupt handlers, by IRQ, action and CPU.
---
--- Rows of read(): irq, action (name), cpu, count, total_ns, max_ns, hist, and
--- what the handlers returned: none, handled, wake_thread. Of an IRQ that
--- devices share, every action has a row and a count for each interrupt; the
--- one whose device was silent returns IRQ_NONE.
---
--- Fields of an event: ts_ns (entered, CLOCK_MONOTONIC), ns (how long), irq,
--- cpu, ret (irqreturn_t), action (name).
---
--- Source: tracepoints irq:irq_handler_entry and irq_handler_exit
--- (kernel/irq/handle.c). A threaded handler's thread is not in it.
---
--- @param options? table filters, all in the kernel: irq, cpu; and way ("tp_btf",
---   "raw_tp", "tp": this way only), ring_bytes (for events), rows (table size)
--- @return shark.Session? @return string? message @return string? name
function M.hardirq(options)
  return session.open(hardirq, options)
end

return M
