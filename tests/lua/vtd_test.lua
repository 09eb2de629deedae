-- shark.decode.vtd, shark.decode.amdvi, shark.decode.register: registers of IOMMUs in words.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local amdvi = require "shark.decode.amdvi"
local register = require "shark.decode.register"
local t = require "t"
local vtd = require "shark.decode.vtd"

local tests = {}

function tests.test_bits()
  t.assertEquals(register.bits(0xf0, 4, 7), 15)
  t.assertEquals(register.bits(0x8000000000000000ULL, 63), 1)
  t.assertTrue(register.bits(0xffffffffffffffffULL, 0, 63) == 0xffffffffffffffffULL)
  t.assertEquals({ register.hex(0), register.hex(0x1f), register.hex(0xffffffffffffffffULL) },
    { "0x0", "0x1f", "0xffffffffffffffff" })
end

-- QEMU's unit, as kernel-facts has it: cap d2008c22260206, ecap f00f4a.
function tests.test_capabilities_of_an_emulated_unit()
  local cap = vtd.cap(0xd2008c22260206ULL)
  t.assertEquals({ cap.raw, cap.fields.ND, cap.fields.MGAW, cap.fields.PI, cap.fields.CM },
    { "0xd2008c22260206", 6, 38, 0, 0 })
  local words = table.concat(cap.words, "; ")
  for _, word in ipairs { "65536 domains", "second-level tables 39-bit", "guest addresses of 39 bits",
    "fault records at 0x220", "pages of 2 MiB and 1 GiB", "page-selective invalidation", "1 fault record" } do
    t.assertStrContains(words, word)
  end
  local ecap = vtd.ecap(0xf00f4a)
  t.assertEquals({ ecap.fields.QI, ecap.fields.IR, ecap.fields.EIM, ecap.fields.IRO }, { 1, 1, 0, 15 })
  words = table.concat(ecap.words, "; ")
  t.assertStrContains(words, "queued invalidation; remaps interrupts; xAPIC destinations only (no EIM); pass-through")
  t.assertStrContains(table.concat(vtd.ecap(0).words), "does NOT remap interrupts")
end

function tests.test_command_and_status()
  local gcmd = vtd.gcmd(0x86000000)
  t.assertEquals(gcmd.words, { "DMA remapping on", "queued invalidation on", "interrupts remapped" })
  local gsts = vtd.gsts(0xc7000000)
  t.assertEquals({ gsts.fields.IRES, gsts.fields.CFIS, gsts.fields.IRTPS }, { 1, 0, 1 })
  t.assertEquals(gsts.words, { "DMA remapping on", "root table set", "queued invalidation on", "interrupts remapped",
    "interrupt table set" })
end

function tests.test_interrupt_table_address()
  local irta = vtd.irta(0x120000fULL)
  t.assertEquals({ register.hex(irta.address), irta.entries, irta.eim }, { "0x1200000", 65536, false })
  t.assertEquals(irta.words, { "table at 0x1200000", "65536 entries", "8-bit (xAPIC) destinations" })
  t.assertEquals(vtd.irta(0x80f).eim, true)
  t.assertEquals(register.hex(vtd.irta(0xfffffffff000000fULL).address), "0xfffffffff0000000")
end

function tests.test_fault_status()
  t.assertEquals(vtd.fsts(3).words, { "faults were lost (overflow)", "a fault is pending" })
  t.assertEquals(vtd.fsts(0).words, {})
  t.assertEquals(vtd.fectl(0x80000000).words, { "fault interrupt masked" })
  t.assertEquals(vtd.version(0x10), "1.0")
end

function tests.test_amd()
  t.assertEquals(amdvi.control(0).words, { "OFF" })
  local on = amdvi.control(0x20001)
  t.assertEquals(on.words, { "on", "128-bit interrupt table entries (GA)" })
  t.assertEquals(amdvi.control(0x1005).fields.EventLogEn, 1)
  t.assertEquals(amdvi.status(0x18).words, { "event log runs", "command buffer runs" })
  local efr = amdvi.efr(0x8000000000000080ULL)
  t.assertEquals({ efr.fields.GASup, efr.fields.XTSup, efr.fields.SNPSup }, { 1, 0, 1 })
  t.assertStrContains(table.concat(efr.words, "; "), "xAPIC destinations only; 128-bit interrupt table entries")
end

t.run(tests)
