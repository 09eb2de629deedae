--- What the prompt knows of values without running anything of theirs: raw looks only.

local M = {}

local loaded = package.loaded

local MOST_FLOORS = 8

--- The tables that a key of a value is looked for in: itself, and what stands behind it.
--- @param value any @return table[]
function M.floors(value)
  local list = {}
  if type(value) == "string" then
    return { string }
  end
  while type(value) == "table" and #list < MOST_FLOORS do
    list[#list + 1] = value
    local meta = debug.getmetatable(value)
    value = type(meta) == "table" and rawget(meta, "__index") or nil
  end
  return list
end

--- @param value any @param key any
function M.get(value, key)
  for _, floor in ipairs(M.floors(value)) do
    local found = rawget(floor, key)
    if found ~= nil then
      return found
    end
  end
end

--- Names that can be written behind a dot, each once.
--- @param value any @param only? string of this type
--- @return string[]
function M.keys(value, only)
  local list, seen = {}, {}
  for _, floor in ipairs(M.floors(value)) do
    for key, held in next, floor do
      if type(key) == "string" and key:find "^[%a_][%w_]*$" and not key:find "__$" and not key:find "^__"
        and not seen[key] and (not only or type(held) == only) then
        list[#list + 1], seen[key] = key, true
      end
    end
  end
  return list
end

--- What a kind of trace is to a value: that of a session; nil if it is none.
--- @param value any @return table?
function M.kind_of_session(value)
  local kind = type(value) == "table" and rawget(value, "kind")
  local is_session = kind and rawget(value, "handle") and type(M.get(value, "is_open")) == "function"
  return is_session and type(kind) == "table" and kind or nil
end

local function has_only(value, fields)
  local known = { torn = true }
  for _, field in ipairs(fields) do
    known[field[1]] = true
  end
  for key in next, value do
    if not known[key] then
      return false
    end
  end
  return true
end

-- Those that tell rows apart, and the count; some can be nil.
local function is_row(value, fields)
  for _, field in ipairs(fields) do
    local can_be_nil = field.of or (field.type or ""):find "%?$"
    if (field.key or field[1] == "count") and not can_be_nil and rawget(value, field[1]) == nil then
      return false
    end
  end
  return has_only(value, fields)
end

local function is_event(value, fields)
  return rawget(value, "ts_ns") ~= nil and rawget(value, "cpu") ~= nil and has_only(value, fields)
end

--- Of a table that is a row or a copied event: which, the names of its fields in order, and the kind.
--- Differences of rows have no mark: they are known by their fields.
--- @param value table @return string? what @return string[]? names @return table? kind
function M.record(value)
  local sessions, mark = loaded["shark.trace.session"], debug.getmetatable(value)
  if next(value) == nil then
    return nil
  end
  for _, kind in pairs(sessions and sessions.kinds or {}) do
    if mark == kind.row_type or not mark and is_row(value, kind.rows) then
      return "row", kind.order, kind
    elseif not mark and is_event(value, kind.events) then
      return "event", kind.names, kind
    end
  end
end

local function unit_in(fields, name)
  for _, field in ipairs(fields or {}) do
    if field[1] == name then
      return field.unit
    end
  end
end

--- The unit of a field of a kind's rows or events.
--- @param what string "row" or "event" @param kind table @param name string @return string?
function M.unit(what, kind, name)
  return unit_in(what == "row" and kind.rows or kind.events, name)
end

--- What a function is called where people look for it: "irq.hardirq", "session:on", "shark.exec".
--- @param fn function @return string?
function M.name_of(fn)
  for _, module in ipairs(require "shark.modules") do
    local held = loaded[module.name]
    for key, value in next, type(held) == "table" and held or {} do
      if value == fn then
        return ("%s.%s"):format(module.name:match("^shark%.(.*)$"), key)
      end
    end
  end
  local sessions = loaded["shark.trace.session"]
  for prefix, held in pairs { ["session:"] = sessions and sessions.Session or {}, ["shark."] = rawget(_G, "shark"),
    [""] = _G, ["string."] = string, ["table."] = table, ["math."] = math, ["io."] = io, ["os."] = os } do
    for key, value in next, held do
      if value == fn then
        return prefix .. tostring(key)
      end
    end
  end
end

return M
