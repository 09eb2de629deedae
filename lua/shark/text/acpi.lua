--- The ACPI tables DMAR and IVRS as text, one line for each structure.

local register = require "shark.decode.register"

local hex = register.hex

local M = {}

local function scope_lines(structure, lines)
  for _, scope in ipairs(structure.scopes or {}) do
    lines[#lines + 1] = ("      %s %s%s"):format(scope.kind, scope.device,
      (scope.type == 3 or scope.type == 4 or scope.type == 5) and (", id %d"):format(scope.id) or "")
  end
end

local function flag(condition, text)
  return condition and ", " .. text or ""
end

local dmar_words = {
  DRHD = function(s)
    return ("segment %d, registers at %s%s"):format(s.segment, hex(s.base),
      flag(s.include_all, "all other PCI devices"))
  end,
  RMRR = function(s) return ("segment %d, %s to %s"):format(s.segment, hex(s.base), hex(s.limit)) end,
  ATSR = function(s) return ("segment %d%s"):format(s.segment, flag(s.all_ports, "all root ports")) end,
  RHSA = function(s) return ("registers at %s, proximity domain %d"):format(hex(s.base), s.proximity_domain) end,
  ANDD = function(s) return ("device %d is %s"):format(s.number, s.object) end,
  SATC = function(s) return ("segment %d%s"):format(s.segment, flag(s.atc_required, "ATC required")) end,
  SIDP = function(s) return ("segment %d"):format(s.segment) end,
}

local function header_line(parsed)
  local header = parsed.header
  return ("ACPI %s, revision %d, by %s %s%s"):format(header.signature, header.revision, header.oem, header.oem_table,
    header.checksum_ok and "" or ", its checksum is WRONG")
end

--- @param dmar table from acpi.parse()
--- @return string[] lines
function M.dmar(dmar)
  local lines = { header_line(dmar), ("  addresses of %d bits%s%s%s"):format(dmar.address_bits,
    flag(dmar.intr_remap, "remaps interrupts (INTR_REMAP)"), flag(dmar.x2apic_opt_out, "X2APIC_OPT_OUT"),
    flag(dmar.dma_opt_in, "DMA_CTRL_PLATFORM_OPT_IN")) }
  for _, structure in ipairs(dmar.structures) do
    local words = dmar_words[structure.name]
    lines[#lines + 1] = ("    %s %s"):format(structure.name, words and words(structure)
      or ("of %d bytes, not known"):format(structure.length))
    scope_lines(structure, lines)
  end
  return lines
end

local function entry_line(entry)
  local settings = #entry.settings > 0 and ": " .. table.concat(entry.settings, ", ") or ""
  local more = entry.special and (" %s, id %d"):format(entry.special, entry.handle)
    or entry.alias and (" as %s"):format(entry.alias)
    or entry.hid and (" %s %s"):format(entry.hid, entry.uid or "") or ""
  return ("      %s %s%s%s"):format(entry.kind, entry.device, more, settings)
end

local function ivhd_lines(block, lines)
  lines[#lines + 1] = ("    IVHD type 0x%x: unit %s, segment %d, registers at %s%s%s"):format(block.type, block.device,
    block.segment, hex(block.base), block.efr and ", EFR " .. hex(block.efr) or "",
    #block.flags.words > 0 and ": " .. table.concat(block.flags.words, ", ") or "")
  for _, entry in ipairs(block.entries) do
    lines[#lines + 1] = entry_line(entry)
  end
end

local function ivmd_line(block)
  return ("    IVMD type 0x%x: %s to %s, %s bytes at %s%s%s%s%s"):format(block.type, block.device, block.last_device,
    hex(block.bytes), hex(block.base), flag(block.unity, "mapped one to one"), flag(block.readable, "readable"),
    flag(block.writable, "writable"), flag(block.exclusion, "excluded"))
end

--- @param ivrs table from acpi.parse()
--- @return string[] lines
function M.ivrs(ivrs)
  local lines = { header_line(ivrs), ("  physical addresses of %d bits, virtual of %d%s%s"):format(ivrs.physical_bits,
    ivrs.virtual_bits, flag(ivrs.efr_support, "EFR in the table"), flag(ivrs.dma_remap, "pre-boot DMA protection")) }
  for _, block in ipairs(ivrs.blocks) do
    if block.name == "IVHD" then
      ivhd_lines(block, lines)
    else
      lines[#lines + 1] = block.name == "IVMD" and ivmd_line(block)
        or ("    block of %s, %d bytes, not known"):format(block.name, block.length)
    end
  end
  return lines
end

return M
