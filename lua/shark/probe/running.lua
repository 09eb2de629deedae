--- The tracer behind irq(), vector() and softirq(): it keeps what each CPU is in as long as a session of probes
-- runs, and counts nothing. Only what handlers ask for is watched.

local core = require "shark.core"

local M = {}

-- It sends no events, and its rows are none.
local PAGE = 4096

local WHAT = { "irq", "vector", "softirq" }

local Tracer = {}
Tracer.__index = Tracer

local function options_of(wanted)
  local options = { ring_bytes = PAGE, rows = 1 }
  for _, what in ipairs(WHAT) do
    options[what] = wanted[what] or false
  end
  return options
end

local function builtins_of(wanted)
  local list = {}
  for _, what in ipairs(WHAT) do
    list[#list + 1] = wanted[what] and what .. "()" or nil
  end
  return list
end

--- Starts one.
--- @param wanted table<string, true> which of irq, vector and softirq
--- @return table? tracer with what maps have, fd() and close(); and stop(), how()
--- @return string? message @return string? name
function M.open(wanted)
  local builtins = builtins_of(wanted)
  local handle, message, name = core.session("context", options_of(wanted))
  if not handle then
    return nil, ("%s: %s"):format(table.concat(builtins, ", "), message), name
  end
  return setmetatable({ handle = handle, builtins = builtins }, Tracer)
end

--- The map with the state of each CPU.
function Tracer:fd()
  return self.handle:cpus_fd()
end

function Tracer:stop()
  self.handle:stop()
end

function Tracer:close()
  self.handle:close()
end

--- As that of traces, and for which builtins it is.
function Tracer:how()
  local how = self.handle:how()
  how.builtins = self.builtins
  return how
end

-- ---- losses ----

-- Of what it can lose, in its own words.
local LOST = { missed_runs = true, too_deep = true, unmatched_entries = true, unmatched_exits = true }

local function field_of(loss)
  return "context_" .. loss
end

--- How the losses of tracers are said: as those of shark.core's sessions.
--- @param tracers table[] @return table[]
function M.losses(tracers)
  local list, builtins = {}, {}
  for _, tracer in ipairs(tracers) do
    builtins[#builtins + 1] = table.concat(tracer.builtins, ", ")
  end
  for _, known in ipairs(tracers[1] and tracers[1].handle:losses() or {}) do
    local function said(words)
      return ("%s for %s"):format(words, table.concat(builtins, ", "))
    end
    if LOST[known.field] then
      list[#list + 1] = { field = field_of(known.field), one = said(known.one), several = said(known.several) }
    end
  end
  return list
end

--- Their counts, by field; one that this kernel does not count is absent.
--- @param tracers table[] @param loss table where they go
function M.add_losses(tracers, loss)
  for field in pairs(LOST) do
    local sum = #tracers > 0 and 0 or nil
    for _, tracer in ipairs(tracers) do
      local lost = tracer.handle:loss()[field]
      sum = sum and lost and sum + lost
    end
    loss[field_of(field)] = sum
  end
end

return M
