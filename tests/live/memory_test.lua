-- What the scripts need at most, and that it does not grow with CPUs that do nothing.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local proc = require "proc"
local t = require "t"

local tests = {}

-- docs/design.md, "Memory": in MiB, without what grows with CPUs. ipis reads the kernel's
-- symbols.
local SCRIPTS = { hardirqs = 8, irqthreads = 8, softirqs = 8, sysvecs = 8, ipis = 18, virtblk = 20 }
local PER_CPU_KIB = 48

-- The peak of a script's memory, printed when its Lua state is closed: after all else.
local PEAK = [[
  local last = newproxy(true)
  getmetatable(last).__gc = function()
    for line in io.lines "/proc/self/status" do
      local peak = line:match "^VmHWM:%s+(%d+) kB"
      if peak then io.stderr:write("peak ", peak, "\n") end
    end
  end
  _G.last = last]]

local function peak_kib(...)
  local result = proc.run_shark("-e", PEAK, ...)
  local peak = result.err:match "peak (%d+)"
  t.assertNotNil(peak, result.out .. result.err)
  t.assertEquals(result.status, 0, result.err)
  return tonumber(peak), result
end

local function possible_cpus()
  local file = assert(io.open "/sys/devices/system/cpu/possible")
  local last = file:read("*l"):match "(%d+)$"
  file:close()
  return tonumber(last) + 1
end

for script, base in pairs(SCRIPTS) do
  tests["test_peak_of_" .. script] = function()
    t.needs("root", "tracing")
    local cpus, peak = possible_cpus(), peak_kib(script, "-d", "1")
    local bound = base * 1024 + cpus * PER_CPU_KIB
    print(("# %s, %d CPUs: peak %.1f MiB, at most %.1f"):format(script, cpus, peak / 1024, bound / 1024))
    t.assertTrue(peak <= bound, ("%d KiB, more than %d"):format(peak, bound))
  end
end

-- The table that a machine with 512 CPUs and 4,096 IRQs gets, each of them handled on two
-- CPUs: here with IRQs made up instead.
function tests.test_peak_with_as_many_rows_as_4096_irqs_have()
  t.needs("root", "tracing")
  local rows = 2 * 4096
  local peak, result = peak_kib("-e", ([[
    package.path = %q .. package.path
    local s = assert(require("shark.irq").hardirq { way = "raw_tp", rows = 2 * 4096 + 16 * 512 })
    local programs = require "programs"
    local enter, leave = programs.runner "on_entry", programs.runner "on_exit"
    require("load").pin(0)
    for irq = 1, %d do
      for _ = 1, 3 do
        enter(100000 + irq, 0, 0)
        leave(100000 + irq, 0, 1)
      end
    end
    local seen, times, whole = 0, 0, 0
    for _ = 1, 3 do
      seen, times, whole = 0, 0, 0
      for _, row in ipairs(s:read()) do
        if row.irq > 100000 then
          seen, times, whole = seen + 1, times + row.count, whole + row.hist:count()
        end
      end
    end
    print(seen, times, whole, s:loss().map_full)]]):format(package.path:match("^[^;]*;"), rows))
  t.assertEquals(result.out, ("%d\t%d\t%d\t0\n"):format(rows, 3 * rows, 3 * rows))
  local bound = 32 * 1024
  print(("# %d rows of 4,096 IRQs: peak %.1f MiB"):format(rows, peak / 1024))
  t.assertTrue(peak <= bound, peak)
end

t.run(tests)
