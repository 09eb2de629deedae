--- For walks over kernel objects: must(k.cast(...)) hands a result on, and raises
-- what the machine refused as the fault that k.stable() turns into nil, message,
-- name again.

local memory = require "shark.kernel.memory"

--- @return any value
return function(value, message, name)
  if value == nil then
    memory.fault(message or "not there", name or "ENOENT")
  end
  return value
end
