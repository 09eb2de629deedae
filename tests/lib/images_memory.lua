--- In place of a kernel: memory, types and symbols of an image made by images.lua. Run by shark -e.
local bit = require "bit"
local ffi = require "ffi"

local M = {}

local function segments_of(bytes)
  local function at(ctype, offset)
    return ffi.cast("const " .. ctype .. " *", bytes + offset)[0]
  end
  local segments, place = {}, tonumber(at("uint64_t", 32))
  for i = 0, at("uint16_t", 56) - 1 do
    local header = place + i * at("uint16_t", 54)
    if at("uint32_t", header) == 1 then
      segments[#segments + 1] = { first = at("uint64_t", header + 16), size = at("uint64_t", header + 32),
        offset = tonumber(at("uint64_t", header + 8)) }
    end
  end
  return segments
end

local function read_one(segments, bytes, request)
  for _, segment in ipairs(segments) do
    local offset = request.address - segment.first
    if offset <= segment.size and request.size <= segment.size - offset then
      ffi.copy(request.into, bytes + segment.offset + tonumber(offset), request.size)
      return 0
    end
  end
  return -14
end

--- From here on shark reads the image.
--- @param core string @param types string @param symbols string
function M.start(core, types, symbols)
  local file = assert(io.open(core, "rb"))
  M.text = file:read "*a"
  file:close()
  local bytes, kernel = ffi.cast("const uint8_t *", M.text), require "shark.kernel.core"
  local segments = segments_of(bytes)
  function kernel.read(requests, n)
    for i = 0, n - 1 do
      requests[i].result = read_one(segments, bytes, requests[i])
    end
    return true
  end
  function kernel.explain(address)
    return nil, ("cannot read 0x%s: it is not in the image"):format(bit.tohex(address, 16)), "EFAULT"
  end
  function kernel.lists()
    return nil
  end
  require("shark.system.cpus").online = function() return { 0, 1 } end
  assert(shark.debuginfo_set(types))
  assert(shark.debuginfo_set(symbols))
end

return M
