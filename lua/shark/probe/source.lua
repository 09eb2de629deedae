--- Where a handler is written, and its lines.

local M = {}

--- "file:line: " of a function, "" where it does not tell.
function M.place(fn)
  local info = debug.getinfo(fn, "S")
  return info.linedefined > 0 and ("%s:%d: "):format(info.short_src, info.linedefined) or ""
end

-- The text of the file or of the chunk; "" where neither is there.
local function text_of(fn)
  local name = debug.getinfo(fn, "S").source
  if name:sub(1, 1) ~= "@" then
    return name:sub(1, 1) ~= "=" and name or ""
  end
  local file = io.open(name:sub(2))
  local text = file and file:read "*a" or ""
  if file then
    file:close()
  end
  return text
end

--- The lines of a handler that its instructions come from.
--- @param fn function @param lines table[] { {index, line}, ... } @return table<integer, string> text by line
function M.lines(fn, lines)
  local wanted, texts, number = {}, {}, 0
  for _, line in ipairs(lines or {}) do
    wanted[line[2]] = true
  end
  if not next(wanted) then
    return texts
  end
  for line in (text_of(fn) .. "\n"):gmatch("([^\n]*)\n") do
    number = number + 1
    texts[number] = wanted[number] and line or nil
  end
  return texts
end

return M
