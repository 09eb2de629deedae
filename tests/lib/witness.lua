--- A second witness of interrupts: ftrace, in an instance of its own.
--
-- Some kernels keep BPF programs from running while a task of the machine's
-- keeper (process 1) is current: seen on a 6.18 cloud kernel, with every kind of
-- program, and not counted as missed. Interrupts that arrive then are in
-- /proc/interrupts and in ftrace, but no BPF program sees them. The witness
-- says how many those were, so that counts can be compared exactly.
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

local function threads_of_the_keeper()
  local tids, scan = {}, uv.fs_scandir("/proc/1/task")
  for name in function() return scan and uv.fs_scandir_next(scan) end do
    tids[name] = true
  end
  return tids
end

--- Starts watching the entries of these IRQs' handlers; nil without tracefs.
function M.start(irqs)
  local root = tracefs()
  if not root then
    return nil
  end
  local path = ("%s/instances/shark-test-%d"):format(root, uv.os_getpid())
  assert(uv.fs_mkdir(path, 448))
  local conditions = {}
  for i, irq in ipairs(irqs) do
    conditions[i] = "irq == " .. irq
  end
  put(path .. "/buffer_size_kb", "8192")
  put(path .. "/events/irq/irq_handler_entry/filter", table.concat(conditions, " || "))
  put(path .. "/events/irq/irq_handler_entry/enable", "1")
  return setmetatable({ path = path, keeper = threads_of_the_keeper() }, Witness)
end

--- Ends it.
--- @return table seen { all = entries, hidden = those while the keeper was current }
function Witness:stop()
  put(self.path .. "/events/irq/irq_handler_entry/enable", "0")
  local seen = { all = 0, hidden = 0 }
  for line in io.lines(self.path .. "/trace") do
    local tid = line:match("%-(%d+)%s+%[%d+%].*irq_handler_entry:")
    if tid then
      seen.all = seen.all + 1
      seen.hidden = seen.hidden + (self.keeper[tid] and 1 or 0)
    end
  end
  assert(uv.fs_rmdir(self.path))
  return seen
end

--- Runs work() under a witness.
--- @return integer hidden interrupts that no BPF program may have seen
function M.hidden(irqs, work)
  local witness = M.start(irqs)
  local ok, message = xpcall(work, debug.traceback)
  local hidden = witness and witness:stop().hidden or 0
  if not ok then
    error(message, 0)
  end
  return hidden
end

return M
