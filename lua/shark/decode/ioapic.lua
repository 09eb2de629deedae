--- IO-APIC redirection entries in words: how an interrupt pin sends its message.
-- Sources: Intel I/O APIC 82093AA datasheet, 3.2.4 (compatibility); VT-d spec,
-- 5.1.5.1 (remappable format); AMD IOMMU spec, 2.2.5 (an index in the entry).

local apic = require "shark.decode.apic"
local register = require "shark.decode.register"

local bits, hex = register.bits, register.hex

local M = {}

local DELIVERY = { [0] = "fixed", "lowest priority", "SMI", "reserved (3)", "NMI", "INIT", "reserved (6)", "ExtINT" }

local formats = {
  remappable = function(decoded, value)
    decoded.index = bits(value, 49, 63) + bits(value, 11) * 2 ^ 15
    return ("VT-d remappable: IRTE %d, vector %d for the EOI"):format(decoded.index, decoded.vector)
  end,
  ["AMD remapped"] = function(decoded, value)
    decoded.index = bits(value, 0, 10)
    return ("AMD, remapped: IRTE %d of the IO-APIC's table"):format(decoded.index)
  end,
  compatibility = function(decoded, value)
    decoded.dest, decoded.delivery = bits(value, 56, 63), DELIVERY[bits(value, 8, 10)]
    decoded.dest_mode = bits(value, 11) == 1 and "logical" or "physical"
    return ("not remapped: vector %d to %s, %s"):format(decoded.vector, apic.words(decoded.dest, decoded.dest_mode),
      decoded.delivery)
  end,
}

--- A redirection entry.
--- @param value integer|ffi.cdata* its 64 bits
--- @param iommu? "intel"|"amd" what stands between IO-APIC and CPU
--- @return table entry { format = "remappable"|"AMD remapped"|"compatibility", vector, masked, trigger, active_low,
---   raw, words; index of the IRTE, or dest, dest_mode and delivery }
function M.decode(value, iommu)
  local format = iommu == "intel" and bits(value, 48) == 1 and "remappable"
    or iommu == "amd" and "AMD remapped" or "compatibility"
  local decoded = {
    raw = hex(value), format = format, vector = bits(value, 0, 7), active_low = bits(value, 13) == 1,
    trigger = bits(value, 15) == 1 and "level" or "edge", masked = bits(value, 16) == 1,
  }
  decoded.words = ("%s, %s, active %s%s"):format(formats[format](decoded, value), decoded.trigger,
    decoded.active_low and "low" or "high", decoded.masked and ", MASKED" or "")
  return decoded
end

-- The kernel writes a pin's entry when its interrupt is activated
-- (mp_irqdomain_activate()); before, the hardware has what clear_IO_APIC() wrote,
-- and when it is deactivated the pin is masked again.
local NOT_SET_UP = "not set up: nobody has activated the interrupt; until then the pin is masked in the hardware"

--- What the kernel keeps of a pin's entry, which is in the hardware only while the
--- interrupt is activated.
--- @param value integer|ffi.cdata* its 64 bits @param iommu? "intel"|"amd" @param activated boolean
--- @return table entry as decode() with set_up = true; else { set_up = false, masked = true, words, kept = raw }
function M.kept(value, iommu, activated)
  if not activated then
    return { set_up = false, masked = true, words = NOT_SET_UP, kept = hex(value) }
  end
  local entry = M.decode(value, iommu)
  entry.set_up = true
  return entry
end

return M
