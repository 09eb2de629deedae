--- What Lua tests share: luaunit with TAP output that names what was skipped,
-- and abilities of the machine that a test can ask for.
local lu = require "luaunit"
local shell = require "shell"

local M = setmetatable({}, { __index = lu })

-- ---- output ----

local Tap = {}
Tap.__index = Tap

function Tap.new(runner)
  return setmetatable({ runner = runner, result = runner.result }, Tap)
end

function Tap:startSuite()
  print("1.." .. self.result.selectedCount)
end

local function comment(text)
  io.stdout:write((text:gsub("[^\n]+", "#   %0")), "\n")
end

function Tap:endTest(node)
  local line = ("ok %d - %s"):format(self.result.currentTestNumber, (node.testName:gsub("^tests%.", "")))
  if node:isSkipped() then
    print(line .. " # SKIP " .. node.msg)
  elseif node:isSuccess() then
    print(line)
  else
    print("not " .. line)
    comment(node.msg)
    comment(node.stackTrace)
  end
  io.stdout:flush()
end

function Tap:endSuite()
  return self.result.notSuccessCount
end

function Tap.startClass() end
function Tap.startTest() end
function Tap.updateStatus() end
function Tap.endClass() end

--- Is this a guest of tests/vm, where everything takes longer?
M.in_guest = io.open("/tests/vm/in-guest") ~= nil

-- ---- abilities ----

local function find_disk()
  return require("disk").find()
end

-- Opened once: it takes a second of an emulated CPU.
local is_traced
local function can_trace()
  local message
  if not is_traced then
    is_traced, message = require("shark.irq").hardirq {}
    if is_traced then
      is_traced:close()
    end
  end
  return is_traced, message
end

-- Each returns something true, or nil and why not.
local abilities = {
  root = function()
    return require("uv").getuid() == 0, "not root"
  end,
  tracing = can_trace,
  tracefs = function()
    local file = io.open("/sys/kernel/tracing/events/irq/irq_handler_entry/id")
      or io.open("/sys/kernel/debug/tracing/events/irq/irq_handler_entry/id")
    if file then
      file:close()
    end
    return file, "tracefs is not mounted"
  end,
  kmem = function()
    local how = require("shark.kernel").how()
    return how.way, tostring(how)
  end,
  -- This process' task; guests, whose processes are numbered once, need no BPF.
  task = function()
    local kernel = require "shark.kernel"
    local task, message = kernel.current()
    if task or not kernel.address "init_task" then
      return task, message
    end
    local pid = require("uv").os_getpid()
    for other in kernel.list(kernel.var("init_task").tasks, "struct task_struct", "tasks") do
      if other.pid == pid then
        return other
      end
    end
    return nil, message
  end,
  data_symbols = function()
    return require("shark.kernel").address "init_task"
  end,
  irq_descs = function()
    local found, message = pcall(require("shark.kernel").irq_descs)
    return found, tostring(message)
  end,
  dmar = function()
    local kernel = require "shark.kernel"
    local found = kernel.address "init_task" and kernel.sizeof "struct dmar_drhd_unit"
      and io.open "/sys/class/iommu/dmar0/intel-iommu/version"
    if found then
      found:close()
    end
    return found, "no Intel IOMMU, or no symbols of data"
  end,
  disk = find_disk,
  bpftool = function()
    return shell.succeeds "bpftool version >/dev/null 2>&1", "no bpftool here"
  end,
}

--- Skips the running test, with the reason, where this machine lacks something.
--- @return any what the ability found
function M.needs(...)
  local found
  for _, name in ipairs { ... } do
    local reason
    found, reason = abilities[name]()
    lu.skipIf(not found, ("needs %s: %s"):format(name, tostring(reason)))
  end
  return found
end

-- Each test of a file that needs something of the machine.
local function each_needs(tests, ...)
  local wrapped, abilities_needed = {}, { ... }
  for name, test in pairs(tests) do
    wrapped[name] = function()
      M.needs(unpack(abilities_needed))
      test()
    end
  end
  return wrapped
end

--- Runs a table of test functions (test_NAME); a failure ends the process with
--- status 1.
--- @param tests table<string, function> @param ... string what each of them needs, as needs() has it
function M.run(tests, ...)
  local runner = lu.LuaUnit.new()
  runner.outputType = Tap
  runner:runSuiteByInstances({ { "tests", select("#", ...) > 0 and each_needs(tests, ...) or tests } })
  if runner.result.notSuccessCount ~= 0 then
    os.exit(1)
  end
end

return M
