-- What shark top shows of vectors and of remapping, against who else knows it; the rest is in tests/host/top_test.lua.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local interrupts = require "shark.system.interrupts"
local irq = require "shark.irq"
local json = require "dkjson"
local proc = require "proc"
local t = require "t"

local tests = {}

-- The total of a shark top that runs beside a shell command.
local function total_of(command)
  local result = proc.run_shark("top", "--json", "-n", "1000", "--", "sh", "-c", command)
  t.assertEquals({ result.status, result.err }, { 0, "" })
  return json.decode(result.out)
end

-- The allocator's count, and the vectors of its maps, looked at one by one.
function tests.test_vectors_that_are_left()
  t.needs "data_symbols"
  local counted = total_of("true").vectors
  local found = require("shark.irqmap").vectors()
  t.assertEquals(#counted, #found.cpus)
  for i, cpu in ipairs(found.cpus) do
    t.assertEquals({ counted[i].cpu, counted[i].left }, { cpu.cpu, cpu.counts.free or 0 })
  end
end

-- Where it is already: nothing moves, but it tells whether anything may.
local function may_move(number, cpu)
  local file = io.open(("/proc/irq/%d/smp_affinity_list"):format(number), "w")
  local ok = file and file:write(cpu) and file:flush()
  return ok ~= nil and ok ~= false, file and file:close()
end

-- One that stays where it was moved to: a second move waits for its next interrupt.
local function movable_irq()
  for number, entry in pairs(interrupts.read()) do
    local map = entry.chip and entry.chip:find "^IR%-" and #entry.actions > 0 and irq.describe(number)
    local cpu = map and not map.affinity.managed and tonumber(map.affinity.effective)
    if cpu and may_move(number, cpu) then
      return number, 1 - cpu
    end
  end
  t.skip "needs remapping: no interrupt here is remapped and can be moved"
end

function tests.test_changes_of_remapping()
  t.needs "dmar"
  local number, to = movable_irq()
  local shown = {}
  for _, row in ipairs(total_of(("echo %d >/proc/irq/%d/smp_affinity_list"):format(to, number)).remapping) do
    shown[#shown + 1] = row.irq == number and { row.what, row.count, row.total } or nil
  end
  t.assertEquals(shown, { { "set affinity", 1, 1 } })
  t.assertEquals(irq.describe(number).affinity.effective, tostring(to))
end

t.run(tests, "root", "tracing")
