--- Rows as what was added since the last look, again and again: shark.every().

local sessions = require "shark.trace.session"
local uv = require "uv"

local M = {}

local function is_number(value)
  return type(value) == "number" or type(value) == "cdata"
end

-- A count, a sum or a maximum is another than before.
local function has_changed(row, before)
  for field, value in pairs(row) do
    if is_number(value) and value ~= rawget(before, field) then
      return true
    end
  end
  return false
end

-- What a row that is gone had counted, taken back: then the differences still add up.
local function taken_back(source, before)
  local gone = source:since(source:since(before, before), before)
  gone.hist = nil
  return gone
end

--- What rows have more than earlier ones, in their order; then those that are gone.
--- @param source table with since() and key() @param rows table[] @param before table earlier rows by key
--- @return table[] differences @return table rows by key
function M.differences(source, rows, before)
  local list, by_key, gone = {}, {}, {}
  for _, row in ipairs(rows) do
    local key = source:key(row)
    local earlier = before[key]
    by_key[key] = row
    if not earlier or has_changed(row, earlier) then
      list[#list + 1] = source:since(row, earlier)
    end
  end
  for key in pairs(before) do
    gone[#gone + 1] = not by_key[key] and key or nil
  end
  table.sort(gone)
  for _, key in ipairs(gone) do
    list[#list + 1] = taken_back(source, before[key])
  end
  return list, by_key
end

-- A session that is closed cannot be read any more.
local function is_over(source, timer)
  return timer:is_closing() or rawget(source, "closed")
end

--- See shark.every().
--- @return userdata timer @return fun() finish to be called at the end of the run
function M.start(seconds, source, callback)
  local before, last, timer = {}, uv.hrtime(), nil
  local function look(is_last)
    local rows, message = source:read()
    if not rows then
      error(message, 0)
    end
    local differences
    differences, before = M.differences(source, rows, before)
    local since = last
    last = uv.hrtime()
    callback(differences, (last - since) / 1e9, is_last)
  end
  timer = set_interval(function()
    if is_over(source, timer) then
      timer:close()
    else
      look(false)
    end
  end, seconds * 1000)
  return timer, function()
    if not is_over(source, timer) then
      timer:close()
      look(true)
    end
  end
end

--- Detaches what runs: from then on reading it gives the same again.
function M.stop_all()
  for _, session in ipairs(sessions.all_open()) do
    session:stop()
  end
end

return M
