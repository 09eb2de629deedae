--- One way tried: what is opened is closed again at once, and why it was not is kept.

local causes = require "shark.doctor.causes"

local M = {}

-- What refusals begin with: what was asked for and the way, which stand beside them here.
local function bare(message, way)
  local text = message:gsub("^[%w_]+: no way to attach: ", ""):gsub("^no way to attach .-: ([%w_]+: )", "%1")
  text = text:gsub("^[%w_]+: (tracing needs )", "%1")
  return way and text:sub(1, #way + 2) == way .. ": " and text:sub(#way + 3) or text
end

--- Why not, as one entry of `tried`.
--- @param way string? nil: there is but one @param message string @param errname string?
--- @return table { way?, ok = false, reason, error, cause }
function M.refusal(way, message, errname)
  local reason = bare(message, way)
  return { way = way, ok = false, reason = reason, error = errname, cause = causes.of(reason, errname) }
end

--- Opens and closes. Misuse raises: a way that what is opened does not have is nil.
--- @param way string @param open fun(): shark.Session?, string?, string?
--- @return table? entry { way, ok, skipped?, reason?, error?, cause? }
function M.open(way, open)
  local fine, session, message, errname = pcall(open)
  if not fine then
    return nil
  elseif not session then
    return M.refusal(errname ~= "ENODEV" and way or nil, message, errname)
  end
  local skipped = {}
  for i, point in ipairs(session:how().skipped or {}) do
    skipped[i] = point.point
  end
  session:close()
  return { way = way, ok = true, skipped = skipped }
end

--- An answer from what was tried, best first: the first that succeeded is the way.
--- @return table answer { name, title, ok, way?, tried }
function M.answer(name, title, tried)
  local answer = { name = name, title = title, ok = false, tried = tried }
  for _, entry in ipairs(tried) do
    if entry.ok and not answer.ok then
      answer.ok, answer.way = true, entry.way
    end
  end
  return answer
end

-- Without the device no way is left to try.
local function is_last(entry, all)
  return entry and (entry.ok and not all or entry.error == "ENODEV")
end

--- Tries ways one after the other, until one succeeds or, with all, each of them.
--- @param ways string[] best first @param all boolean? @param try fun(way): table? an entry @return table[] tried
function M.each(ways, all, try)
  local tried = {}
  for _, way in ipairs(ways) do
    tried[#tried + 1] = try(way)
    if is_last(tried[#tried], all) then
      break
    end
  end
  return tried
end

return M
