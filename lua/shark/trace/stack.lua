--- Kernel stacks as text.

local bit = require "bit"

local M = {}

-- string.format takes no 64-bit integers.
local function hex(address)
  return bit.tohex(address, 16)
end

local Stack = {}
Stack.__index = Stack

local names = {} -- of addresses that were looked up before

-- "symbol+0xoffset/0xsize [module]", or "?" where the kernel hides its symbols.
local function name_of(address)
  local key = hex(address)
  local name = names[key]
  if not name then
    local symbol, offset, size, module = shark.symbol(address)
    name = symbol and ("%s+0x%x/0x%x"):format(symbol, offset, size) or "?"
    if symbol and module then
      name = ("%s [%s]"):format(name, module)
    end
    names[key] = name
  end
  return name
end

-- What the kernel puts between a tracepoint and our program.
local OURS = { "^bpf_prog_", "^bpf_trace_run", "^__bpf_trace_", "^__traceiter_", "^trace_call_bpf", "^perf_trace_",
  "^perf_call_bpf", "^bpf_trampoline_" }

local function is_ours(name)
  for _, pattern in ipairs(OURS) do
    if name:find(pattern) then
      return true
    end
  end
  return false
end

--- The stack's frames, from the traced function on:
--- { {address = "ffffffff81234567", name = "symbol+0x1/0x2 [module]"}, ... }
function Stack:frames()
  local list = {}
  for _, address in ipairs(self) do
    local name = name_of(address)
    if #list > 0 or not is_ours(name) then
      list[#list + 1] = { address = hex(address), name = name }
    end
  end
  return list
end

function Stack:__tostring()
  local lines = {}
  for i, frame in ipairs(self:frames()) do
    lines[i] = ("%s : %s"):format(frame.address, frame.name)
  end
  return table.concat(lines, "\n")
end

--- The frames' names in one line, outermost first, joined by ";" as folded
--- stacks are; without offsets.
function Stack:folded()
  local list = self:frames()
  local parts = {}
  for i = #list, 1, -1 do
    parts[#parts + 1] = (list[i].name:gsub("%+0x.*$", ""))
  end
  return table.concat(parts, ";")
end

--- A stack from an array of return addresses (uint64_t), innermost first.
function M.new(addresses)
  return setmetatable(addresses, Stack)
end

--- "symbol+0xoffset/0xsize [module]" of one address, "?" if it has none.
M.name_of = name_of

return M
