-- shark.decode.msi: interrupt messages, from address and data.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local msi = require "shark.decode.msi"
local t = require "t"

local tests = {}

function tests.test_vtd_remappable()
  local message = msi.decode(0xfee00238, 0)
  t.assertEquals({ message.format, message.handle, message.shv, message.subhandle, message.index },
    { "remappable", 17, true, 0, 17 })
  t.assertEquals(message.words, "VT-d remappable: handle 17, sub-handle 0, IRTE 17")
  t.assertEquals({ message.address, message.data }, { "0xfee00238", "0x0" })
  t.assertEquals(msi.decode(0xfee00238, 3).index, 20) -- several messages of one MSI device
  t.assertEquals(msi.decode(0xfee00230, 3).index, 17) -- no sub-handle valid
  t.assertEquals(msi.decode(0xfeefffe0 + 0x14, 0).handle, 0xffff) -- bit 15 of the handle is bit 2
end

function tests.test_compatibility()
  local message = msi.decode(0xfee01004, 0xc122)
  t.assertEquals({ message.format, message.dest, message.dest_mode, message.vector, message.delivery, message.trigger },
    { "compatibility", 1, "logical", 0x22, "lowest priority", "level" })
  t.assertEquals(msi.decode(0xfee02000, 0x4021).words,
    "not remapped: vector 33 to physical APIC id 2, fixed, edge")
  t.assertEquals(msi.decode(0xfee02028, 0x4021).dest, 2 + 256) -- destid_8_14
  t.assertEquals(msi.decode(0xfee0000cULL, 0).redirection_hint, true)
end

-- The same message means something else where an AMD IOMMU reads it.
function tests.test_amd()
  local message = msi.decode(0xfee00000, 0x805, "amd")
  t.assertEquals({ message.format, message.index }, { "AMD remapped", 5 })
  t.assertEquals(msi.decode(0xfee00000, 0x805).format, "compatibility")
  t.assertEquals(msi.decode(0xfee00238, 0, "intel").format, "remappable")
end

function tests.test_what_is_no_interrupt_here()
  t.assertEquals(msi.decode(0, 0).format, "unused")
  t.assertEquals(msi.decode(0x12345678, 1).format, "other")
end

t.run(tests)
