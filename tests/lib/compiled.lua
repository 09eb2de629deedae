--- Handlers compiled and run without a kernel: by shark.probe.ir's interpreter, on maps of this process.
--
--   local run = compiled.run(function(a, b) ... end, { args = { 1, 2 }, types = { "i64", "u64" } })
--   run.sent[1].n   what emit sent, by name    run:value(agg, key...)   what is in an aggregate
local ffi = require "ffi"
local ir = require "shark.probe.ir"
local irrun = require "irrun"
local keys_of = require "shark.probe.keys"
local lower = require "shark.probe.lower"
local maplist = require "shark.probe.maplist"
local records = require "shark.probe.records"
require "shark.events"

local M = {}

M.CPUS = 4

local INTEGERS = { i8 = { 1, true }, i16 = { 2, true }, i32 = { 4, true }, i64 = { 8, true }, u8 = { 1, false },
  u16 = { 2, false }, u32 = { 4, false }, u64 = { 8, false } }

--- A type of the kernel's, as shark.probe.types has them: of a name above, "bool", or what is given.
function M.type(of)
  if type(of) == "table" then
    return of
  elseif of == "bool" then
    return { kind = "bool", name = "_Bool", size = 1, signed = false }
  end
  local size, signed = unpack(INTEGERS[of])
  return { kind = size == 1 and "char" or "int", name = of, size = size, signed = signed }
end

--- A pointer to a type.
function M.pointer(to)
  return { kind = "pointer", size = 8, to = to }
end

-- ---- types made up for a test: structs of a C declaration ----

local Types = {}
Types.__index = Types

--- Types of a test: { ["struct pair"] = { size, members = { name = { offset or { bits = }, type } } } }
function M.types(structs)
  local types = setmetatable({ by_name = {} }, Types)
  for name, struct in pairs(structs) do
    local kind, tag = name:match "^(%w+) (.*)$"
    types.by_name[name] = { kind = kind, name = tag, size = struct.size, members = struct.members }
  end
  return types
end

function M.methods(types)
  return {
    target = function(t) return t.to or t.element end,
    member = function(t, name)
      local found = (t.members or {})[name]
      if not found then
        return nil, ("%s %s has no member %s"):format(t.kind, t.name, name)
      end
      return { bit_offset = found.bit or found[1] * 8, bits = found.bits or 0, type = M.type(found.type or found[2]) }
    end,
    variable = function(name)
      return (types.variables or {})[name], "no variable " .. name
    end,
    address = function(name)
      return (types.addresses or {})[name], "no symbol " .. name
    end,
    named = function(name)
      local found = types.by_name[name]
      return found, found == nil and "no type " .. name or nil
    end,
  }
end

-- ---- compiling ----

local function context_of(of)
  local args = of.arguments or {}
  for i = 1, of.arguments and 0 or of.n or #(of.types or of.args or {}) do
    args[i] = { name = "arg" .. i, type = M.type((of.types or {})[i] or "i64"), off = (i - 1) * 8 }
  end
  return { args = args, typed = of.typed ~= false, way = "test", loops = of.loops or "none", record = of.record,
    types = M.methods(of.known or { by_name = {} }), ret = of.ret, user = of.user, gate = of.gate,
    can_name = function() return of.can_name ~= false end, swaps = of.swaps }
end

--- Compiles a handler; returns its IR, its maps and its records.
function M.compile(fn, of)
  local maps, shapes = maplist.new(), records.new()
  local func = lower.compile { fn = fn, context = context_of(of or {}), maps = maps, records = shapes }
  return ir.check(func), maps, shapes
end

--- What compiling refuses a handler for.
function M.refusal(fn, of)
  local ok, message = pcall(M.compile, fn, of)
  return not ok and message or error("it was not refused", 2)
end

-- ---- running ----

local function spec_of(entry)
  if entry.is_control then
    return { type = "array", key_size = 4, value_size = 4096, entries = 1 }
  elseif entry.is_ring then
    return { type = "ringbuf", key_size = 0, value_size = 0, entries = 65536 }
  elseif entry.context then
    return { type = "array", key_size = 4, value_size = ffi.sizeof "struct shark_cpu", entries = M.CPUS }
  end
  local spec = {}
  for key, value in pairs(entry.agg.spec[entry.n]) do
    spec[key] = value
  end
  return spec
end

-- What the tracer would keep of the CPU: its number plus 1 of each.
local function set_running(env, maps, of)
  for i, entry in ipairs(maps.entries) do
    local cpus = entry.context and ffi.cast("struct shark_cpu *", env.maps[i].memory)
    for what in pairs(entry.context or {}) do
      cpus[of.cpu or 0].running[what] = (of.running or {})[what] and of.running[what] + 1 or 0
    end
  end
end

local function environment(maps, of)
  local specs = {}
  for i, entry in ipairs(maps.entries) do
    specs[i] = spec_of(entry)
  end
  local env = irrun.env { maps = specs, ctx = of.args, cpu = of.cpu, comm = of.comm, pid_tgid = of.pid_tgid,
    uid_gid = of.uid_gid, helpers = of.helpers, turns = of.turns }
  set_running(env, maps, of)
  local words = ffi.cast("int64_t *", env.maps[1].memory)
  words[0] = of.shut and 0 or 1
  for i, value in ipairs(maps.constants) do
    words[64 + i - 1] = value
  end
  return env, words
end

local function decode(shapes, bytes)
  local record = {}
  local tag = ffi.cast("uint32_t *", ffi.cast("const char *", bytes))[0]
  for _, field in ipairs(shapes.shapes[tag].fields) do
    local at = ffi.cast("const char *", bytes) + field.off
    if field.kind == "text" then
      record[field.name] = ffi.string(at, field.size):match "^[^%z]*"
    elseif field.kind == "irq" or field.kind == "vector" or field.kind == "softirq" then
      record[field.name] = keys_of.shown(field.kind, tonumber(ffi.cast("int64_t *", at)[0]))
    elseif field.kind == "bool" then
      record[field.name] = ffi.cast("int64_t *", at)[0] ~= 0
    else
      record[field.name] = ffi.cast(field.kind == "u64" and "uint64_t *" or "int64_t *", at)[0]
    end
  end
  return record
end

local Run = {}
Run.__index = Run

--- Compiles a handler once, to be run with many contexts: with what M.run() is given.
--- @return function run(of)
function M.prepare(fn, of)
  local func, maps, shapes = M.compile(fn, of)
  return function(given)
    return M.execute(func, maps, shapes, given or of)
  end
end

--- Compiles and runs a handler; `of`: args (words of the context), types or arguments (as lower takes them), typed,
--- known, loops, cpu, comm, running, shut, objects (cdata that may be read), times.
function M.run(fn, of)
  of = of or {}
  local func, maps, shapes = M.compile(fn, of)
  return M.execute(func, maps, shapes, of)
end

--- Runs what M.compile() has made.
function M.execute(func, maps, shapes, of)
  local env, words = environment(maps, of)
  for _, object in ipairs(of.objects or {}) do
    env:object(object, ffi.sizeof(object))
  end
  env.full, env.variables = of.full, of.variables
  for _ = 1, of.times or 1 do
    irrun.run(func, env)
  end
  local sent = {}
  for i, bytes in ipairs(env.sent) do
    sent[i] = decode(shapes, bytes)
  end
  return setmetatable({ func = func, env = env, maps = maps, words = words, sent = sent }, Run)
end

--- The raw bytes of an aggregate's map.
function Run:map(agg)
  return self.env.maps[self.maps:index(agg, 1)]
end

--- A value of an aggregate, of 8 bytes from `off` on; key: bytes (default: CPU 0's, of an array).
function Run:word(agg, key, off)
  local bytes = self:map(agg):get(key or "\0\0\0\0")
  return bytes and ffi.cast("int64_t *", ffi.cast("const char *", bytes) + (off or 0))[0]
end

--- How often map i of an aggregate was full.
function Run:lost(agg)
  return tonumber(self.words[self.maps:loss_word(self.maps:index(agg, 1)) / 8])
end

return M
