-- Build step: the same bytecode for the same source. string.dump() writes the fields of a constant table in the order
-- of their hashes, which LuaJIT seeds anew in each process; here they are put in the order of their bytes.
-- The format is that of LuaJIT's lj_bcdump.h, version 2.

local STRIPPED = 2
local HEADER = "^\27LJ\2"
-- kgctype and ktabtype of lj_bcdump.h; from TEXT on, the rest is a text's length.
local CHILD, TAB, I64, U64, COMPLEX, TEXT = 0, 1, 2, 3, 4, 5
local INT, NUM = 3, 4

local NUMBERS_OF_CONSTANT = { [CHILD] = 0, [I64] = 2, [U64] = 2, [COMPLEX] = 4 }
local NUMBERS_OF_FIELD = { [INT] = 1, [NUM] = 2 }

local byte = string.byte

-- Reads numbers as ULEB128, from a place that moves on.
local function reader(dump, at)
  local self = { at = at }

  function self.number()
    local value, scale = 0, 1
    repeat
      local b = byte(dump, self.at)
      value, scale, self.at = value + b % 128 * scale, scale * 128, self.at + 1
    until b < 128
    return value
  end

  function self.skip(kind, numbers)
    if kind >= TEXT then
      self.at = self.at + kind - TEXT
    end
    for _ = 1, kind < TEXT and numbers[kind] or 0 do
      self.number()
    end
  end

  return self
end

-- The fields of a table as they stand in the dump, sorted; the reader is behind them then.
local function sorted_fields(dump, from, n)
  local fields = {}
  for i = 1, n do
    local first = from.at
    from.skip(from.number(), NUMBERS_OF_FIELD)
    from.skip(from.number(), NUMBERS_OF_FIELD)
    fields[i] = dump:sub(first, from.at - 1)
  end
  table.sort(fields)
  return table.concat(fields)
end

-- Behind the head, instructions and upvalues of a prototype, at its constants; returns how many.
local function enter_prototype(dump, from, is_stripped)
  local upvalues = byte(dump, from.at + 3)
  from.at = from.at + 4
  local constants, _, instructions = from.number(), from.number(), from.number()
  if not is_stripped and from.number() > 0 then
    from.number()
    from.number()
  end
  from.at = from.at + instructions * 4 + upvalues * 2
  return constants
end

--- @param dump string of string.dump() @return string
return function(dump)
  assert(dump:find(HEADER), "another format of bytecode than version 2")
  local from, parts, kept = reader(dump, 5), {}, 1
  local is_stripped = math.floor(from.number() / STRIPPED) % 2 == 1
  if not is_stripped then
    from.skip(from.number() + TEXT)
  end
  local length = from.number()
  while length > 0 do
    local behind = from.at + length
    for _ = 1, enter_prototype(dump, from, is_stripped) do
      local kind = from.number()
      if kind == TAB then
        local items, fields = from.number(), from.number()
        for _ = 1, items do
          from.skip(from.number(), NUMBERS_OF_FIELD)
        end
        parts[#parts + 1] = dump:sub(kept, from.at - 1)
        parts[#parts + 1] = sorted_fields(dump, from, fields)
        kept = from.at
      else
        from.skip(kind, NUMBERS_OF_CONSTANT)
      end
    end
    from.at = behind
    length = from.number()
  end
  parts[#parts + 1] = dump:sub(kept)
  return table.concat(parts)
end
