--- A second witness of interrupts: ftrace, in an instance of its own.
--
-- Some kernels keep BPF programs from running while a task of the machine's
-- keeper (process 1) is current: seen on a 6.18 cloud kernel, with every kind of
-- program, and not counted as missed. Interrupts that arrive then are in
-- /proc/interrupts and in ftrace, but no BPF program sees them. The witness
-- says how many those were, so that counts can be compared exactly. A guest's first
-- process is ours, and its kernel hides nothing: there every event must be seen.
local t = require "t"
local uv = require "uv"

local M = {}
local Witness = {}
Witness.__index = Witness

local function tracefs()
  for _, path in ipairs { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" } do
    if uv.fs_stat(path .. "/instances") then
      return path
    end
  end
end

local function put(path, text)
  local file = assert(io.open(path, "w"))
  assert(file:write(text))
  assert(file:close())
end

local function add_threads_of_the_keeper(tids)
  local scan = uv.fs_scandir("/proc/1/task")
  for name in function() return scan and uv.fs_scandir_next(scan) end do
    tids[name] = true
  end
  return tids
end

local instances = 0

--- Starts watching a tracepoint; nil without tracefs.
--- @param event string "irq/irq_handler_entry"
--- @param filter string? in the kernel's language
function M.start(event, filter)
  local root = tracefs()
  if not root then
    return nil
  end
  instances = instances + 1
  local path = ("%s/instances/shark-test-%d-%d"):format(root, uv.os_getpid(), instances)
  assert(uv.fs_mkdir(path, 448))
  local event_path = path .. "/events/" .. event
  put(path .. "/buffer_size_kb", "8192")
  if filter then
    put(event_path .. "/filter", filter)
  end
  put(event_path .. "/enable", "1")
  return setmetatable({ path = path, event = event, keeper = add_threads_of_the_keeper {} }, Witness)
end

--- Ends it.
--- @param pattern string? what lines of the trace must have, to count
--- @return table seen { all = entries, hidden = those while the keeper was current }
function Witness:stop(pattern)
  put(self.path .. "/events/" .. self.event .. "/enable", "0")
  add_threads_of_the_keeper(self.keeper) -- some may be new
  local seen, name = { all = 0, hidden = 0 }, self.event:match("[^/]+$")
  for line in io.lines(self.path .. "/trace") do
    local tid = line:find(name .. ":", 1, true) and line:find(pattern or "") and line:match("%-(%d+)%s+%[%d+%]")
    if tid then
      seen.all = seen.all + 1
      seen.hidden = seen.hidden + (self.keeper[tid] and 1 or 0)
    end
  end
  assert(uv.fs_rmdir(self.path))
  return seen
end

--- Runs work() under a witness of each event.
--- @param events table[] { event, filter }
--- @return integer hidden events that no BPF program may have seen
function M.hidden_events(events, work)
  if t.in_guest then
    work()
    return 0
  end
  local witnesses, hidden = {}, 0
  for i, event in ipairs(events) do
    witnesses[i] = M.start(event[1], event[2])
  end
  local ok, message = xpcall(work, debug.traceback)
  for _, witness in ipairs(witnesses) do
    hidden = hidden + witness:stop().hidden
  end
  if not ok then
    error(message, 0)
  end
  return hidden
end

--- Runs work() under a witness of the handlers of these IRQs.
--- @return integer hidden interrupts that no BPF program may have seen
function M.hidden(irqs, work)
  local conditions = {}
  for i, irq in ipairs(irqs) do
    conditions[i] = "irq == " .. irq
  end
  return M.hidden_events({ { "irq/irq_handler_entry", table.concat(conditions, " || ") } }, work)
end

return M
