--- Lowers texts: from where they are read, how they are compared and stored. A text lies on the
-- stack, in words of eight bytes, with zeroes behind its end.

local values = require "shark.probe.values"

jit.off(true, true)

local M = { ops = {} }

local GET_COMM, READ_USER_STR, READ_KERNEL_STR = 16, 114, 115
local DEFAULT_SIZE, MOST_SIZE, COMM_SIZE, ARRAY_SIZE = 16, 256, 16, 64

local function round_up(size)
  return math.ceil(size / 8) * 8
end

--- Is a type that of characters?
function M.is_char(t)
  return t.kind == "char" or t.kind == "int" and t.size == 1
end

local function array_of(c, v)
  local t = v.type
  if v.k ~= "ptr" or t.kind ~= "array" then
    return nil
  end
  local element = t.element or c.types.target(t)
  return M.is_char(element) and t or nil
end

--- Is it a text, or an array of characters, which is read as one?
function M.is_text(c, v)
  return v.k == "text" or v.k == "const" and type(v.v) == "string" or array_of(c, v) ~= nil
end

-- ---- reading ----

--- The current task's name; it stays the same while a handler runs, so it is asked for once on each way.
function M.comm(c)
  local known = c.memo.comm
  if known then
    return known
  end
  local area = c:buffer("comm", COMM_SIZE)
  -- Some kernels (6.1) write no more than the name and leave what was behind it: two keys for one name.
  for at = 0, COMM_SIZE - 8, 8 do
    c:store(area, at, 8, nil, 0)
  end
  c:call(GET_COMM, { { area = area, off = 0 }, { imm = COMM_SIZE } })
  return c:remember("comm", { k = "text", area = area, off = 0, size = COMM_SIZE, line = c.line })
end


-- Address of what is to be read, and its size where it is known.
local function place_of(c, v, name)
  local array = array_of(c, v)
  if array then
    return v.off == 0 and v.reg or c:alu("add", v.reg, nil, v.off), array.count > 0 and array.count or nil
  elseif v.k == "ptr" and not v.embedded or v.k == "num" then
    return v.reg
  end
  c:refuse("%s() takes an array of char, a pointer or an address, not %s", name, values.name(v))
end

local function size_of(c, size, name, count)
  if size == nil then
    return count and math.min(round_up(count), ARRAY_SIZE) or DEFAULT_SIZE
  end
  local n = size.k == "const" and type(size.v) == "number" and size.v
  if not n or n ~= math.floor(n) or n < 1 or n > MOST_SIZE then
    c:refuse("%s(): the size is a constant from 1 to %d", name, MOST_SIZE)
  end
  return round_up(n)
end

--- Reads the text at an array of characters, a pointer or an address.
--- @param v table value @param size? table value @param user? boolean in the memory of the program
function M.read(c, v, size, user)
  local name = user and "ustr" or "str"
  if v.k == "text" or v.k == "const" and type(v.v) == "string" then
    return v
  end
  local address, count = place_of(c, v, name)
  local bytes = size_of(c, size, name, count)
  local area = c:text_area(bytes)
  for at = 0, bytes - 8, 8 do
    c:store(area, at, 8, nil, 0)
  end
  local most = count and math.min(bytes, count + 1) or bytes
  local of_program = user or v.user or v.k == "num" and c.context.user
  local helper = of_program and READ_USER_STR or READ_KERNEL_STR
  c:call(helper, { { area = area, off = 0 }, { imm = most }, { reg = address } })
  return { k = "text", area = area, off = 0, size = bytes, line = c.line }
end

--- A value as a text, if it is one: arrays of characters are read.
function M.of(c, v)
  if array_of(c, v) then
    return M.read(c, v, nil, v.user)
  elseif v.k == "text" or v.k == "const" and type(v.v) == "string" then
    return v
  end
end

-- ---- storing ----

-- The word of a text at an offset: a register, or a constant.
local function word_at(c, text, at)
  if text.k == "const" then
    return nil, c:word_of(text.v, at + 1)
  elseif at >= text.size then
    return nil, 0
  end
  return c:load_area(8, text.area, text.off + at)
end

--- Stores a text: into `size` bytes at an area's or a register's offset, cut or filled with zeroes.
--- @param to table { area = } or { base = }
function M.store(c, text, to, off, size)
  for at = 0, round_up(size) - 8, 8 do
    local reg, constant = word_at(c, text, at)
    local imm = not reg and c:immediate(constant) or nil
    if not reg and not imm then
      reg = c:known(constant)
    end
    if to.base then
      c:put(8, to.base, off + at, reg, imm)
    else
      c:store(to.area, off + at, 8, reg, imm)
    end
  end
end

-- ---- equality ----

local function differences(c, a, b, size)
  local all
  for at = 0, size - 8, 8 do
    local one, constant = word_at(c, a, at)
    local other, word = word_at(c, b, at)
    one = one or c:known(constant)
    local imm = not other and c:immediate(word) or nil
    if not other and not imm then
      other = c:known(word)
    end
    local differs = imm == 0 and one or c:alu("xor", one, other, imm)
    all = all and c:alu("or", all, differs) or differs
  end
  return all
end

--- The condition that two texts are equal, of which not both are constants: words are combined by XOR and OR.
function M.equality(c, a, b)
  a = M.of(c, a)
  c.pinned = a
  b = M.of(c, b)
  c.pinned = nil
  if a.k == "const" then
    a, b = b, a
  end
  local too_long = b.k == "const" and (#b.v >= a.size or b.v:find("\0", 1, true))
  if too_long then
    return false
  end
  return { "eq", differences(c, a, b, math.max(a.size, b.size or 0)), nil, 0 }
end

return M
