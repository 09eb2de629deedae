--- Values as the prompt prints them: tables as trees, rows and events with their units, functions by
-- name. What others chose is made fit; no value's own code runs but __tostring.

local fmt = require "shark.fmt"
local foreign = require "shark.text.foreign"
local known = require "shark.prompt.known"
local out = require "shark.text.out"

local M = {}

local WIDTH, MOST_DEPTH, MOST_ENTRIES, MOST_LINES, MOST_TEXT = 78, 5, 40, 200, 200
local STEP = "  "

-- ---- what fits on one line ----

local function text_of(value)
  local text = foreign.line(value)
  if #text > MOST_TEXT then
    text = foreign.cut(text, MOST_TEXT) .. ("... (%d bytes)"):format(#value)
  end
  return '"' .. text:gsub('"', '\\"') .. '"'
end

local function function_text(fn)
  local info, name = debug.getinfo(fn, "S"), known.name_of(fn)
  if name then
    return ("function %s"):format(name)
  elseif info.what == "C" then
    return foreign.line(fn)
  end
  return ("function of %s:%d"):format(foreign.line(info.short_src), info.linedefined)
end

local function own_text(value)
  local ok, text = pcall(tostring, value)
  return foreign.lines(ok and text or ("<no text: %s>"):format(tostring(text)))
end

-- Without what marks a 64-bit number: it is one whatever it is called.
local function cdata_text(value)
  return (own_text(value):gsub("^(%-?%d+)U?LL$", "%1"))
end

local function has_own_text(value)
  local meta = debug.getmetatable(value)
  return type(meta) == "table" and rawget(meta, "__tostring") ~= nil
end

local function is_tree(value)
  return type(value) == "table" and not has_own_text(value)
end

local function scalar(value)
  local kind = type(value)
  if kind == "string" then
    return text_of(value)
  elseif kind == "function" then
    return function_text(value)
  elseif kind == "cdata" then
    return cdata_text(value)
  end
  return own_text(value)
end

-- ---- the order of keys ----

local RANK = { number = 1, string = 2, boolean = 3 }

local function before(a, b)
  local of_a, of_b = RANK[type(a)] or 4, RANK[type(b)] or 4
  if of_a ~= of_b then
    return of_a < of_b
  elseif of_a <= 2 then
    return a < b
  end
  return tostring(a) < tostring(b)
end

local function sorted_keys(value)
  local keys = {}
  for key in next, value do
    keys[#keys + 1] = key
  end
  table.sort(keys, before)
  return keys
end

local function key_text(key)
  if type(key) == "string" and key:find "^[%a_][%w_]*$" then
    return key
  end
  return ("[%s]"):format(is_tree(key) and "a table" or scalar(key))
end

-- ---- trees ----

-- A tree is a list of lines; `path` has the tables that are being shown.
local tree

local function add(lines, indent, text)
  local first = true
  for line in (text .. "\n"):gmatch("([^\n]*)\n") do
    lines[#lines + 1] = indent .. (first and "" or STEP) .. line
    first = false
  end
end

local function add_value(lines, indent, label, value, path)
  if is_tree(value) then
    tree(lines, indent, label, value, path)
  else
    add(lines, indent, label .. scalar(value))
  end
end

local function short(value, label)
  local parts, length, expected = {}, #label + 4, 1
  for _, key in ipairs(sorted_keys(value)) do
    local held = rawget(value, key)
    if is_tree(held) and next(held) ~= nil or has_own_text(held) and type(held) == "table" then
      return nil
    end
    local text = is_tree(held) and "{}" or scalar(held)
    parts[#parts + 1] = key == expected and text or ("%s = %s"):format(key_text(key), text)
    expected = expected + 1
    length = length + #parts[#parts] + 2
    if length > WIDTH then
      return nil
    end
  end
  return #parts == 0 and "{}" or ("{ %s }"):format(table.concat(parts, ", "))
end

local function add_entries(lines, indent, value, path)
  local keys, expected = sorted_keys(value), 1
  for i, key in ipairs(keys) do
    if i > MOST_ENTRIES or #lines > MOST_LINES then
      lines[#lines + 1] = ("%s... and %d more"):format(indent, #keys - i + 1)
      return
    end
    local label = key == expected and "" or key_text(key) .. " = "
    expected = key == expected and expected + 1 or expected
    add_value(lines, indent, label, rawget(value, key), path)
  end
end

local function with_unit(value, unit)
  local text = scalar(value)
  local n = unit == "ns" and tonumber(value)
  if not unit or type(value) == "string" then
    return text
  elseif n and n >= 1000 and n < 1e15 then
    return ("%s ns (%s)"):format(text, fmt.duration(n))
  end
  return ("%s %s"):format(text, unit)
end

local function add_fields(lines, indent, record, names, path, what, kind)
  for _, name in ipairs(names) do
    local value, label = rawget(record, name), name .. " = "
    if is_tree(value) then
      add_value(lines, indent, label, value, path)
    elseif value ~= nil then
      add(lines, indent, label .. with_unit(value, known.unit(what, kind, name)))
    end
  end
end

local function add_record(lines, indent, label, record, path)
  local what, names, kind = known.record(record)
  if what then
    lines[#lines + 1] = ("%s%s%s of %s {"):format(indent, label, what, kind.call)
    add_fields(lines, indent .. STEP, record, names, path, what, kind)
    lines[#lines + 1] = indent .. "}"
  end
  return what ~= nil
end

local function session_text(session, kind)
  if not known.get(session, "is_open")(session) then
    return ("session of %s, closed"):format(kind.call or kind.provider)
  end
  local ok, how = pcall(function() return tostring(session:how()) end)
  return ("session of %s%s: %s"):format(kind.call or kind.provider, session.stopped and ", stopped" or "",
    ok and foreign.line(how) or "?")
end

local function is_histogram(value)
  return debug.getmetatable(value) ~= nil and known.get(value, "percentile") and known.get(value, "buckets")
end

local function histogram_text(hist)
  local count = tonumber(hist:count())
  if count == 0 then
    return "histogram, empty"
  end
  return ("histogram of %s: half up to %s, 99%% up to %s; see bars()"):format(fmt.count(count),
    fmt.count(hist:percentile(50)), fmt.count(hist:percentile(99)))
end

-- What is known by what it can do.
local function special(value)
  local kind = known.kind_of_session(value)
  return kind and session_text(value, kind) or is_histogram(value) and histogram_text(value) or nil
end

function tree(lines, indent, label, value, path)
  local text = special(value)
  if text or path[value] or path.depth >= MOST_DEPTH then
    text = text or path[value] and "<the table that this is in>" or next(value) == nil and "{}" or "{...}"
    lines[#lines + 1] = indent .. label .. text
    return
  end
  text = not known.record(value) and short(value, indent .. label)
  if text then
    lines[#lines + 1] = indent .. label .. text
    return
  end
  path[value], path.depth = true, path.depth + 1
  if not add_record(lines, indent, label, value, path) then
    lines[#lines + 1] = indent .. label .. "{"
    add_entries(lines, indent .. STEP, value, path)
    lines[#lines + 1] = indent .. "}"
  end
  path[value], path.depth = nil, path.depth - 1
end

local function cut(lines)
  local more = #lines - MOST_LINES
  if more > MOST_ENTRIES then -- a few are no trouble
    for i = #lines, MOST_LINES + 1, -1 do
      lines[i] = nil
    end
    lines[#lines + 1] = ("... and %d lines more"):format(more)
  end
end

--- The lines that show a value.
--- @param value any @return string[]
function M.lines(value)
  local lines = {}
  if type(value) == "string" then
    add(lines, "", foreign.lines(value))
  else
    add_value(lines, "", "", value, { depth = 0 })
    cut(lines)
  end
  return lines
end

--- Prints values: on one line if each takes one.
--- @param ... any
function M.values(...)
  local parts, all, one_line = {}, {}, true
  for i = 1, select("#", ...) do
    local lines = M.lines((select(i, ...)))
    one_line = one_line and #lines == 1
    parts[i] = lines[1]
    for _, line in ipairs(lines) do
      all[#all + 1] = line
    end
  end
  out.lines(one_line and table.concat(parts, "\t") or all)
end

return M
