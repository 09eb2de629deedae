--- Registers and addresses in tables made fit for JSON: 64-bit integers become
-- hexadecimal text, as people write them; shark.json alone would print them,
-- exact too, as decimal numbers.

local register = require "shark.decode.register"

--- @param value any @return any copy
local function plain(value)
  if type(value) == "cdata" then
    return register.hex(value)
  elseif type(value) ~= "table" then
    return value
  end
  local copy = {}
  for key, field in pairs(value) do
    copy[key] = plain(field)
  end
  return copy
end

return plain
