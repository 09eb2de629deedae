--- What handlers may call besides functions of their own: globals where the script has none of that
-- name, and markers of shark.probe, which are known by identity.

local context = require "shark.probe.context"
local emission = require "shark.probe.emission"
local interrupts = require "shark.probe.interrupts"
local maps = require "shark.probe.maps"
local members = require "shark.probe.lower_members"
local texts = require "shark.probe.lower_texts"
local values = require "shark.probe.values"

jit.off(true, true)

local M = { calls = {}, markers = {} }
local calls = M.calls

-- Helpers by the numbers of include/uapi/linux/bpf.h.
local KTIME_GET_NS, GET_CPU, GET_PID_TGID, GET_UID_GID, GET_STACKID = 5, 8, 14, 15, 27
local USER_STACK = 256
local EFAULT = -14

local function none(c, name, arguments)
  if #arguments > 0 then
    c:refuse("%s() takes no arguments", name)
  end
end

-- ---- what the kernel tells ----

-- The register of what a helper says, which is asked once on each way.
local function once(c, helper)
  return c.memo[helper] or c:remember(helper, c:call(helper, {}))
end

local function lower_half(c, reg)
  return c:alu("rsh", c:alu("lsh", reg, nil, 32), nil, 32)
end

-- Made once on each way, as a number that is kept.
local function told(name, make)
  calls[name] = function(c, arguments)
    none(c, name, arguments)
    local reg = c.memo[name] or c:remember(name, make(c))
    return c:number(reg)
  end
end

told("tid", function(c) return lower_half(c, once(c, GET_PID_TGID)) end)
told("pid", function(c) return c:alu("rsh", once(c, GET_PID_TGID), nil, 32) end)
told("uid", function(c) return lower_half(c, once(c, GET_UID_GID)) end)
told("cpu", function(c) return once(c, GET_CPU) end)

--- Nanoseconds of CLOCK_MONOTONIC.
function calls.now(c, arguments)
  none(c, "now", arguments)
  return c:number(c:call(KTIME_GET_NS, {}))
end

--- The current task's name.
function calls.comm(c, arguments)
  none(c, "comm", arguments)
  return texts.comm(c)
end

local function text(name, user)
  calls[name] = function(c, arguments)
    if not arguments[1] then
      c:refuse("%s() takes an array of char, a pointer or an address", name)
    end
    return texts.read(c, arguments[1], arguments[2], user)
  end
end

for _, several in ipairs { interrupts.calls, context.calls } do
  for name, call in pairs(several) do
    calls[name] = call
  end
end

text("str", false)
text("ustr", true)

-- ---- stacks ----

-- A place in the map of stacks that another stack has, or none: that stack is lost.
local function count_lost(c, id, map)
  local negative, fine = c:branch("slt", id, nil, 0)
  c.block = negative
  local lost, unreadable = c:branch("ne", id, nil, EFAULT)
  c.block = lost
  c:lose(map)
  c:jump(fine)
  c.f:emit(unreadable, { op = "jump", to = fine })
  c.block = fine
end

local function stack(name, of, flags)
  calls[name] = function(c, arguments)
    none(c, name, arguments)
    local map = c.maps:index(maps[of], 1)
    local id = c:call(GET_STACKID, { { ctx = true }, { map = map }, { imm = flags } })
    count_lost(c, id, map)
    return { k = "num", reg = id, unsigned = false, stack = name, line = c.line }
  end
end

stack("stack", "stacks", 0)
stack("ustack", "ustacks", USER_STACK)

--- emit { name = value, ... } sends a record to the script.
function calls.emit(c, arguments)
  emission.emit(c, arguments[1])
end

-- ---- markers ----

local function outside(name)
  return function()
    error(("probe.%s is for handlers"):format(name), 2)
  end
end

--- In handlers: has the object a member of that name? Known while compiling.
M.has = outside "has"
--- In handlers: an address as a pointer to a type, probe.cast(x, "struct page").
M.cast = outside "cast"

local function constant_text(c, value, what)
  if not value or value.k ~= "const" or type(value.v) ~= "string" then
    c:refuse("%s is a constant text", what)
  end
  return value.v
end

M.markers[M.has] = function(c, arguments)
  local of, name = arguments[1], constant_text(c, arguments[2], "probe.has(x, name): the name")
  if of and of.k == "raw" then
    for _, field in ipairs(of.fields) do
      if field.name == name then return values.const(true, c.line) end
    end
    return values.const(false, c.line)
  elseif not of or of.k ~= "ptr" then
    c:refuse("probe.has takes an object of the kernel, not %s", of and values.name(of) or "nothing")
  end
  return values.const(c.types.member(of.type, name) ~= nil, c.line)
end

-- "struct page", "struct page *", "unsigned int *": the type pointed to.
local function named(c, text_of)
  local name = text_of:gsub("%s*%*%s*$", "")
  local found, message = c.types.named(name)
  return found or c:refuse("probe.cast: %s", message)
end

M.markers[M.cast] = function(c, arguments)
  local of = arguments[1]
  local to = named(c, constant_text(c, arguments[2], "probe.cast(x, type): the type"))
  if of and of.k == "ptr" then
    local same = of.type == to or to.id ~= nil and of.type.id == to.id
    return { k = "ptr", reg = of.reg, off = of.off, type = to, direct = of.direct and same, user = of.user,
      embedded = of.embedded, line = c.line }
  elseif of and (of.k == "num" or of.k == "const" and values.is_number(of.v)) then
    return members.pointer(c, c:number_reg(of, true), to, false, c.context.user)
  end
  c:refuse("probe.cast takes a pointer or an address, not %s", of and values.name(of) or "nothing")
end

return M
