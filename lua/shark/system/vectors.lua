--- System vectors of the local APIC: what each is for, and what /proc/interrupts counts of them.

local interrupts = require "shark.system.interrupts"

local M = {}

local NMI = 2
M.NMI = NMI

-- arch/x86/include/asm/irq_vectors.h; and the line of /proc/interrupts
-- (arch/x86/kernel/irq.c, arch_show_interrupts()) that counts the vector.
local VECTORS = {
  [NMI] = { name = "NMI" },
  [244] = { name = "deferred error", line = "DFR" },
  [246] = { name = "irq work", line = "IWI" },
  [247] = { name = "x86 platform ipi", line = "PLT" },
  [249] = { name = "threshold", line = "THR" },
  [250] = { name = "thermal", line = "TRM" },
  [251] = { name = "call function single", line = "CAL" },
  [252] = { name = "call function", line = "CAL" },
  [253] = { name = "reschedule", line = "RES" },
  [254] = { name = "error" },
  [255] = { name = "spurious", line = "SPU" },
  [236] = { name = "local timer", line = "LOC" },
}

--- The vectors of the system's that have a name.
--- @return integer[] ascending
function M.numbers()
  local list = {}
  for number in pairs(VECTORS) do
    list[#list + 1] = number
  end
  table.sort(list)
  return list
end

--- What a vector is for: "local timer", "vector 99" if it is none of the system's.
--- @param number integer @return string
function M.name_of(number)
  local known = VECTORS[number]
  return known and known.name or "vector " .. number
end

--- The line of /proc/interrupts that counts a vector; nil: none.
--- @param number integer @return string? line "LOC"
function M.line_of(number)
  return VECTORS[number] and VECTORS[number].line
end

-- Call function and call function single share a line: a filter for one of
-- them leaves nothing to compare with.
local function is_comparable(options, line)
  return not options.vector or (line ~= "CAL" and M.line_of(options.vector) == line)
end

--- What /proc/interrupts counts of vectors, by line.
--- @param options table { vector?, cpu? } of these only
--- @param text string? of /proc/interrupts, read before
--- @param lines table<string, boolean>? only these lines
--- @return table<string, integer> counts
function M.kernel_counts(options, text, lines)
  local all, counts = interrupts.counts(interrupts.read_named(text), options.cpu), {}
  for _, known in pairs(VECTORS) do
    local line = known.line
    if line and all[line] and (not lines or lines[line]) and is_comparable(options, line) then
      counts[line] = all[line]
    end
  end
  return counts
end

return M
