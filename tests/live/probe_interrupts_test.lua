-- What handlers are told of the CPU they run on, at places of the kernel where that is known.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local disk_load = require "disk"
local load = require "load"
local probe = require "shark.probe"
local t = require "t"
local uv = require "uv"

local tests = {}

local N = 500
local ME = uv.os_getpid()

-- Rows as one number each: [what the handler said as text] = how often.
local function counted(agg)
  local seen = {}
  for _, row in ipairs(agg:read()) do
    local hard, soft = row.hard ~= 0 and "hard " or "", row.soft ~= 0 and "soft " or ""
    local said = hard .. soft .. (row.nmi ~= 0 and "nmi" or "")
    seen[said] = row.count
  end
  return seen
end

local function watch(points, work)
  local by = probe.count("hard:u64", "soft:u64", "nmi:u64")
  local list = {}
  for i, point in ipairs(points) do
    list[i] = { point, function() by[in_hardirq()][in_softirq()][in_nmi()]:add() end }
  end
  local session = assert(probe.session(list))
  work()
  session:stop()
  local seen = counted(by)
  t.assertEquals(session:loss().map_full, 0)
  session:close()
  return seen
end

local function busy(ms)
  local deadline = uv.hrtime() + ms * 1e6
  while uv.hrtime() < deadline do end
end

local function only(seen, ...)
  local total = 0
  for _, said in ipairs { ... } do
    total = total + (seen[said] or 0)
    seen[said] = nil
  end
  t.assertTrue(total > 0, "nothing was seen")
  t.assertEquals(seen, {})
  return total
end

function tests.test_vectors_are_hard_interrupts()
  t.needs "root"
  only(watch({ "local_timer_entry", "local_timer_exit" }, function() busy(300) end),
    "hard ", "hard soft ")
end

function tests.test_softirqs()
  t.needs "root"
  local seen = watch({ "softirq_entry", "softirq_exit" }, function() load.datagrams(N) end)
  t.assertTrue(only(seen, "soft ") >= 2, "no softirq began and ended")
end

-- What sends keeps softirqs out while it does, and serves none.
function tests.test_a_task_that_keeps_softirqs_out_is_in_none()
  t.needs "root"
  local by = probe.count("hard:u64", "soft:u64", "nmi:u64")
  local limit = 60
  local session = assert(probe.on("net_dev_queue", function(skb)
    if tid() == ME and skb.len < limit then by[in_hardirq()][in_softirq()][in_nmi()]:add() end
  end))
  load.datagrams(N)
  session:close()
  t.assertEquals(counted(by)[""], N)
end

function tests.test_system_calls_are_in_nothing()
  t.needs "root"
  local by, all = probe.count("hard:u64", "soft:u64", "nmi:u64"), probe.count()
  local session = assert(probe.on("sys_enter", function()
    if tid() == ME then
      all:add()
      by[in_hardirq()][in_softirq()][in_nmi()]:add()
    end
  end))
  for _ = 1, N do uv.fs_stat "/proc/self" end
  session:close()
  t.assertEquals(only(counted(by), ""), all:read()[1].count)
  t.assertTrue(all:read()[1].count >= N)
end

-- Each read has the disk's handler begin and end.
function tests.test_handlers_of_devices_are_in_hard_interrupts()
  local disk = t.needs("root", "disk")
  local visible
  local seen = watch({ "irq_handler_entry", "irq_handler_exit" }, function()
    visible = disk_load.direct_reads(disk, N)
  end)
  local handlers = only(seen, "hard ", "hard soft ")
  t.assertTrue(handlers >= 2 * visible, ("%d of %d"):format(handlers, 2 * visible))
end

t.run(tests)
