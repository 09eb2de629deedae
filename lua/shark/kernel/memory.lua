--- Kernel memory for shark.kernel: addresses, reads, faults, and reads that are
-- checked again afterwards.

local bit = require "bit"
local core = require "shark.kernel.core"
local ffi = require "ffi"

local M = {}

local u64 = ffi.typeof("uint64_t")
local bytes_type = ffi.typeof("uint8_t[?]")
local requests_type = require "shark.kernel.request"

-- ---- faults ----

-- What the machine refuses in the midst of an expression, where there is no
-- place for nil, message, name: an error value with the same three.
local Fault = {}
Fault.__index = Fault

function Fault:__tostring()
  return self.message
end

--- Raises a fault.
function M.fault(message, name)
  error(setmetatable({ message = message, name = name }, Fault), 0)
end

function M.is_fault(value)
  return getmetatable(value) == Fault
end

local function settle(ok, first, ...)
  if ok then
    return first, ...
  end
  if M.is_fault(first) then
    return nil, first.message, first.name
  end
  error(first, 0)
end

--- Calls work(...); a fault in it becomes nil, message, name.
function M.attempt(work, ...)
  return settle(pcall(work, ...))
end

-- ---- addresses ----

--- uint64_t from hexadecimal digits, at most 16.
function M.from_hex(digits)
  local padded = ("0"):rep(16 - #digits) .. digits
  return u64(tonumber(padded:sub(1, 8), 16)) * 0x100000000ULL + tonumber(padded:sub(9), 16)
end

--- Hexadecimal digits, without leading zeros.
function M.to_hex(value)
  return (bit.tohex(u64(value), 16):gsub("^0+(.)", "%1"))
end

local function is_integer_cdata(value)
  return type(value) == "cdata" and (ffi.istype("uint64_t", value) or ffi.istype("int64_t", value))
end

--- An address as uint64_t, from a number, a 64-bit integer, or hexadecimal text;
--- nil for anything else.
function M.to_address(value)
  if type(value) == "number" then
    return value >= 0 and value < 2 ^ 64 and value % 1 == 0 and u64(value) or nil
  elseif type(value) == "string" then
    local digits = value:match("^0[xX](%x+)$")
    return digits and #digits <= 16 and M.from_hex(digits) or nil
  end
  return is_integer_cdata(value) and u64(value) or nil
end

-- ---- reading ----

local one = requests_type(1)

--- Reads size bytes into memory of the FFI's, or raises a fault.
function M.read_into(address, into, size)
  one[0].address, one[0].into, one[0].size = address, into, size
  local ok, message, name = core.read(one, 1)
  if ok and one[0].result ~= 0 then
    ok, message, name = core.explain(address, size, one[0].result)
  end
  if not ok then
    M.fault(message, name)
  end
end

--- A new array with the bytes at the address, or raises a fault.
function M.read(address, size)
  local bytes = bytes_type(math.max(size, 1))
  M.read_into(address, bytes, size)
  return bytes
end

--- The bytes at a physical address, as a string, or raises a fault: of an image only.
function M.read_physical(address, size)
  local bytes = bytes_type(math.max(size, 1))
  one[0].address, one[0].into, one[0].size = address, bytes, size
  local ok, message, name = core.read_physical(one, 1)
  if ok and one[0].result ~= 0 then
    ok, message, name = core.explain(address, size, one[0].result)
  end
  if not ok then
    M.fault(message, name)
  end
  return ffi.string(bytes, size)
end

--- Reads size bytes at each address in one go: one array, one after the other;
--- raises a fault when one of them cannot be read.
--- @param addresses ffi.cdata*[]
function M.read_each(addresses, size)
  local n = #addresses
  local bytes, requests = bytes_type(math.max(n * size, 1)), requests_type(math.max(n, 1))
  for i, address in ipairs(addresses) do
    local request = requests[i - 1]
    request.address, request.into, request.size = address, bytes + (i - 1) * size, size
  end
  local ok, message, name = core.read(requests, n)
  for i = 0, ok and n - 1 or -1 do
    if requests[i].result ~= 0 then
      ok, message, name = core.explain(addresses[i + 1], size, requests[i].result)
      break
    end
  end
  if not ok then
    M.fault(message, name)
  end
  return bytes
end

local SCRATCH = 64
local scratch = bytes_type(SCRATCH)

--- The bytes at the address, valid until the next call.
function M.peek(address, size)
  if size > SCRATCH then
    return M.read(address, size)
  end
  M.read_into(address, scratch, size)
  return scratch
end

local PAGE = 4096
local MAX_STRING = 1024

--- The text at the address, up to its end or max bytes.
function M.string(address, max)
  local parts, left = {}, max or MAX_STRING
  while left > 0 do
    -- The next page may not be there, and need not be.
    local size = math.min(64, left, PAGE - tonumber(address % PAGE))
    local part = ffi.string(M.peek(address, size), size)
    local stop = part:find("\0", 1, true)
    parts[#parts + 1] = stop and part:sub(1, stop - 1) or part
    if stop then
      break
    end
    address, left = address + size, left - size
  end
  return table.concat(parts)
end

local function pack(...)
  return { n = select("#", ...), ... }
end

-- ---- pointers, which are remembered ----

-- {address, value} of the pointers read since M.stable() began; and what else is
-- to be looked at again: functions that return what changed, or nil.
local followed

--- Notes that the pointer at this address had this value.
function M.note_pointer(address, value)
  if followed then
    followed[#followed + 1] = { address, value }
  end
end

--- Calls work(...), whose pointers are its own affair; look_again() is called
--- when those of others are read again, and returns what changed.
function M.apart(look_again, work, ...)
  local outer = followed
  followed = nil
  local results = pack(pcall(work, ...))
  followed = outer
  if outer then
    outer.checks[#outer.checks + 1] = look_again
  end
  if not results[1] then
    error(results[2], 0)
  end
  return unpack(results, 2, results.n)
end

--- The number that the bytes of a pointer of this kernel are, as uint64_t.
function M.to_pointer(bytes)
  return core.pointer_size() == 4 and ffi.cast("uint64_t", ffi.cast("uint32_t *", bytes)[0]) or
    ffi.cast("uint64_t *", bytes)[0]
end

--- The pointer at the address, as uint64_t.
function M.pointer(address)
  local value = M.to_pointer(M.peek(address, core.pointer_size()))
  M.note_pointer(address, value)
  return value
end

local function read_again(pointers)
  local requests, values = requests_type(math.max(#pointers, 1)), ffi.new("uint64_t[?]", #pointers + 1)
  local size = core.pointer_size()
  for i, pointer in ipairs(pointers) do
    local request = requests[i - 1]
    request.address, request.into, request.size = pointer[1], values + (i - 1), size
  end
  local ok, message, name = core.read(requests, #pointers)
  if not ok then
    M.fault(message, name)
  end
  return requests, values
end

-- Why what was read does not belong together, or nil.
local function find_change(pointers)
  local requests, values = read_again(pointers)
  for i, pointer in ipairs(pointers) do
    if requests[i - 1].result ~= 0 then
      return ("the pointer at 0x%s is gone"):format(M.to_hex(pointer[1]))
    elseif values[i - 1] ~= pointer[2] then
      return ("the pointer at 0x%s was 0x%s and is 0x%s"):format(M.to_hex(pointer[1]),
        M.to_hex(pointer[2]), M.to_hex(values[i - 1]))
    end
  end
  for _, look_again in ipairs(pointers.checks) do
    local change = look_again()
    if change then
      return change
    end
  end
end

-- What was stable so far has to stay so for the work around it.
local function hand_on(mine, outer)
  for _, pointer in ipairs(outer and mine or {}) do
    outer[#outer + 1] = pointer
  end
  for _, look_again in ipairs(outer and mine.checks or {}) do
    outer.checks[#outer.checks + 1] = look_again
  end
end

-- ---- what many reads have in common ----

-- key -> { value, pointers }, during M.look().
local remembered

--- Calls work(...); what it reads by M.remember() is read once meanwhile.
function M.look(work, ...)
  local outer = remembered
  remembered = outer or {}
  local results = pack(pcall(work, ...))
  remembered = outer
  if not results[1] then
    error(results[2], 0)
  end
  return unpack(results, 2, results.n)
end

local function read_apart(work, ...)
  local outer, mine = followed, { checks = {} }
  followed = mine
  local ok, value = pcall(work, ...)
  followed = outer
  if not ok then
    error(value, 0)
  end
  return { value = value, pointers = mine }
end

--- work(...), or during M.look() what it returned for this key before. The pointers
--- that led to it are read again for everyone who uses it.
--- @param key string
--- @return any value one only
function M.remember(key, work, ...)
  local known = remembered and remembered[key]
  if not known then
    known = read_apart(work, ...)
    if remembered then
      remembered[key] = known
    end
  end
  hand_on(known.pointers, followed)
  return known.value
end

local function forget()
  for key in pairs(remembered or {}) do
    remembered[key] = nil
  end
end

--- Calls work(...) and reads every pointer again that it followed. Returns what
--- work returned; nil, message, "EAGAIN" when one changed meanwhile.
function M.stable(work, ...)
  local outer, mine = followed, { checks = {} }
  followed = mine
  local results = pack(pcall(work, ...))
  followed = outer
  local looked, change = pcall(find_change, mine)
  if not looked then
    return settle(looked, change) -- what refused the work refuses this too
  elseif change then
    forget()
    return nil, "changed while reading: " .. change, "EAGAIN"
  end
  hand_on(mine, outer)
  return settle(unpack(results, 1, results.n))
end

return M
