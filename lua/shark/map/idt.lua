--- Which code a vector enters on this machine, from the kernel's own table.

local files = require "shark.system.files"
local gates = require "shark.decode.idt"
local globals = require "shark.kernel.globals"
local k = require "shark.kernel"
local register = require "shark.decode.register"

local M = {}

-- The stubs of device interrupts push their vector and all enter the same code
-- (arch/x86/include/asm/idtentry.h, irq_entries_start).
local function words_of(gate, vector)
  if not gate.present then
    return "not present"
  end
  local words = ("%s at %s"):format(gate.symbol or "code without a name", register.hex(gate.address))
  if gate.symbol and gate.symbol:find("^irq_entries_start") then
    words = ("%s: the stub that enters common_interrupt with vector %d"):format(words, vector)
  end
  return words
end

-- With FRED (flexible return and event delivery) the CPU enters the kernel at two
-- fixed places and looks at no IDT, though the table may be in memory still
-- (arch/x86/kernel/fred.c). The kernel clears the flag where it does not use it.
--- @param cpuinfo string text of /proc/cpuinfo
--- @return boolean
function M.is_fred(cpuinfo)
  local flags = cpuinfo:match("\nflags%s*:([^\n]*)") or ""
  return (flags .. " "):find(" fred ", 1, true) ~= nil
end

local uses_fred

--- Why the IDT is not what the CPUs use; nil when it is.
--- @return string?
function M.not_used()
  if uses_fred == nil then
    uses_fred = M.is_fred(files.text("/proc/cpuinfo") or "")
  end
  return uses_fred and "these CPUs use FRED, and no IDT: every vector enters at asm_fred_entrypoint_*" or nil
end

--- The entry of a vector.
--- @param vector integer 0 to 255
--- @return table? entry { address, present, symbol, words } @return string? message @return string? name
function M.entry(vector)
  if M.not_used() then
    return nil, M.not_used(), "ENOTSUP"
  end
  local base, message, name = globals.address("idt_table")
  if not base then
    return nil, message, name
  end
  local text
  text, message, name = k.read(base + vector * 16, 16)
  if not text then
    return nil, message, name
  end
  local gate = gates.decode(text)
  gate.symbol = k.symbol(gate.address)
  gate.words = words_of(gate, vector)
  gate.address = register.hex(gate.address)
  return gate
end

return M
