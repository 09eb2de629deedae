--- Lowers members and elements of kernel objects. Where a pointer comes from decides how it is read:
-- a typed one is loaded from directly, any other by bpf_probe_read_kernel (or _user), which zeroes on failure.

local base = require "shark.probe.lower_base"
local liveness = require "shark.probe.liveness"
local values = require "shark.probe.values"

jit.off(true, true)

local M = { ops = {} }

local PROBE_READ_USER, PROBE_READ_KERNEL = 112, 113

-- What a pointer points to, what an array is of: of the kernel's types, or of a record's field.
local function target(c, t)
  return t.element or c.types.target(t)
end

-- ---- reading ----

--- The address of what a pointer and its offset name, as a number.
function M.address(c, ptr)
  return ptr.off == 0 and ptr.reg or c:alu("add", ptr.reg, nil, ptr.off)
end

-- Reads size bytes (1, 2, 4, 8) at an object's offset; `bits` and `signed` as of load().
local function read(c, ptr, off, size, bits, signed)
  if ptr.direct then
    return c:load(size, ptr.reg, ptr.off + off, nil, bits, signed)
  end
  local scratch = c:buffer("scratch", 8)
  local at = ptr.off + off
  local address = at == 0 and ptr.reg or c:alu("add", ptr.reg, nil, at)
  local helper = ptr.user and PROBE_READ_USER or PROBE_READ_KERNEL
  c:call(helper, { { area = scratch, off = 0 }, { imm = size }, { reg = address } })
  return c:load_area(size, scratch, 0, bits, signed)
end

-- The bits to keep of `has` of a type, nil for all.
local function bits_of(t, has)
  local bits = 8 * math.min(8, t.size)
  return (bits < has or t.signed and bits < 64) and bits or nil
end

local SCALARS = { int = true, char = true, enum = true, bool = true }

-- A scalar's register as a value.
local function scalar(c, t, reg)
  if t.kind == "bool" then
    return { k = "bool", reg = reg, line = c.line }
  end
  return c:number(reg, t.size == 8 and not t.signed)
end

local function is_object(t)
  return t.kind == "struct" or t.kind == "union"
end

--- A pointer in a register, to an object of type `to`.
function M.pointer(c, reg, to, direct, user)
  return { k = "ptr", reg = reg, off = 0, type = to, direct = direct and is_object(to) and not user or false,
    user = user, line = c.line }
end

local NO_KIND = { float = "a float", void = "void", ["function"] = "a function" }

-- What lies at an object's offset, as a value.
local function at_offset(c, ptr, off, t)
  if SCALARS[t.kind] then
    if not (t.size == 1 or t.size == 2 or t.size == 4 or t.size == 8) then
      c:refuse("%s is an integer of %d bytes; 8 are the most", values.type_name(t), t.size)
    end
    return scalar(c, t, read(c, ptr, off, t.size, bits_of(t, t.size * 8), t.signed))
  elseif t.kind == "pointer" then
    return M.pointer(c, read(c, ptr, off, 8), target(c, t), ptr.direct, ptr.user or t.user)
  elseif NO_KIND[t.kind] then
    c:refuse("%s cannot be read in a handler", NO_KIND[t.kind])
  end
  return { k = "ptr", reg = ptr.reg, off = ptr.off + off, type = t, direct = ptr.direct, user = ptr.user,
    embedded = true, line = c.line }
end

-- ---- bitfields ----

-- The bytes to load for a bitfield: those of its declared type, or fewer at the end of the object.
local function unit_of(member, object)
  local size = member.type.size
  local first = math.floor(member.bit_offset / (size * 8)) * size
  local last = math.floor((member.bit_offset + member.bits - 1) / 8)
  if last < first + size and first + size <= (object.size or math.huge) then
    return first, size
  end
  first = math.floor(member.bit_offset / 8)
  size = 1
  while first + size <= last do
    size = size * 2
  end
  return first, size
end

local function bitfield(c, ptr, member)
  local first, size = unit_of(member, ptr.type)
  local shift = member.bit_offset - first * 8
  local signed = member.type.signed
  if size > 8 then
    c:refuse("a bitfield across nine bytes cannot be read")
  end
  local reg = c:alu("lsh", read(c, ptr, first, size), nil, 64 - shift - member.bits)
  reg = c:alu(signed and "arsh" or "rsh", reg, nil, 64 - member.bits)
  return c:number(reg, member.bits == 64 and not signed)
end

-- ---- members ----

local function member_of(c, ptr, name)
  local member, message = c.types.member(ptr.type, name)
  return member or c:refuse("%s", message)
end

--- x.name: a value.
function M.member(c, ptr, name, slot)
  local t = ptr.type
  if not is_object(t) then
    local what = c:called(slot, "this")
    if t.kind == "pointer" then
      c:refuse("%s is a pointer to a pointer: %s[0] is the pointer", what, what)
    elseif t.kind == "array" then
      c:refuse("%s is an array: %s[0] is its first element", what, what)
    end
    c:refuse("%s is a pointer to %s, which has no members: probe.cast(%s, \"struct ...\")", what,
      values.type_name(t), what)
  end
  local member = member_of(c, ptr, name)
  if member.bits ~= 0 then
    return bitfield(c, ptr, member)
  end
  return at_offset(c, ptr, member.bit_offset / 8, member.type)
end

-- ---- elements ----

local function constant_index(c, ptr, index, element, count)
  local whole, why = values.whole(index)
  if not whole then
    c:refuse("%s", why)
  end
  whole = tonumber(whole)
  if count and count > 0 and (whole < 0 or whole >= count) then
    c:refuse("the index %.0f is outside of the array, which has %d elements (0 to %d)", whole, count, count - 1)
  end
  local off = whole * (element.size or 1)
  if math.abs(off + ptr.off) >= 2 ^ 15 then
    local far = { k = "ptr", reg = c:alu("add", ptr.reg, nil, off), off = ptr.off, type = ptr.type, user = ptr.user }
    return at_offset(c, far, 0, element)
  end
  -- Of what is no array only the first is known to be there.
  local place = { k = "ptr", reg = ptr.reg, off = ptr.off, type = ptr.type, user = ptr.user,
    direct = ptr.direct and (count and count > 0 or whole == 0) }
  return at_offset(c, place, off, element)
end

-- A pointer's address as a number that the verifier knows nothing of: to a typed pointer it lets nothing be added that
-- could be large, and what is negated is no pointer any more (check_alu_op() in kernel/bpf/verifier.c).
local function plain_address(c, reg)
  return c:negative(c:negative(reg))
end

-- The verifier types nothing at an index that is known at run time only.
local function variable_index(c, ptr, index, element)
  local size = element.size or 1
  local off = size == 1 and index.reg or c:alu("mul", index.reg, nil, size)
  local reg = c:alu("add", off, plain_address(c, ptr.reg))
  local place = { k = "ptr", reg = reg, off = ptr.off, type = ptr.type, user = ptr.user }
  return at_offset(c, place, 0, element)
end

--- x[index]: a value; of an array or of what a pointer points to.
function M.element(c, ptr, index, slot)
  local t = ptr.type
  local element, count = t, nil
  if t.kind == "array" then
    element, count = target(c, t), t.count
  elseif ptr.embedded or t.kind == "void" or t.kind == "function" then
    c:refuse("%s is %s: it has no elements", c:called(slot, "this"), values.name(ptr))
  end
  if index.k == "const" and values.is_number(index.v) then
    return constant_index(c, ptr, index.v, element, count)
  elseif index.k == "num" then
    return variable_index(c, ptr, index, element)
  end
  c:refuse("an index is a number, not %s", values.name(index))
end

-- ---- arguments ----

-- An argument in the program's memory: a register has its address, with another's times a scale.
local function in_memory(c, ctx, arg, bits, signed)
  local address = c:load(8, ctx, arg.off)
  if arg.index then
    address = c:alu("add", address, c:alu("mul", c:load(8, ctx, arg.index.off), nil, arg.index.scale))
  end
  return read(c, { reg = address, off = arg.at, user = true }, 0, arg.size, bits, signed)
end

local function argument(c, ctx, arg)
  local t = arg.type
  if arg.value then
    return { k = "const", v = arg.value, line = c.line }
  end
  local size = arg.size or 8
  local bits = SCALARS[t.kind] and bits_of(t, size * 8) or nil
  local reg = arg.at and in_memory(c, ctx, arg, bits, t.signed) or c:load(size, ctx, arg.off, nil, bits, t.signed)
  if t.kind == "pointer" then
    local user = c.context.user or t.user
    return M.pointer(c, reg, target(c, t), c.context.typed, user)
  elseif SCALARS[t.kind] then
    return scalar(c, t, reg)
  end
  return { k = "opaque", type = t, reg = reg, arg = arg.name, line = c.line }
end

--- The values of the arguments that a handler takes.
function base:arguments(proto)
  local context, list = self.context, {}
  if proto.params == 0 then
    return list
  end
  local ctx = self:ctx()
  if context.record then
    return { { k = "raw", fields = context.record.fields or context.record, reg = ctx, line = self.line } }
  end
  local all = {}
  if context.ret then
    all[1] = context.ret
  end
  for _, arg in ipairs(context.args) do
    all[#all + 1] = arg
  end
  for i = 1, proto.params do
    list[i] = liveness.wants(proto, 1, i - 1) and argument(self, ctx, all[i]) or values.NIL
  end
  return list
end

-- ---- classic tracepoints' records ----

local function field_of(c, raw, name)
  local names = {}
  for _, field in ipairs(raw.fields) do
    if field.name == name then
      return field
    end
    names[#names + 1] = field.name
  end
  c:refuse("the record has no field %s; it has %s", name, table.concat(names, ", "))
end

local CHAR = { kind = "char", name = "char", size = 1, signed = true }
local BYTE = { kind = "int", name = "unsigned char", size = 1, signed = false }

local function integer(size, signed)
  return { kind = "int", name = (signed and "s" or "u") .. size * 8, size = size, signed = signed }
end

local function array_of(field, size)
  local is_text = (field.ctype or ""):find "char"
  local count = tonumber((field.ctype or ""):match "%[(%d+)%]")
  local each = is_text and 1 or count and size and size / count or 1
  return { kind = "array", element = is_text and CHAR or each == 1 and BYTE or integer(each, field.signed),
    count = count or size or 0, size = size or 0 }
end

--- record.name: a number, or an array whose text is read by str().
function M.field(c, raw, name)
  local field = field_of(c, raw, name)
  if field.is_data_loc then
    local where = c:alu("and", c:load(4, raw.reg, field.offset), nil, 0xffff)
    return { k = "ptr", reg = c:alu("add", where, raw.reg), off = 0, type = array_of(field), embedded = true,
      line = c.line }
  elseif field.is_array or not (field.size == 1 or field.size == 2 or field.size == 4 or field.size == 8) then
    return { k = "ptr", reg = raw.reg, off = field.offset, type = array_of(field, field.size), embedded = true,
      line = c.line }
  end
  local reg = c:load(field.size, raw.reg, field.offset, nil, bits_of(field, field.size * 8), field.signed)
  if field.ctype == "bool" then
    return { k = "bool", reg = reg, line = c.line }
  end
  return c:number(reg, field.size == 8 and not field.signed)
end

return M
