--- Random functions of the compiler's IR, in the kernel and in irrun: where do they differ?
local core = require "shark.core.probe"
local features = require "shark.probe.features"
local ffi = require "ffi"
local ir = require "shark.probe.ir"
local irrandom = require "irrandom"
local irrun = require "irrun"

local M = {}

irrandom.raise = features.swaps() and "raise" or irrandom.raise

local Differ = {}
Differ.__index = Differ

--- @param encode? table the module that is tested: shark.probe.encode
function M.new(encode)
  local differ = setmetatable({ encode = encode or require "shark.probe.encode", maps = {}, fds = {}, functions = 0,
    runs = 0, refused = 0 }, Differ)
  for n, spec in ipairs(irrandom.MAPS) do
    differ.maps[n] = assert(core.map(spec))
    differ.fds[n] = differ.maps[n]:fd()
  end
  return differ
end

local ZERO = ("\0"):rep(4)

local function cells(map)
  local spec = irrandom.MAPS[2]
  local keys, values, n = map:all()
  local all = {}
  for at = 0, n - 1 do
    all[keys:sub(at * spec.key_size + 1, (at + 1) * spec.key_size)] =
      values:sub(at * spec.value_size + 1, (at + 1) * spec.value_size)
  end
  return all
end

local function clear(differ)
  assert(differ.maps[1]:set(ZERO, ("\0"):rep(irrandom.MAPS[1].value_size)))
  for key in pairs(cells(differ.maps[2])) do
    assert(differ.maps[2]:delete(key))
  end
end

local function words_of(text)
  local words, list = ffi.cast("const uint64_t *", text), {}
  for n = 0, #text / 8 - 1 do
    list[n] = bit.tohex(words[n], 16)
  end
  return list
end

local function compare(differ, env)
  local got, wanted = words_of(differ.maps[1]:get(ZERO)), words_of(env.maps[1]:get(ZERO))
  for n = 0, #wanted do
    if got[n] ~= wanted[n] then
      return ("word %d is 0x%s in the kernel, 0x%s in Lua"):format(n, got[n], wanted[n])
    end
  end
  local there, meant = cells(differ.maps[2]), env.maps[2]:all()
  for key, value in pairs(meant) do
    if there[key] ~= value then
      return ("element 0x%s is %s in the kernel, %s in Lua"):format(words_of(key)[0],
        there[key] and words_of(there[key])[0] or "absent", words_of(value)[0])
    end
    there[key] = nil
  end
  return next(there) and ("element 0x%s is in the kernel only"):format(words_of(next(there))[0]) or nil
end

local function load_program(differ, func)
  local encoded, message = differ.encode.func(func)
  if not encoded then
    return nil, message
  end
  local program, why, _, log = core.program { type = "raw_tp", name = "random",
    code = differ.encode.link(encoded, differ.fds) }
  return program, program and "" or why .. "\n" .. (log or ""):sub(-2000)
end

local function run(differ, func, size)
  local contexts, witnesses = {}, {}
  for n = 1, 3 do
    contexts[n] = irrandom.context()
    witnesses[n] = irrun.env { maps = irrandom.MAPS, ctx = contexts[n] }
    irrun.run(func, witnesses[n])
  end
  local text = ir.text(func)
  local program, message = load_program(differ, func)
  if not program then
    differ.refused = differ.refused + 1
    return message .. "\n" .. text
  end
  for n, context in ipairs(contexts) do
    clear(differ)
    assert(program:run(unpack(context, 1, 12)))
    differ.runs = differ.runs + 1
    local difference = compare(differ, witnesses[n])
    if difference then
      program:close()
      return difference .. "\n" .. (size and text or "")
    end
  end
  program:close()
end

--- The function of a seed. @param size? integer @return string|nil difference nil: none
function Differ:try(seed, size)
  local func = ir.check(irrandom.func(seed, size))
  self.functions = self.functions + 1
  local fine, difference = pcall(run, self, func, size)
  return difference and ("seed %d%s: %s"):format(seed, fine and "" or " raised", difference) or nil
end

return M
