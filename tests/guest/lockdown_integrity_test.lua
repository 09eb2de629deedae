-- A kernel that is locked down to keep its integrity: all of tracing works.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local doctor = require "doctor"
local disk_load = require "disk"
local irq = require "shark.irq"
local t = require "t"

local tests = {}

for _, way in ipairs { "tp_btf", "raw_tp", "tp" } do
  tests["test_all_is_counted_by_" .. way] = function()
    local disk = t.needs("root", "disk")
    t.assertStrContains(io.open("/sys/kernel/security/lockdown"):read("*a"), "[integrity]")
    local before = disk_load.interrupts(disk)
    local session, message = irq.hardirq { way = way }
    t.assertNotNil(session, message)
    disk_load.direct_reads(disk, 100)
    local count = 0
    for _, row in ipairs(session:read()) do
      count = count + (row.irq == disk.irq and row.count or 0)
    end
    t.assertEquals(count, disk_load.interrupts(disk) - before)
    t.assertTrue(count >= 100)
    session:close()
  end
end

function tests.test_doctor_finds_nothing_refused_but_for_want_of_an_iommu()
  t.needs "root"
  for what, entry in pairs(doctor.here()) do
    t.assertTrue(entry.ok or entry.error == "ENODEV", what .. ": " .. tostring(entry.reason))
  end
end

t.run(tests)
