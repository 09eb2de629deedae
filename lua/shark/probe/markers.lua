--- Arguments of static markers (USDT), as the assembler wrote them: "-4@%eax 8@%rdi 8@-16(%rbp) 4@$5".

local M = {}

-- Where registers lie in struct pt_regs (arch/x86/include/asm/ptrace.h), by the 64-bit name without its "r".
local PLACES = {
  r15 = 0, r14 = 8, r13 = 16, r12 = 24, bp = 32, bx = 40, r11 = 48, r10 = 56, r9 = 64, r8 = 72, ax = 80, cx = 88,
  dx = 96, si = 104, di = 112, sp = 152,
}

-- "%eax", "%r8d", "%dil" and "%al" are parts of "ax", "r8", "di" and "ax".
local function place_of(register)
  local name = register:gsub("^[re](%a%a)$", "%1"):gsub("^(r%d+)[dwb]$", "%1")
  return PLACES[name] or PLACES[name:gsub("l$", "")] or PLACES[name:gsub("l$", "x")]
end

local VOID = { id = 0, kind = "void", name = "what the marker keeps in memory or as a constant", size = 0 }

local function integer(size, is_signed)
  return { id = 0, kind = "int", name = (is_signed and "s" or "u") .. size * 8, size = size, signed = is_signed }
end

local function argument(i, text)
  local sign, size, register = text:match("^(%-?)(%d+)@%%(%w+)$")
  local off = register and place_of(register)
  if not off then
    return { name = "arg" .. i, type = VOID, off = 0 }
  end
  return { name = "arg" .. i, type = integer(tonumber(size), sign == "-"), off = off }
end

--- Arguments for the compiler. What is not in a register has the type void: it cannot be read.
--- @param text string @return table[] { name, type, off }
function M.arguments(text)
  local list = {}
  for one in text:gmatch("%S+") do
    list[#list + 1] = argument(#list + 1, one)
  end
  return list
end

return M
