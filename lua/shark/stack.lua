--- Kernel stacks as text.

local bit = require "bit"

local M = {}

-- string.format takes no 64-bit integers.
local function hex(address)
  return bit.tohex(address, 16)
end

--- @class shark.Stack array of uint64_t, innermost first; as text, a line each
local Stack = {}
Stack.__index = Stack

-- Frames that were named before; stacks share them. What an interrupt hits can be any
-- instruction, so there is no end to them: of the last few thousand only.
local REMEMBERED = 2048
local frames, older_frames, nr_frames = {}, {}, 0

local function remember(key, frame)
  if nr_frames >= REMEMBERED then
    frames, older_frames, nr_frames = {}, frames, 0
  end
  frames[key], nr_frames = frame, nr_frames + 1
  return frame
end

-- "symbol+0xoffset/0xsize [module]", or "?" where the kernel hides its symbols.
local function look_up(address)
  local symbol, offset, size, module = shark.symbol(address)
  local name = symbol and ("%s+0x%x/0x%x"):format(symbol, offset, size) or "?"
  return symbol and module and ("%s [%s]"):format(name, module) or name
end

local function frame_of(address)
  local key = hex(address)
  return frames[key] or remember(key, older_frames[key] or { address = key, name = look_up(address) })
end

-- What the kernel puts between a traced point and our program.
local OURS = { "^bpf_prog_", "^bpf_trampoline_", "^bpf_trace_run", "^bpf_get_stackid", "^__bpf_", "^__traceiter_",
  "^trace_call_bpf", "^perf_trace_", "^perf_call_bpf", "^%?$" }

local function is_ours(name)
  for _, pattern in ipairs(OURS) do
    if name:find(pattern) then
      return true
    end
  end
  return false
end

local function symbol_of(frame)
  return (frame.name:gsub("%+0x.*$", ""))
end

-- A traced function further out is called by a trampoline that it called itself:
-- of these three frames one is the kernel's.
local function is_trampoline_of(frame, inner, outer)
  return inner and outer and frame.name:find("^bpf_trampoline_") and symbol_of(inner) == symbol_of(outer)
end

--- The stack's frames, from the traced function on; not to be written, for stacks share them.
--- @return { address: string, name: string }[] {{address = "ffffffff81234567", name = "symbol+0x1/0x2 [module]"}}
function Stack:frames()
  local all, list, i = {}, {}, 1
  for j, address in ipairs(self) do
    all[j] = frame_of(address)
  end
  while all[i] and all[i + 1] and is_ours(all[i].name) do
    i = i + 1
  end
  while all[i] do
    if is_trampoline_of(all[i], list[#list], all[i + 1]) then
      i = i + 1
    else
      list[#list + 1] = all[i]
    end
    i = i + 1
  end
  return list
end

--- Frames as text, a line each: "0xffffffff81234567 : symbol+0x1/0x2 [module]".
--- @param list table[] of Stack:frames() @return string[]
function M.lines(list)
  local lines = {}
  for i, frame in ipairs(list) do
    lines[i] = ("0x%s : %s"):format(frame.address, frame.name)
  end
  return lines
end

--- The frames' names in one line, outermost first, joined by ";" as folded stacks
--- are; without offsets.
--- @param list table[] of Stack:frames() @return string
function M.fold(list)
  local parts = {}
  for i = #list, 1, -1 do
    parts[#parts + 1] = symbol_of(list[i])
  end
  return table.concat(parts, ";")
end

function Stack:__tostring()
  return table.concat(M.lines(self:frames()), "\n")
end

--- All of the frames as fold() has them.
--- @return string
function Stack:folded()
  return M.fold(self:frames())
end

--- A stack from an array of return addresses (uint64_t), innermost first.
--- @param addresses ffi.cdata*[] @return shark.Stack
function M.new(addresses)
  return setmetatable(addresses, Stack)
end

--- "symbol+0xoffset/0xsize [module]" of one address, "?" if it has none.
--- @param address integer uint64_t @return string
function M.name_of(address)
  return frame_of(address).name
end

return M
