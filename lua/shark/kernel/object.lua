--- Kernel objects for shark.kernel: a type at an address, whose fields are read
-- when they are asked for.

local bit = require "bit"
local core = require "shark.kernel.core"
local ffi = require "ffi"
local memory = require "shark.kernel.memory"
local types = require "shark.kernel.types"

local M = {}

-- Keys that no field's name can be.
local ADDRESS, TYPE, BYTES, BASE = {}, {}, {}, {}

-- Structs and unions; arrays and what a pointer to something else points to. The mark is the same for all kernels.
local Struct, Array = { is_kernel_object = true }, { is_kernel_object = true }

local function make(class, type, address, bytes, base)
  return setmetatable({ [ADDRESS] = address, [TYPE] = type, [BYTES] = bytes, [BASE] = base }, class)
end

--- The object of a type at an address; without bytes, of memory as it is when
--- asked.
function M.at(type, address, bytes, base)
  if types.is_composite(type) then
    return make(Struct, types.complete(type), address, bytes, base)
  end
  return make(Array, type, address, bytes, base)
end

function M.is_object(value)
  local class = getmetatable(value)
  return class == Struct or class == Array
end

--- Is it one of another kernel (k.open)?
function M.is_foreign(value)
  local class = type(value) == "table" and getmetatable(value)
  return type(class) == "table" and rawget(class, "is_kernel_object") and not M.is_object(value) or false
end

--- Address and type of an object.
function M.address(object)
  return rawget(object, ADDRESS)
end

function M.type(object)
  return rawget(object, TYPE)
end

--- The bytes of a copy and where in them the object is, or nil.
function M.bytes(object)
  return rawget(object, BYTES), rawget(object, BASE)
end

-- ---- from bytes to values ----

-- The bytes at an offset of an object: of its copy, or of memory.
local function load(object, offset, size)
  local bytes = rawget(object, BYTES)
  if bytes then
    return bytes + (rawget(object, BASE) + offset)
  end
  return memory.peek(rawget(object, ADDRESS) + offset, size)
end

local INTEGERS = {}
for _, size in ipairs { 1, 2, 4, 8 } do
  INTEGERS[size] = ffi.typeof(("const uint%d_t *"):format(size * 8))
  INTEGERS[-size] = ffi.typeof(("const int%d_t *"):format(size * 8))
end

-- __int128: as text, there is no such number.
local function wide_integer(bytes)
  local halves = ffi.cast(INTEGERS[8], bytes)
  return ("0x%s%s"):format(bit.tohex(halves[1], 16), bit.tohex(halves[0], 16))
end

-- Up to 32 bits a number, 64 bits as they are.
local function integer(type, object, offset)
  local bytes = load(object, offset, type.size)
  if type.size == 16 then
    return wide_integer(bytes)
  end
  local pointer = INTEGERS[type.signed and -type.size or type.size]
  if not pointer then
    memory.fault(("integers of %d bytes are not known"):format(type.size), "EINVAL")
  end
  return ffi.cast(pointer, bytes)[0]
end

local function enumeration(type, object, offset)
  local value = integer(type, object, offset)
  return types.enumerator(type, value) or value
end

local function boolean(type, object, offset)
  return load(object, offset, type.size)[0] ~= 0
end

local function float(type, object, offset)
  local bytes = load(object, offset, type.size)
  return tonumber(ffi.cast(type.size == 4 and "const float *" or "const double *", bytes)[0])
end

--- "handle_edge_irq", "vring_interrupt+0x10 [virtio_ring]", or the address where
--- no symbol covers it.
function M.symbol_text(address)
  return M.symbol(address) or "0x" .. memory.to_hex(address)
end

--- The same; nil and why not where no symbol covers it.
--- @return string? text @return string? message @return string? name
function M.symbol(address)
  local name, offset, size, module = core.symbol(address)
  if not name then
    return nil, offset, size -- message and name of the error
  end
  return name .. (offset > 0 and ("+0x%x"):format(offset) or "") ..
    (module ~= "kernel" and module ~= "" and (" [%s]"):format(module) or "")
end

--- What a pointer of a type stands for: nil for NULL; text for char *; the name
--- of a function; the address for void *; else the object it points to.
function M.follow(type, value)
  if value == 0 then
    return nil
  end
  local target = types.target(type)
  if target.kind == "char" then
    return memory.string(value)
  elseif target.kind == "function" then
    return M.symbol_text(value)
  elseif target.kind == "void" then
    return value
  elseif target.kind == "declared" then
    return make(Struct, target, value) -- its members may not be asked for
  elseif types.is_composite(target) or target.kind == "array" then
    return M.at(target, value)
  end
  return make(Array, types.array_of(target, 0), value)
end

--- The pointer at an offset of an object, as uint64_t.
function M.pointer(object, offset)
  local value = memory.to_pointer(load(object, offset, core.pointer_size()))
  memory.note_pointer(rawget(object, ADDRESS) + offset, value)
  return value
end

local function pointer(type, object, offset)
  return M.follow(type, M.pointer(object, offset))
end

local function nested(type, object, offset)
  local bytes, base = M.bytes(object)
  if type.size == 0 then -- elements after the end of the struct
    bytes = nil
  end
  return M.at(type, rawget(object, ADDRESS) + offset, bytes, bytes and base + offset)
end

-- Text, or an object with elements. char[] of unknown size: up to its end.
local function array(type, object, offset)
  if types.target(type).kind ~= "char" then
    return nested(type, object, offset)
  end
  local address = rawget(object, ADDRESS) + offset
  if type.count == 0 then
    return memory.string(address)
  end
  local text = ffi.string(load(object, offset, type.size), type.size)
  return text:match("^[^%z]*")
end

local decoders = {
  int = integer, char = integer, bool = boolean, enum = enumeration, float = float, pointer = pointer,
  array = array, struct = nested, union = nested, declared = nested,
}

--- The value of a type at an offset of an object.
function M.decode(type, object, offset)
  local decoder = decoders[type.kind]
  if not decoder then
    memory.fault(("a value of type %s cannot be read"):format(types.label(type)), "EINVAL")
  end
  return decoder(type, object, offset)
end

-- The bits that a bitfield spans, at most nine bytes.
local function load_bits(object, member)
  local shift = member.bit_offset % 8
  local size = math.ceil((shift + member.bits) / 8)
  local bytes, value = load(object, member.offset, size), 0ULL
  for i = math.min(size, 8) - 1, 0, -1 do
    value = value * 256ULL + bytes[i]
  end
  value = bit.rshift(value, shift)
  if size == 9 then
    value = value + bit.lshift(ffi.cast("uint64_t", bytes[8]), 64 - shift)
  end
  return value
end

local function bitfield(object, member)
  local type, bits = member.type, member.bits
  local value = bit.rshift(bit.lshift(load_bits(object, member), 64 - bits), 64 - bits)
  if type.signed and bit.band(bit.rshift(value, bits - 1), 1ULL) == 1ULL and bits < 64 then
    value = ffi.cast("int64_t", value - bit.lshift(1ULL, bits))
  end
  if type.kind == "bool" then
    return value ~= 0
  elseif type.kind == "enum" then
    return types.enumerator(type, ffi.cast("int64_t", value)) or tonumber(value)
  end
  return bits <= 32 and tonumber(value) or value
end

--- The value of a member of a struct.
function M.get(object, member)
  if member.bits > 0 then
    return bitfield(object, member)
  end
  return M.decode(member.type, object, member.offset)
end

-- ---- indexing ----

-- How far an index can be out of a pointer's range nobody knows.
local MAX_INDEX = 2 ^ 31

local function check_index(object, index, count)
  if type(index) ~= "number" or index % 1 ~= 0 or index < 0 or index >= count then
    error(("index %s is not in %s, which has %s elements"):format(tostring(index),
      types.label(M.type(object)), count < MAX_INDEX and tostring(count) or "unknown"), 3)
  end
end

local function no_such_field(object, name)
  local label = types.label(M.type(object))
  error(("%s has no field '%s'; it has: %s"):format(label, tostring(name),
    table.concat(types.member_names(M.type(object)), ", ")), 3)
end

-- A field; with a number, the struct so many further on, as pointers do in C.
function Struct.__index(object, key)
  local mine = types.complete(M.type(object))
  if type(key) == "number" then
    check_index(object, key, MAX_INDEX)
    local bytes, base = M.bytes(object)
    return M.at(mine, M.address(object) + key * mine.size, key == 0 and bytes or nil, base)
  end
  local member = type(key) == "string" and types.member(mine, key)
  if not member then
    no_such_field(object, key)
  end
  return M.get(object, member)
end

function Array.__index(object, index)
  local mine = M.type(object)
  check_index(object, index, mine.count > 0 and mine.count or MAX_INDEX)
  local element = types.target(mine)
  return M.decode(element, object, index * element.size)
end

local function refuse_to_write(object)
  error(("%s is the kernel's, and only read"):format(types.label(M.type(object))), 2)
end

local function is_same(a, b)
  return M.address(a) == M.address(b) and types.label(M.type(a)) == types.label(M.type(b))
end

for _, class in ipairs { Struct, Array } do
  class.__newindex, class.__eq = refuse_to_write, is_same
end

--- From here on tostring(object) is describe(object).
--- @param describe fun(object): string
function M.set_tostring(describe)
  Struct.__tostring, Array.__tostring = describe, describe
end

-- ---- copies ----

--- A copy of an object: all of it read at once, now.
function M.copy(object)
  local mine = types.complete(M.type(object))
  if mine.kind == "array" and mine.count == 0 then
    error(("%s: nobody knows how many elements to copy"):format(types.label(mine)), 3)
  end
  return make(getmetatable(object), mine, M.address(object), memory.read(M.address(object), mine.size), 0)
end

--- Reads a copy again, in place. An object that is none always reads anew.
function M.refresh(object)
  local bytes, base = M.bytes(object)
  if bytes then
    local mine = M.type(object)
    local fresh = memory.read(M.address(object), mine.size)
    ffi.copy(bytes + base, fresh, mine.size)
  end
  return object
end

return M
