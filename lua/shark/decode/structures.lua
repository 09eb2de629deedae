--- Tables of firmware: structures one after another, each with its type and length.

local M = {}

-- What keeps a table from being decoded is thrown as this and caught in attempt().
local Corrupt = {}

--- Gives up with a message, which attempt() returns.
function M.corrupt(message, ...)
  error(setmetatable({ message = message:format(...) }, Corrupt), 0)
end

--- Calls visit(text, offset, type, length) for every structure
--- from `offset` to `limit`. Its type and length are 16 bits (DMAR) or read by `head`.
--- @param head fun(text, offset, limit): integer, integer type and length
function M.each(text, offset, limit, head, visit)
  while offset < limit do
    local kind, length = head(text, offset, limit)
    if length <= 0 or offset + length > limit then
      M.corrupt("the structure of type %d at byte %d has length %d, but %d bytes are left", kind, offset, length,
        limit - offset)
    end
    visit(text, offset, kind, length)
    offset = offset + length
  end
end

--- Gives up where a structure is not at least so long.
function M.at_least(name, offset, length, least)
  if length < least then
    M.corrupt("the %s at byte %d has %d bytes, not the %d of its fixed part", name, offset, length, least)
  end
end

--- Calls decode(...), which may give up.
--- @return any? result @return string? message why it gave up
function M.attempt(decode, ...)
  local ok, result = pcall(decode, ...)
  if ok then
    return result
  elseif getmetatable(result) ~= Corrupt then
    error(result, 0)
  end
  return nil, result.message
end

return M
