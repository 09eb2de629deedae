--- Lowers constants, variables outside of the handler, and tables: those of the script are read while
-- compiling, those made in the handler are records for emit, and those of the kernel are its objects.

local aggregates = require "shark.probe.aggregates"
local builtins = require "shark.probe.builtins"
local maps = require "shark.probe.maps"
local members = require "shark.probe.lower_members"
local sized = require "table.new"
local values = require "shark.probe.values"

jit.off(true, true)

local M = { ops = {} }
local ops = M.ops

local MOST_FIELDS = 8 -- that values have, or nearly: tables that grow are made several times

-- ---- constants ----

local function set(c, pc, p, v)
  c.slots[p.a[pc]] = { k = "const", v = v, line = c.line }
end

function ops.KSTR(c, pc, p) set(c, pc, p, p:constant(p.d[pc])) end
function ops.KCDATA(c, pc, p) set(c, pc, p, p:constant(p.d[pc])) end
function ops.KNUM(c, pc, p) set(c, pc, p, p:number(p.d[pc])) end

function ops.KSHORT(c, pc, p)
  local d = p.d[pc]
  set(c, pc, p, d < 0x8000 and d or d - 0x10000)
end

local PRIMITIVES = { [0] = nil, false, true }

function ops.KPRI(c, pc, p) set(c, pc, p, PRIMITIVES[p.d[pc]]) end

function ops.KNIL(c, pc, p)
  for slot = p.a[pc], p.d[pc] do
    c.slots[slot] = { k = "const", v = nil, line = c.line }
  end
end

-- A value says where a variable was given it: what differs on two ways is named by these lines.
local function with_line(value, line)
  if value.line == line or value.k == "record" then
    return value
  end
  local copy = sized(0, MOST_FIELDS)
  for key, field in pairs(value) do
    copy[key] = field
  end
  copy.line = line
  return copy
end

function ops.MOV(c, pc, p)
  c.slots[p.a[pc]] = with_line(c.slots[p.d[pc]], c.line)
end

-- ---- variables outside ----

function ops.UGET(c, pc, p)
  local name, value = debug.getupvalue(p.fn, p.d[pc] + 1)
  if maps.is(value) and name ~= "" then
    maps.name_it(value, name)
  end
  set(c, pc, p, value)
end

local function global(fn, name)
  local ok, value = pcall(function() return debug.getfenv(fn)[name] end)
  return ok and value or nil
end

function ops.GGET(c, pc, p)
  local name = p:constant(p.d[pc])
  local value = global(p.fn, name)
  if value == nil and builtins.calls[name] then
    c.slots[p.a[pc]] = { k = "builtin", name = name, line = c.line }
  elseif value == nil then
    c:refuse("the global %s is nil", name)
  else
    set(c, pc, p, value)
  end
end

local function refuse_outside(c, pc, p)
  local name = debug.getupvalue(p.fn, p.a[pc] + 1)
  c:refuse("a variable outside the handler%s cannot be assigned to; use a map or a count",
    name and name ~= "" and " (" .. name .. ")" or "")
end

ops.USETV, ops.USETS, ops.USETN, ops.USETP = refuse_outside, refuse_outside, refuse_outside, refuse_outside

function ops.GSET(c, pc, p)
  c:refuse("a variable outside the handler (%s) cannot be assigned to; use a map or a count", p:constant(p.d[pc]))
end

function ops.FNEW(c)
  c:refuse("a function made in a handler is not possible: make it outside")
end

function ops.VARG(c)
  c:refuse("`...` is not possible in a handler: name its arguments")
end

-- ---- tables made in the handler ----

function ops.TNEW(c, pc, p)
  c.slots[p.a[pc]] = { k = "record", fields = {}, line = c.line }
end

-- The constant fields of a constructor. The template itself as a value stands for a field that is set later.
function ops.TDUP(c, pc, p)
  local template, fields = p:constant(p.d[pc]), {}
  for name, v in pairs(template) do
    if not rawequal(v, template) then
      fields[name] = values.const(v, c.line)
    end
  end
  c.slots[p.a[pc]] = { k = "record", fields = fields, line = c.line }
end

local function set_field(c, record, key, value)
  if key.k ~= "const" then
    c:refuse("a field of a table made in a handler has a constant name; for keys of the kernel use a map")
  end
  local fields = {}
  for name, old in pairs(record.fields) do
    fields[name] = old
  end
  fields[key.v] = not values.is_nil(value) and value or nil
  local new = { k = "record", fields = fields, line = record.line }
  for slot, held in pairs(c.slots) do
    if held == record then
      c.slots[slot] = new
    end
  end
end

-- ---- reading ----

local function field_of_script(c, t, key, slot)
  if key.k ~= "const" then
    c:refuse("%s is a table of the script, which is read while compiling: its key must be a constant; use a map",
      c:called(slot, "this"))
  end
  local ok, value = pcall(function() return t[key.v] end)
  if not ok then
    c:refuse("%s", tostring(value))
  end
  return values.const(value, c.line)
end

local function constant(c, value, key, slot)
  local v = value.v
  if maps.is(v) then
    return aggregates.get(c, v, {}, key)
  elseif type(v) == "table" or type(v) == "cdata" and not values.is_number(v) then
    return field_of_script(c, v, key, slot)
  elseif type(v) == "string" then
    c:refuse("texts have no methods in a handler: only == and ~= with another, as a key, and in emit")
  end
  c:refuse("%s is %s: it has no fields", c:called(slot, "this"), values.name(value))
end

local GET = {
  const = constant,
  ptr = function(c, value, key, slot)
    if key.k == "const" and type(key.v) == "string" then
      return members.member(c, value, key.v, slot)
    end
    return members.element(c, value, key, slot)
  end,
  raw = function(c, value, key)
    if key.k ~= "const" or type(key.v) ~= "string" then
      c:refuse("fields of a record have constant names")
    end
    return members.field(c, value, key.v)
  end,
  element = function(c, value, key) return aggregates.get(c, value.agg, value.keys, key) end,
  record = function(c, value, key)
    return key.k == "const" and value.fields[key.v] or values.const(nil, c.line)
  end,
  conflict = function(c, value, _, slot) c:refuse_conflict(value, slot) end,
}

--- value[key]
function M.get(c, value, key, slot)
  local get = GET[value.k]
  if not get then
    c:refuse("%s is %s: it has no fields", c:called(slot, "this"), values.name(value))
  end
  return get(c, value, key, slot)
end

local function check_key(c, key, slot)
  if key.k == "conflict" then
    c:refuse_conflict(key, slot)
  end
  return key
end

function ops.TGETS(c, pc, p)
  c.slots[p.a[pc]] = M.get(c, c.slots[p.b[pc]], values.const(p:constant(p.c[pc])), p.b[pc])
end

function ops.TGETB(c, pc, p)
  c.slots[p.a[pc]] = M.get(c, c.slots[p.b[pc]], values.const(p.c[pc]), p.b[pc])
end

function ops.TGETV(c, pc, p)
  local key = check_key(c, c.slots[p.c[pc]], p.c[pc])
  c.slots[p.a[pc]] = M.get(c, c.slots[p.b[pc]], key, p.b[pc])
end

-- ---- writing ----

local function refuse_kernel(c)
  c:refuse("kernel memory is never written")
end

local SET = {
  const = function(c, value, key, new, slot)
    if maps.is(value.v) then
      return aggregates.set(c, value.v, {}, key, new)
    elseif type(value.v) == "table" then
      c:refuse("a table of the script cannot be changed in a handler; use a map or a count")
    end
    c:refuse("%s is %s: it has no fields", c:called(slot, "this"), values.name(value))
  end,
  element = function(c, value, key, new) return aggregates.set(c, value.agg, value.keys, key, new) end,
  record = set_field,
  ptr = refuse_kernel,
  raw = refuse_kernel,
  conflict = function(c, value, _, _, slot) c:refuse_conflict(value, slot) end,
}

local function write(c, pc, p, key)
  local slot = p.b[pc]
  local value, new = c.slots[slot], c.slots[p.a[pc]]
  local put = SET[value.k]
  if not put then
    c:refuse("%s is %s: it has no fields", c:called(slot, "this"), values.name(value))
  elseif new.k == "conflict" then
    c:refuse_conflict(new, p.a[pc])
  end
  put(c, value, key, new, slot)
end

function ops.TSETS(c, pc, p)
  write(c, pc, p, values.const(p:constant(p.c[pc])))
end

function ops.TSETB(c, pc, p)
  write(c, pc, p, values.const(p.c[pc]))
end

function ops.TSETV(c, pc, p)
  write(c, pc, p, check_key(c, c.slots[p.c[pc]], p.c[pc]))
end

function ops.TSETM(c)
  c:refuse("a call gives one value in a handler: name the field, { x = f() }")
end

return M
