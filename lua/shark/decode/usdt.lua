--- Where the arguments of a static marker (USDT) are, from the text that the assembler left in its note:
-- "-4@%edi 8@-8(%rbp) 4@$3". On x86-64, as places in the registers that a probe there is given.

local M = {}

-- arch/x86/include/uapi/asm/ptrace.h: struct pt_regs, one of eight bytes after the other.
local PT_REGS = { "r15", "r14", "r13", "r12", "bp", "bx", "r11", "r10", "r9", "r8", "ax", "cx", "dx", "si", "di",
  "orig_ax", "ip", "cs", "flags", "sp", "ss" }

-- The names of all parts of registers: { offset in pt_regs, bytes }.
local registers = {}

local function add(name, offset, size)
  registers[name] = { off = offset, size = size }
end

for i, name in ipairs(PT_REGS) do
  local offset = 8 * (i - 1)
  if name:find "^r%d" then
    add(name, offset, 8)
    add(name .. "d", offset, 4)
    add(name .. "w", offset, 2)
    add(name .. "b", offset, 1)
  elseif #name == 2 and name:find "[xip]$" and name ~= "ip" then
    add("r" .. name, offset, 8)
    add("e" .. name, offset, 4)
    add(name, offset, 2)
    add(name:find "x$" and name:sub(1, 1) .. "l" or name .. "l", offset, 1)
    if name:find "x$" then
      add(name:sub(1, 1) .. "h", offset + 1, 1)
    end
  end
end

local function whole_register(name)
  local register = registers[name]
  return register and register.size == 8 and register.off or nil
end

-- "-0x10" or "8"; nothing is 0.
local function number_of(text)
  if text == "" then
    return 0
  end
  local n = text:find "^%-?0[xX]%x+$" and tonumber(text:match "x(%x+)$" or text:match "X(%x+)$", 16)
    or text:find "^%-?%d+$" and tonumber((text:gsub("^%-", "")))
  return n and (text:find "^%-" and -n or n) or nil
end

-- disp(base,index,scale)
local function memory_of(text)
  local displacement, inside = text:match "^([^()]*)%(([^()]*)%)$"
  displacement = displacement and number_of(displacement)
  local base, rest = (inside or ""):match "^%%(%w+)(.*)$"
  local off = base and whole_register(base)
  if not displacement or not off then
    return nil
  elseif rest == "" then
    return { off = off, at = displacement }
  end
  local index, scale = rest:match "^,%%(%w+),?(%d*)$"
  local index_off = index and whole_register(index)
  scale = scale == "" and 1 or tonumber(scale)
  return index_off and { off = off, at = displacement, index = { off = index_off, scale = scale } } or nil
end

local function place_of(text)
  local name = text:match "^%%(%w+)$"
  if name then
    return registers[name] and { off = registers[name].off, held = registers[name].size } or nil
  elseif text:find "^%$" then
    local value = number_of(text:sub(2))
    return value and { value = value } or nil
  end
  return memory_of(text)
end

local function type_of(sign, size)
  local signed = sign == "-"
  return { kind = "int", name = (signed and "s" or "u") .. 8 * size, size = size, signed = signed }
end

-- What a handler cannot do anything with, and need not.
local UNREAD = { kind = "void", name = "what no register leads to", size = 0 }

local function argument(text, number)
  local sign, digits, where = text:match "^(%-?)(%d+)@(.+)$"
  local size = tonumber(digits)
  local place = (size == 1 or size == 2 or size == 4 or size == 8) and place_of(where)
  if not place then
    return { name = "arg" .. number, text = text, type = UNREAD, off = 0, size = 8 }
  end
  place.name, place.text, place.type = "arg" .. number, text, type_of(sign, size)
  -- A value that is larger than where it is said to be (the macros take the type's size) has no more than that.
  place.size, place.held = math.min(size, place.held or size), nil
  return place
end

--- The arguments of one place of a marker.
--- @param text string of its note, see core.usdt()
--- @return table[] arguments { name = "arg1", text, type = { kind, name, size, signed } } and `value`, a constant; or
--- `off`, the offset in struct pt_regs, with `size` bytes there: the value, or, with `at`, an address in the program's
--- memory to which at is added, and `index` = { off, scale }, of another register. One that no register leads to is of
--- the kind "void"
function M.arguments(text)
  local list = {}
  -- Blanks part arguments, and may stand within the brackets of one.
  for word in text:gsub(",%s+", ","):gmatch "%S+" do
    list[#list + 1] = argument(word, #list + 1)
  end
  return list
end

return M
