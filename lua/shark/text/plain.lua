--- Tables made fit for JSON: 64-bit integers become hexadecimal text, which keeps
-- them exact; a number in JSON is a double.

local register = require "shark.decode.register"

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
