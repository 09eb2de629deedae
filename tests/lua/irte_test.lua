-- shark.decode.irte: interrupt remapping table entries, from their bits.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local irte = require "shark.decode.irte"
local register = require "shark.decode.register"
local t = require "t"

local tests = {}

-- The entry of a virtio-blk queue in a guest: fixed, to APIC 0, verified.
function tests.test_intel_remapped()
  local entry = irte.intel(0x0000000000230009ULL, 0x0000000000040018ULL)
  t.assertEquals({ entry.format, entry.present, entry.fault_disabled, entry.vector, entry.dest, entry.dest_mode },
    { "remapped", true, false, 35, 0, "physical" })
  t.assertEquals({ entry.delivery, entry.trigger, entry.redirection_hint }, { "fixed", "edge", true })
  t.assertEquals({ entry.sid, entry.source, entry.svt, entry.sq, entry.validation },
    { 0x18, "00:03.0", 1, 0, "verified against 00:03.0" })
  t.assertEquals(entry.raw, { "0x230009", "0x40018" })
  t.assertEquals(table.concat(entry.words, ", "), "present, remapped, vector 35, to physical APIC id 0, " ..
    "fixed, redirection hint, edge, source verified against 00:03.0")
end

function tests.test_intel_destinations()
  t.assertEquals(irte.intel(0x0000070000000001ULL, 0).dest, 7) -- xAPIC: bits 47:40
  t.assertEquals(irte.intel(0x0001020300000001ULL, 0, true).dest, 0x10203) -- EIM: all 32
  t.assertEquals(irte.intel(0x0000030000000005ULL, 0).dest_mode, "logical")
  local function words(...)
    return table.concat(irte.intel(...).words, ", ")
  end
  t.assertStrContains(words(0x0000030000000005ULL, 0), "to logical APIC mask 0x3 (CPUs 0-1), fixed")
  t.assertStrContains(words(0x0002001000000005ULL, 0, true), "to logical x2APIC mask 0x10 of cluster 2 (APIC id 36)")
end

function tests.test_intel_fields()
  t.assertEquals(irte.intel(0x11, 0).trigger, "level")
  for value, text in pairs { [0] = "fixed", "lowest priority", "SMI", "reserved (3)", "NMI", "INIT", "reserved (6)",
    "ExtINT" } do
    t.assertEquals(irte.intel(1 + value * 32, 0).delivery, text)
  end
  t.assertEquals(irte.intel(3, 0).fault_disabled, true)
end

function tests.test_intel_source_validation()
  for high, text in pairs {
    [0x00018] = "not verified", [0x40018] = "verified against 00:03.0",
    [0x50018] = "verified against 00:03.0 ignoring function bit 2",
    [0x60018] = "verified against 00:03.0 ignoring function bits 2:1",
    [0x70018] = "verified against 00:03.0 ignoring the function",
    [0x80105] = "verified against buses 01 to 05", [0xc0000] = "reserved validation type 3",
  } do
    t.assertEquals(irte.intel(1, high).validation, text)
  end
end

function tests.test_intel_posted()
  -- IM, URG, virtual vector 0x41, descriptor 0x123456780 (bits 31:6 and 63:32).
  local low = 0x41c001ULL + 0x23456780ULL / 64ULL * 0x4000000000ULL
  local entry = irte.intel(low, 0x0000000100040100ULL)
  t.assertEquals({ entry.format, entry.urgent, entry.vector, register.hex(entry.descriptor), entry.source },
    { "posted", true, 0x41, "0x123456780", "01:00.0" })
  t.assertNil(entry.dest)
  t.assertStrContains(table.concat(entry.words, ", "), "posted, vector 65 of a guest, or of the host, " ..
    "descriptor at 0x123456780, urgent")
  for whom, words in pairs { guest = "virtual vector 65 of a guest, descriptor",
    host = "vector 65 of the host (posted MSI: it arrives as a notification), descriptor" } do
    t.assertStrContains(table.concat(irte.intel(low, 0x0000000100040100ULL, true, whom).words, ", "), words)
  end
end

function tests.test_intel_not_present()
  t.assertEquals(irte.intel(0, 0).words, { "NOT present: interrupts that use it are faults" })
  t.assertEquals(irte.intel(2, 0).words, { "NOT present: interrupts that use it are faults, not recorded" })
end

function tests.test_amd_32_bits()
  local entry = irte.amd32(0x00310245) -- valid, arbitrated, logical, APIC 2, vector 0x31
  t.assertEquals({ entry.format, entry.present, entry.vector, entry.dest, entry.dest_mode, entry.delivery, entry.eoi },
    { "remapped", true, 0x31, 2, "logical", "arbitrated", false })
  t.assertStrContains(table.concat(entry.words, ", "), "to logical APIC mask 0x2 (CPU 1), arbitrated")
  t.assertEquals(irte.amd32(0x21).eoi, true)
  t.assertEquals(irte.amd32(0x02).words, { "NOT present: interrupts that use it are aborted, not recorded" })
  t.assertEquals(irte.amd32(0x0d).delivery, "reserved (3)")
end

function tests.test_amd_128_bits()
  local entry = irte.amd128(0x0000000000000301ULL, 0x0100000000000023ULL)
  t.assertEquals({ entry.format, entry.present, entry.vector, entry.dest, entry.dest_mode, entry.delivery },
    { "remapped", true, 0x23, 3 + 2 ^ 24, "physical", "fixed" })
  local wide = irte.amd128(0x0000000000000341ULL, 0x0000000000000023ULL, true)
  t.assertStrContains(table.concat(wide.words, ", "), "to logical x2APIC mask 0x3 of cluster 0 (APIC ids 0-1)")
  local guest = irte.amd128(0xabcd0001000005c1ULL, 0x0000000123456041ULL)
  t.assertEquals({ guest.format, guest.running, guest.tag, register.hex(guest.root), guest.vector, guest.dest },
    { "guest", true, 0xabcd0001, "0x123456000", 0x41, 5 })
end

function tests.test_entries_from_bytes()
  local bytes = "\9\0\35\0\0\0\0\0\24\0\4\0\0\0\0\0"
  t.assertEquals(irte.decode("intel", bytes), irte.intel(0x230009, 0x40018))
  t.assertEquals(irte.decode("amd32", "\69\2\49\0"), irte.amd32(0x310245))
  t.assertEquals(irte.decode("amd128", "\1\3\0\0\0\0\0\0\35\0\0\0\0\0\0\1").vector, 35)
  for kind, short in pairs { intel = bytes:sub(1, 15), amd32 = "\1\2\3", amd128 = "" } do
    local entry, message, name = irte.decode(kind, short)
    t.assertNil(entry)
    t.assertStrContains(message, "bytes, not " .. #short)
    t.assertEquals(name, "EBADMSG")
  end
  t.assertErrorMsgContains("no kind of entry 'arm'", irte.decode, "arm", bytes)
end

t.run(tests)
