--- In place of shark.core.probe: maps in our own memory, for tests without a kernel. What
-- handlers would do, tests do with each(cpu, ...).
local ffi = require "ffi"
local real = require "shark.core.probe"

local M = { CONTROL_BYTES = real.CONTROL_BYTES, GATE = real.GATE, STACK_DEPTH = real.STACK_DEPTH }

M.NR_CPUS = 4 -- of per-CPU maps

local Map = {}
Map.__index = Map

function Map:address()
  return self.memory, ffi.sizeof(self.memory)
end

function Map:get(key)
  return self.values[key]
end

function Map:set(key, value)
  self.values[key] = value
  return true
end

function Map:delete(key)
  self.values[key] = nil
end

function Map:all()
  local keys, values = {}, {}
  for key, value in pairs(self.values) do
    keys[#keys + 1], values[#values + 1] = key, value
  end
  return table.concat(keys), table.concat(values), #keys
end

function M.map(spec)
  if M.refuse then
    return nil, "no memory for it", "ENOMEM"
  end
  local memory = spec.mmap and ffi.new("uint64_t[?]", spec.entries * spec.value_size / 8)
  return setmetatable({ spec = spec, values = {}, memory = memory }, Map)
end

local function u64(...)
  local n = select("#", ...)
  return ffi.string(ffi.new("uint64_t[?]", n, ...), n * 8)
end
M.u64 = u64

--- A text as it lies in a key.
function M.text(text, size)
  return text .. ("\0"):rep((size or 16) - #text)
end

package.loaded["shark.core.probe"] = M
return M
