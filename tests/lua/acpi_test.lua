-- shark.decode.acpi: the tables DMAR, IVRS and MADT, made by hand, whole and damaged.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local acpi = require "shark.decode.acpi"
local register = require "shark.decode.register"
local system_acpi = require "shark.system.acpi"
local t = require "t"

local hex = register.hex
local tests = {}

-- ---- making tables ----

local function le(value, n)
  local list = {}
  for i = 1, n do
    list[i] = string.char(value % 256)
    value = math.floor(value / 256)
  end
  return table.concat(list)
end

-- A table with a right length and checksum.
local function make(signature, body)
  local text = signature .. le(36 + #body, 4) .. "\1\0OEMID \1OEMTABLE" .. le(1, 4) .. "TEST" .. le(1, 4)
  text = (text:gsub("OEMID \1", "OEMID\1") .. body)
  local sum = 0
  for i = 1, #text do
    sum = sum + text:byte(i)
  end
  return text:sub(1, 9) .. string.char(-sum % 256) .. text:sub(11)
end

local function structure(kind, rest)
  return le(kind, 2) .. le(4 + #rest, 2) .. rest
end

local function scope(kind, id, bus, ...)
  local path = {}
  for _, byte in ipairs { ... } do
    path[#path + 1] = string.char(byte)
  end
  return string.char(kind, 6 + #path, 0, 0, id, bus) .. table.concat(path)
end

local function dmar(flags, ...)
  return make("DMAR", string.char(38, flags) .. ("\0"):rep(10) .. table.concat { ... })
end

local DRHD = structure(0, "\0\0" .. le(0, 2) .. le(0xfed90000, 8) .. scope(2, 0, 0, 0x1c, 0, 2, 1))
local DRHD_ALL = structure(0, "\1\1" .. le(1, 2) .. le(0xfed91000, 8) .. scope(3, 8, 0xff, 0, 0)
  .. scope(4, 0, 0, 31, 7))

-- ---- DMAR ----

function tests.test_dmar_units_and_scopes()
  local table_ = assert(acpi.parse("DMAR", dmar(5, DRHD, DRHD_ALL)))
  t.assertEquals({ table_.address_bits, table_.intr_remap, table_.x2apic_opt_out, table_.dma_opt_in },
    { 39, true, false, true })
  t.assertEquals(table_.header.checksum_ok, true)
  local first, second = table_.structures[1], table_.structures[2]
  t.assertEquals({ first.name, first.segment, hex(first.base), first.include_all, first.pages },
    { "DRHD", 0, "0xfed90000", false, 1 })
  t.assertEquals(first.scopes, { {
    type = 2, kind = "PCI bridge", id = 0, bus = 0, device = "00:1c.0/02.1",
    path = { { device = 0x1c, fn = 0 }, { device = 2, fn = 1 } },
  } })
  t.assertEquals({ second.segment, second.include_all, second.pages }, { 1, true, 2 })
  t.assertEquals({ second.scopes[1].kind, second.scopes[1].id, second.scopes[1].device },
    { "IO-APIC", 8, "ff:00.0" })
  t.assertEquals(second.scopes[2].kind, "HPET")
end

function tests.test_dmar_other_structures()
  local parsed = assert(acpi.parse("DMAR", dmar(2,
    structure(1, "\0\0" .. le(0, 2) .. le(0xbdf6f000, 8) .. le(0xbdf8efff, 8) .. scope(1, 0, 0, 0x14, 0)),
    structure(2, "\1\0" .. le(0, 2)),
    structure(3, le(0, 4) .. le(0xfed90000, 8) .. le(3, 4)),
    structure(4, "\0\0\0\7\\_SB.I2C0\0\0"),
    structure(5, "\1\0" .. le(2, 2) .. scope(1, 0, 0, 2, 0)),
    structure(6, "\0\0" .. le(0, 2)),
    structure(77, "future"))))
  local rmrr, atsr, rhsa, andd, satc, sidp, unknown = unpack(parsed.structures)
  t.assertEquals({ rmrr.name, hex(rmrr.base), hex(rmrr.limit), rmrr.scopes[1].device },
    { "RMRR", "0xbdf6f000", "0xbdf8efff", "00:14.0" })
  t.assertEquals({ atsr.name, atsr.all_ports, atsr.scopes }, { "ATSR", true, {} })
  t.assertEquals({ rhsa.name, hex(rhsa.base), rhsa.proximity_domain }, { "RHSA", "0xfed90000", 3 })
  t.assertEquals({ andd.name, andd.number, andd.object }, { "ANDD", 7, "\\_SB.I2C0" })
  t.assertEquals({ satc.name, satc.atc_required, satc.segment }, { "SATC", true, 2 })
  t.assertEquals(sidp.name, "SIDP")
  t.assertEquals({ unknown.name, unknown.length }, { "type 77", 10 })
  t.assertEquals(parsed.x2apic_opt_out, true)
end

-- ---- IVRS ----

local ENTRIES = "\2" .. le(0x0008, 2) .. "\xd7" -- select 00:01.0
  .. "\3" .. le(0x0100, 2) .. "\0" .. "\4" .. le(0x01ff, 2) .. "\0"
  .. "\x42" .. le(0x0300, 2) .. "\0\0" .. le(0x0210, 2) .. "\0"
  .. "\x48" .. le(0, 2) .. "\x82\5" .. le(0x00a0, 2) .. "\1"
  .. "\x46" .. le(0x0020, 2) .. "\0" .. le(1, 4)
  .. "\xf0" .. le(0x00a5, 2) .. "\0AMDI0020\0\0\0\0\0\0\0\0\2\4ID01"

local function ivhd(kind, entries)
  local fixed = "\xb0" .. "LL" .. le(0x0002, 2) .. le(0x40, 2) .. le(0xfeb80000, 8) .. le(0, 2) .. le(0x0103, 2)
    .. le(0, 4)
  if kind ~= 0x10 then
    fixed = fixed .. le(0x00ef, 8) .. le(0, 8)
  end
  local text = string.char(kind) .. fixed .. entries
  return (text:gsub("LL", (le(#text, 2):gsub("%%", "%%%%")), 1))
end

local IVMD = "\x22\x07" .. le(32, 2) .. le(0x0100, 2) .. le(0x01ff, 2) .. ("\0"):rep(8) .. le(0xbf000000, 8)
  .. le(0x100000, 8)

local function ivrs(...)
  return make("IVRS", le(0x203003, 4) .. ("\0"):rep(8) .. table.concat { ... })
end

function tests.test_ivrs_units_and_entries()
  local parsed = assert(acpi.parse("IVRS", ivrs(ivhd(0x10, ENTRIES), ivhd(0x11, ENTRIES), ivhd(0x40, ""), IVMD)))
  t.assertEquals({ parsed.efr_support, parsed.dma_remap, parsed.physical_bits, parsed.virtual_bits },
    { true, true, 48, 64 })
  t.assertEquals(#parsed.blocks, 4)
  for i, kind in ipairs { 0x10, 0x11, 0x40 } do
    local block = parsed.blocks[i]
    t.assertEquals({ block.name, block.type, block.device, hex(block.base), block.capability, block.msi_number,
      block.unit_id }, { "IVHD", kind, "00:00.2", "0xfeb80000", 0x40, 3, 1 })
    t.assertEquals(block.efr and hex(block.efr), kind ~= 0x10 and "0xef" or nil)
  end
  local kinds = {}
  for i, entry in ipairs(parsed.blocks[2].entries) do
    kinds[i] = entry.kind .. " " .. entry.device
  end
  t.assertEquals(kinds, { "select 00:01.0", "range start 01:00.0", "range end 01:1f.7", "alias 03:00.0",
    "special 00:14.0", "extended 00:04.0", "ACPI device 00:14.5" })
end

function tests.test_ivrs_details_of_entries()
  local entries = assert(acpi.parse("IVRS", ivrs(ivhd(0x11, ENTRIES)))).blocks[1].entries
  t.assertEquals(entries[1].settings, { "INIT passes", "ExtINT passes", "NMI passes", "system management 1",
    "LINT0 passes", "LINT1 passes" })
  t.assertEquals(entries[4].alias, "02:02.0")
  t.assertEquals({ entries[5].special, entries[5].handle, entries[5].device }, { "IO-APIC", 5, "00:14.0" })
  t.assertEquals(entries[6].extended, 1)
  t.assertEquals({ entries[7].hid, entries[7].uid }, { "AMDI0020", "ID01" })
end

function tests.test_ivrs_memory_block()
  local block = assert(acpi.parse("IVRS", ivrs(IVMD))).blocks[1]
  t.assertEquals({ block.name, block.unity, block.readable, block.writable, block.exclusion, block.device,
    block.last_device, hex(block.base), hex(block.bytes) },
    { "IVMD", true, true, true, false, "01:00.0", "01:1f.7", "0xbf000000", "0x100000" })
end

-- ---- MADT ----

function tests.test_madt_io_apics()
  local text = make("APIC", le(0xfee00000, 4) .. le(1, 4) .. "\0\8\0\0\1\0\0\0"
    .. "\1\12\2\0" .. le(0xfec00000, 4) .. le(0, 4) .. "\1\12\3\0" .. le(0xfec01000, 4) .. le(24, 4))
  t.assertEquals(assert(acpi.parse("APIC", text)).ioapics, {
    { id = 2, address = 0xfec00000, gsi_base = 0 }, { id = 3, address = 0xfec01000, gsi_base = 24 },
  })
end

-- ---- damaged tables ----

local function assert_corrupt(signature, text, message)
  local parsed, why, name = acpi.parse(signature, text)
  t.assertNil(parsed)
  t.assertStrContains(why, signature .. ": ")
  t.assertStrContains(why, message)
  t.assertEquals(name, "EBADMSG")
end

function tests.test_headers_that_lie()
  local whole = dmar(1, DRHD)
  assert_corrupt("DMAR", "", "a header of 36 bytes; these are 0")
  assert_corrupt("IVRS", whole, "the signature is 'DMAR', not 'IVRS'")
  assert_corrupt("DMAR", whole:sub(1, -2), "the header says")
  assert_corrupt("DMAR", whole:sub(1, 4) .. le(8, 4) .. whole:sub(9), "the header says 8 bytes")
  assert_corrupt("DMAR", make("DMAR", "\0"), "not the 48 of its fixed part")
end

function tests.test_a_wrong_checksum_is_said()
  local text = dmar(1, DRHD)
  local parsed = assert(acpi.parse("DMAR", text:sub(1, 36) .. string.char((text:byte(37) + 1) % 256) .. text:sub(38)))
  t.assertEquals(parsed.header.checksum_ok, false)
end

function tests.test_structures_that_lie()
  assert_corrupt("DMAR", dmar(1, le(0, 2) .. le(0, 2)), "has length 0")
  assert_corrupt("DMAR", dmar(1, le(0, 2) .. le(400, 2) .. ("\0"):rep(12)), "has length 400, but 16 bytes are left")
  assert_corrupt("DMAR", dmar(1, structure(0, "\0\0")), "the DRHD at byte 48 has 6 bytes, not the 16")
  assert_corrupt("DMAR", dmar(1, "\0"), "the structure at byte 48 has 1 bytes")
  assert_corrupt("DMAR", dmar(1, structure(2, "\0\0\0\0" .. "\1\4\0\0\0\0\0\0")),
    "the device scope at byte 56 has length 4")
  assert_corrupt("DMAR", dmar(1, structure(2, "\0\0\0\0" .. "\1\9\0\0\0\0\0\0")), "has length 9, but 8 bytes are left")
  assert_corrupt("IVRS", ivrs(ivhd(0x11, "\2\0")), "but 2 bytes are left")
  assert_corrupt("IVRS", ivrs(ivhd(0x40, "\xf0\0\0\0")), "the device entry at byte 88 has 4 bytes, not the 22")
  assert_corrupt("IVRS", ivrs("\x11\0\4\0"), "the IVHD at byte 48 has 4 bytes, not the 40")
  assert_corrupt("IVRS", ivrs("\x20\0\4\0"), "the IVMD at byte 48 has 4 bytes, not the 32")
end

-- Whatever is cut off or overwritten: a table or a message, never an error.
function tests.test_every_truncation_and_every_byte_wrong()
  for signature, whole in pairs {
    DMAR = dmar(7, DRHD, DRHD_ALL, structure(4, "\0\0\0\7\\_SB\0")),
    IVRS = ivrs(ivhd(0x11, ENTRIES), IVMD),
  } do
    for i = 0, #whole - 1 do
      local cut = whole:sub(1, 4) .. le(math.max(i, 36), 4) .. whole:sub(9, i)
      local parsed, message, name = acpi.parse(signature, cut)
      t.assertTrue(parsed ~= nil or (message ~= nil and name == "EBADMSG"))
      for _, byte in ipairs { 0, 1, 0x7f, 0xff } do
        parsed, message, name = acpi.parse(signature, whole:sub(1, i) .. string.char(byte) .. whole:sub(i + 2))
        t.assertTrue(parsed ~= nil or (message ~= nil and name == "EBADMSG"))
      end
    end
  end
end

function tests.test_names_of_the_firmware_are_printable()
  local parsed = assert(acpi.parse("DMAR", dmar(1, structure(4, "\0\0\0\7\27[31mX\0"))))
  t.assertEquals(parsed.structures[1].object, ".[31mX")
end

function tests.test_a_table_that_is_not_there()
  t.assertError(acpi.parse, "SSDT", "")
  for _, signature in ipairs { "DMAR", "IVRS", "APIC" } do
    local parsed, message, name = system_acpi.read(signature)
    t.assertTrue(parsed ~= nil or (message ~= nil and (name == "ENOENT" or name == "EACCES")))
  end
end

t.run(tests)
