--- Lowers calls: of Lua functions, in place; of builtins, methods and the functions of other libraries
-- that have a meaning in the kernel. A call has exactly one result.

local aggregates = require "shark.probe.aggregates"
local arith = require "shark.probe.lower_arith"
local bit = require "bit"
local builtins = require "shark.probe.builtins"
local bytecode = require "shark.probe.bytecode"
local flow = require "shark.probe.lower_flow"
local join = require "shark.probe.lower_join"
local maps = require "shark.probe.maps"
local values = require "shark.probe.values"

jit.off(true, true)

local M = { ops = {} }
local ops = M.ops

local DEEPEST = 8

-- ---- functions of other libraries ----

local function iterate(c, arguments)
  local list = arguments[1]
  if not list or list.k ~= "const" or type(list.v) ~= "table" or maps.is(list.v) then
    c:refuse("ipairs takes a constant table of the script in a handler")
  end
  return { k = "iterator", list = list.v, line = c.line }
end

-- function -> what it does with values
local KNOWN = { [ipairs] = iterate }
for name, call in pairs(arith.bits) do
  KNOWN[bit[name]] = call
end
for name, call in pairs(arith.math) do
  KNOWN[math[name]] = call
end
for fn, call in pairs(builtins.markers) do
  KNOWN[fn] = call
end

local INSTEAD = {
  print = "emit { } what is to be printed, and print it in session:on()",
  pairs = "it has no order; take ipairs over a constant table",
  pcall = "nothing raises in a handler",
  error = "nothing raises in a handler: emit { } what is wrong",
  assert = "nothing raises in a handler: emit { } what is wrong",
  tonumber = "numbers are numbers already; texts are not converted",
  tostring = "emit { } the number, and format it in session:on()",
  select = "name the arguments",
  ["math.floor"] = "/ gives whole numbers already",
  ["bit.tobit"] = "numbers have 64 bits",
}

local function refuse_function(c, slot)
  local name = c:slot_name(slot) or "this function"
  local family = name:match "^(%w+)%."
  local instead = INSTEAD[name] or family == "string" and "emit { } the text, and format it in session:on()"
    or "only functions written in Lua, and those of the guide, can be"
  c:refuse("%s cannot be called in a handler: %s", name, instead)
end

-- ---- Lua functions ----

local function check_results(c, edges, many)
  for _, edge in ipairs(edges) do
    local given = edge.slots[0] == nil and 0 or edge.several or 1
    if many and given ~= 1 then
      c:refuse("the function gives %d values (line %d) where one is taken: put its result into a variable first", given,
        edge.line or 0)
    end
    edge.slots[0] = edge.slots[0] or values.const(nil, edge.line)
  end
end

-- Lowers a function in place; its result.
local function inline(c, fn, arguments, many, wants)
  if c.depth >= DEEPEST then
    c:refuse("functions call each other more than %d deep: recursion is not possible", DEEPEST)
  end
  local edges = c:inline(fn, arguments)
  local slots = c.slots
  check_results(c, edges, many)
  if #edges == 0 then
    c.block = nil
    return values.NIL
  end
  join.join(c, edges, wants and { 0 } or {})
  local result = wants and c.slots[0] or values.NIL
  c.slots = slots
  return result
end

local function call_constant(c, value, arguments, slot, many, wants)
  local v = value.v
  if type(v) == "function" then
    local known = KNOWN[v]
    if known then
      return known(c, arguments)
    elseif bytecode.is_lua(v) and v ~= pcall then -- that of scripts is in Lua, see shark_init.lua
      return inline(c, v, arguments, many, wants)
    end
    refuse_function(c, slot)
  elseif maps.is(v) and v.kind == "var" then
    return aggregates.read_var(c, v)
  elseif maps.is(v) then
    c:refuse("a %s cannot be called", v.kind)
  end
  local name = c:called(slot, "this")
  c:refuse("%s is %s: it cannot be called%s", name, values.name(value),
    builtins.calls[name] and "; it hides the builtin of that name" or "")
end

local function call_element(c, value)
  local last = value.keys[#value.keys]
  if last.k == "const" and type(last.v) == "string" then
    c:refuse("a %s has no method %s", value.agg.kind, last.v)
  end
  c:refuse("an element of a %s cannot be called", value.agg.kind)
end

local function drop_self(arguments)
  local rest = {}
  for i = 2, #arguments do
    rest[i - 1] = arguments[i]
  end
  return rest
end

local function call(c, slot, arguments, many, wants)
  local value = c.slots[slot]
  local k = value.k
  if k == "const" then
    return call_constant(c, value, arguments, slot, many, wants)
  elseif k == "builtin" then
    return builtins.calls[value.name](c, arguments)
  elseif k == "method" then
    return aggregates.call(c, value, drop_self(arguments))
  elseif k == "element" then
    return call_element(c, value)
  elseif k == "conflict" then
    c:refuse_conflict(value, slot)
  end
  c:refuse("%s is %s: it cannot be called", c:called(slot, "this"), values.name(value))
end

-- ---- instructions ----

local function gather(c, p, first, n)
  first = first + (p.two and 2 or 1)
  local list = {}
  for i = 1, n do
    local value = c.slots[first + i - 1] or values.NIL
    if value.k == "conflict" then
      c:refuse_conflict(value, first + i - 1)
    end
    list[i] = value
  end
  return list
end

local function is_iterator(value)
  return value and value.k == "iterator"
end

local function run(c, pc, p, n)
  local a, results = p.a[pc], p.b[pc]
  local value = call(c, a, gather(c, p, a, n), results == 0, results ~= 1)
  if not c.block then
    return
  elseif results > 2 and not is_iterator(value) then
    c:refuse("a call gives one value in a handler")
  elseif results == 0 and not value then
    c:refuse("the function gives no value where one is taken")
  end
  if results ~= 1 then
    c.slots[a] = value or values.const(nil, c.line)
  end
end

function ops.CALL(c, pc, p) run(c, pc, p, p.c[pc] - 1) end
function ops.CALLM(c, pc, p) run(c, pc, p, p.c[pc] + 1) end

local function tail(c, pc, p, n)
  local a = p.a[pc]
  local value = call(c, a, gather(c, p, a, n), c.depth > 1, true)
  if c.block then
    flow.give_back(c, value or values.const(nil, c.line))
  end
end

function ops.CALLT(c, pc, p) tail(c, pc, p, p.d[pc] - 1) end
function ops.CALLMT(c, pc, p) tail(c, pc, p, p.d[pc] + 1) end

return M
