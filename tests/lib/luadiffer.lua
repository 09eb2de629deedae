--- Random handlers in Lua, compiled and run in the kernel, and run by LuaJIT on 64-bit cdata: where
-- do they differ?
local bit = require "bit"
local core = require "shark.core.probe"
local ffi = require "ffi"
local irrandom = require "irrandom"
local luarandom = require "luarandom"
local maplist = require "shark.probe.maplist"
local probe = require "shark.probe"
local records = require "shark.probe.records"

local M = {}

local i64, u64 = ffi.typeof "int64_t", ffi.typeof "uint64_t"

local SIGNED = { kind = "int", name = "long", size = 8, signed = true }
local UNSIGNED = { kind = "int", name = "unsigned long", size = 8, signed = false }

local Differ = {}
Differ.__index = Differ

--- @param modules? table lower and encode that are tested
function M.new(modules)
  modules = modules or {}
  return setmetatable({ lower = modules.lower or require "shark.probe.lower",
    encode = modules.encode or require "shark.probe.encode", out = probe.map("u64", "u64", { entries = 64 }),
    m = probe.map("u64", "i64", { entries = 64 }), runs = 0, functions = 0, refused = 0 }, Differ)
end

local function hex(value)
  return bit.tohex(ffi.cast(u64, type(value) == "number" and ffi.cast(i64, value) or value), 16)
end

-- ---- in LuaJIT ----

-- A map of probes: keys and values of 64 bits; what is read is int64_t.
local function mock()
  local cells = {}
  return setmetatable({}, {
    __index = function(_, key) return cells[hex(key)] end,
    __newindex = function(_, key, value)
      cells[hex(key)] = value ~= nil and ffi.cast(i64, type(value) == "number" and i64(value) or value) or nil
    end,
  }), cells
end

local function witness(source, words)
  local out, out_cells = mock()
  local m, m_cells = mock()
  local args = {}
  for n = 1, luarandom.ARGS do
    local word = type(words[n]) == "number" and ffi.cast(i64, words[n]) or words[n]
    args[n] = ffi.cast(n > 4 and u64 or i64, word)
  end
  assert(loadstring(source, "=random"))(out, m)(unpack(args))
  return out_cells, m_cells
end

-- ---- in the kernel ----

local function context()
  local args = {}
  for n = 1, luarandom.ARGS do
    args[n] = { name = "a" .. n, type = n > 4 and UNSIGNED or SIGNED, off = 8 * (n - 1) }
  end
  return { args = args, typed = false, way = "raw_tp", loops = "none" }
end

--- The program of a handler: its function, its code, its maps.
function Differ:compile(source)
  local maps = maplist.new()
  local fn = assert(loadstring(source, "=random"))(self.out, self.m)
  local func = self.lower.compile { fn = fn, context = context(), maps = maps, records = records.new() }
  local encoded = assert(self.encode.func(func))
  return encoded, maps
end

function Differ:load(source)
  local encoded, maps = self:compile(source)
  assert(maps:make())
  maps:words()[0] = 1 -- the gate
  local program, message, _, log = core.program { type = "raw_tp", name = "random",
    code = self.encode.link(encoded, maps:fds()) }
  return program or error(message .. "\n" .. (log or ""):sub(-1500), 0), maps
end

local function cells(agg)
  local keys, values, n = agg:maps()[1]:all()
  local all, key, value = {}, ffi.cast("const uint64_t *", keys), ffi.cast("const uint64_t *", values)
  for at = 0, n - 1 do
    all[hex(key[at])] = value[at]
  end
  return all
end

local function clear(agg)
  local map = assert(agg:maps())[1]
  local keys, _, n = map:all()
  for at = 0, n - 1 do
    assert(map:delete(keys:sub(8 * at + 1, 8 * at + 8)))
  end
end

-- ---- both ----

local function compare(name, got, wanted)
  for key, value in pairs(wanted) do
    if not got[key] or hex(got[key]) ~= hex(value) then
      return ("%s[0x%s] is 0x%s in the kernel, 0x%s in LuaJIT"):format(name, key, got[key] and hex(got[key]) or "nil",
        hex(value))
    end
    got[key] = nil
  end
  local left = next(got)
  return left and ("%s[0x%s] is 0x%s in the kernel, nil in LuaJIT"):format(name, left, hex(got[left]))
end

local function run_once(differ, program, source, words)
  local out, m = witness(source, words)
  clear(differ.out)
  clear(differ.m)
  assert(program:run(unpack(words, 1, 12)))
  differ.runs = differ.runs + 1
  return compare("out", cells(differ.out), out) or compare("m", cells(differ.m), m)
end

local function try(differ, source, contexts)
  local program, maps = differ:load(source)
  local difference
  for _, words in ipairs(contexts) do
    difference = difference or run_once(differ, program, source, words)
  end
  program:close()
  maps:close()
  return difference
end

-- Has it more ways through it than the verifier follows? Loops whose branches depend on each other may.
local function is_too_long(message)
  return message:find("BPF program is too large. Processed", 1, true) or message:find("jumps is too complex", 1, true)
end

--- The handler of a seed; one that is too long for the verifier counts as refused.
--- @param size? integer @return string|nil difference nil: none
function Differ:try(seed, size)
  local source = luarandom.source(seed, size)
  local contexts = { irrandom.context(), irrandom.context(), irrandom.context(), irrandom.context() }
  self.functions = self.functions + 1
  local fine, difference = pcall(try, self, source, contexts)
  if not fine and is_too_long(difference) then
    self.refused = self.refused + 1
    return nil
  end
  return difference and ("seed %d%s: %s\n%s"):format(seed, fine and "" or " raised", difference, source) or nil
end

return M
