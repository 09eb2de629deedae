--- What Tab can put behind what was typed. Looks only: no field of a session or of the kernel is read and
-- nothing is called, but modules of shark are loaded when they are named.

local at_hand = require "shark.prompt.at_hand"
local known = require "shark.prompt.known"
local out = require "shark.text.out"

local M = {}

local WIDTH, MOST = 79, 100
local KEYWORDS = { "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in",
  "local", "nil", "not", "or", "repeat", "return", "then", "true", "until", "while" }

-- ---- what a kernel object has, by its type alone ----

local function object_of(value)
  local objects = package.loaded["shark.kernel.object"]
  if not objects or type(value) ~= "table" then
    return nil
  elseif objects.is_object(value) then
    return value
  end
  local of = rawget(value, "of") -- of a variable
  return type(of) == "table" and objects.is_object(of) and of or nil
end

local function pointed_to(types, kind)
  if kind.kind == "pointer" or kind.kind == "array" then
    kind = types.target(kind)
  end
  return types.is_composite(kind) and kind or nil
end

-- The type at the end of the fields, which may be pointers, and its fields.
local function members(object, path)
  local types = require "shark.kernel.types"
  local at = pointed_to(types, require("shark.kernel.object").type(object))
  for _, name in ipairs(path) do
    local member = at and types.member(at, name)
    at = member and member.bits == 0 and pointed_to(types, member.type) or nil
  end
  return at and types.member_names(at) or {}
end

-- ---- values by their names ----

-- A global, or what stands in for it.
local function global(name)
  local value = rawget(_G, name)
  if value == nil then
    value = at_hand.make(name)
  end
  return value
end

-- "a.b[1].c" as its parts; nil where something else than names and numbers is in it.
local function parts_of(path)
  local parts = {}
  path = path:gsub("%[(%d+)%]", ".%1")
  for part in path:gmatch "[^.]+" do
    parts[#parts + 1] = tonumber(part) or part
  end
  return parts
end

-- The value at a path, or the kernel object on the way there with the rest of the path.
local function look_up(path)
  local parts = parts_of(path)
  local value = global(parts[1])
  for i = 2, #parts do
    if object_of(value) then
      local rest = {}
      for j = i, #parts do
        rest[#rest + 1] = type(parts[j]) == "string" and parts[j] or nil
      end
      return value, rest
    end
    value = known.get(value, parts[i])
  end
  return value, {}
end

local function fields_at(path)
  local value, rest = look_up(path)
  if object_of(value) then
    local names = members(object_of(value), rest)
    return #rest == 0 and rawget(value, "of") and { "value", "address", "type", unpack(names) } or names
  end
  return known.keys(value)
end

-- ---- rows and events of a session ----

local function kind_at(path)
  return path and known.kind_of_session((look_up(path)))
end

local function with_copy(names)
  return { "copy", unpack(names) }
end

local LOOP = "([%w_.]+)%s+in%s+i?pairs%s*%(?%s*([%w_.]+):read%(%)"
local HANDLER = "([%w_.]+):on%s*%(%s*function%s*%(%s*([%a_][%w_]*)"

-- Of a name that the chunk itself gives to rows or events.
local function named_in_chunk(text, name)
  for variable, session in text:gmatch(LOOP) do
    if variable == name and kind_at(session) then
      return kind_at(session).order
    end
  end
  for session, variable in text:gmatch(HANDLER) do
    if variable == name and kind_at(session) then
      return with_copy(kind_at(session).names)
    end
  end
end

local function fields_of(text, path)
  local session = path:match "^([%w_.]+):read%(%)%[%d+%]$"
  local kind = kind_at(session)
  return kind and kind.order or named_in_chunk(text, path) or fields_at(path)
end

-- ---- options ----

local function names_of(lists)
  local names = { "way" }
  for _, list in ipairs(lists) do
    for _, option in ipairs(list) do
      names[#names + 1] = option.name
    end
  end
  return names
end

-- Of a constructor, as its tracer tells.
local function options_of(path)
  local fn = look_up(path)
  for _, provider in ipairs(type(fn) == "function" and require("shark.providers").list() or {}) do
    if provider.call:find "^[%w_.]+$" and look_up(provider.call) == fn then
      local names = names_of { provider.filters, provider.features, provider.sizes }
      names[#names + 1] = provider.has_audit and "audit" or nil
      return names
    end
  end
  return {}
end

-- ---- texts ----

-- Names of the kernel's data, with this beginning.
local function symbols(prefix)
  local file = io.open "/proc/kallsyms"
  local text = file and file:read "*a" or ""
  if file then
    file:close()
  end
  local names, seen = {}, {}
  local pattern = "\n%x+ [bBdDrRvVA] (" .. prefix:gsub("%W", "%%%0") .. "[^%s]*)"
  for name in text:gmatch(pattern) do
    if not seen[name] then
      names[#names + 1], seen[name] = name, true
    end
  end
  return names
end

local function modules()
  local names = {}
  for i, module in ipairs(require "shark.modules") do
    names[i] = module.name
  end
  return names
end

local function providers()
  local names = {}
  for i, provider in ipairs(require("shark.providers").list()) do
    names[i] = provider.name
  end
  return names
end

local function topics()
  return require("shark.prompt.help").topics()
end

-- By the last name of the function whose first argument the text is.
local TEXTS = {
  { "^var$", symbols }, { "^address$", symbols }, { "^per_cpu$", symbols }, { "^requir", modules },
  { "^trace$", providers }, { "^help$", topics },
}

local function texts_for(name, prefix)
  for _, entry in ipairs(TEXTS) do
    if name:find(entry[1]) then
      return entry[2](prefix)
    end
  end
  return {}
end

-- ---- where the cursor is ----

local function in_text(text)
  local name, _, prefix = text:match "([%a_][%w_]*)%s*%(?%s*([\"'])([%w_.]*)$"
  if name then
    return prefix, texts_for(name, prefix)
  end
end

local function in_options(text)
  local path, before, prefix = text:match "([%a_][%w_.]*)%s*%(?%s*{([^{}]-)([%a_]?[%w_]*)$"
  if path and before:find "^%s*$" or path and before:find "[,;]%s*$" then
    return prefix, options_of(path)
  end
end

local function in_method(text)
  local path, prefix = text:match "([%a_][%w_.%[%]]*):([%w_]*)$"
  if path then
    return prefix, known.keys((look_up(path)), "function")
  end
end

local function in_field(text)
  local path, prefix = text:match "([%a_][%w_.%[%]:()]*)%.([%w_]*)$"
  if path then
    return prefix, fields_of(text, path)
  end
end

local function in_name(text)
  local names = known.keys(_G)
  for _, list in ipairs { at_hand.names(), KEYWORDS } do
    for _, name in ipairs(list) do
      names[#names + 1] = name
    end
  end
  return text:match "([%a_][%w_]*)$" or text:match "^%s*$" and "" or nil, names
end

-- An odd number of quotes: within a text.
local function is_in_text(text)
  local line = text:match "[^\n]*$":gsub("\\.", "")
  local quote
  for c in line:gmatch "[\"']" do
    if not quote then
      quote = c
    elseif quote == c then
      quote = nil
    end
  end
  return quote ~= nil
end

local function at_cursor(text)
  if is_in_text(text) then
    return in_text(text)
  end
  for _, look in ipairs { in_options, in_method, in_field, in_name } do
    local prefix, names = look(text)
    if prefix and (look ~= in_options or #names > 0) then
      return prefix, names
    end
  end
end

-- ---- the answer ----

local function matching(prefix, names)
  local list, seen = {}, {}
  for _, name in ipairs(names) do
    if name:sub(1, #prefix) == prefix and not seen[name] then
      list[#list + 1], seen[name] = name, true
    end
  end
  table.sort(list)
  return list
end

local function common(list)
  local text = list[1] or ""
  for _, name in ipairs(list) do
    while name:sub(1, #text) ~= text do
      text = text:sub(1, -2)
    end
  end
  return text
end

--- Names in columns, read downwards.
--- @param list string[] @return string[] lines
function M.columns(list)
  local widest, lines = 1, {}
  for _, name in ipairs(list) do
    widest = math.max(widest, #name)
  end
  local columns = math.max(1, math.floor((WIDTH + 2) / (widest + 2)))
  local rows = math.ceil(#list / columns)
  for row = 1, rows do
    local parts = {}
    for i = row, #list, rows do
      parts[#parts + 1] = list[i] .. (" "):rep(widest - #list[i])
    end
    lines[row] = table.concat(parts, "  "):gsub("%s+$", "")
  end
  return lines
end

local function print_list(list)
  local more = #list - MOST
  local shown = { unpack(list, 1, MOST) }
  out.lines(M.columns(shown))
  if more > 0 then
    out.line("... and %d more", more)
  end
end

local function answer(text)
  local prefix, names = at_cursor(text)
  local list = prefix and matching(prefix, names) or {}
  local more = common(list):sub(#(prefix or "") + 1)
  if more == "" and #list > 1 then
    print_list(list)
  end
  return more
end

--- What goes behind the text up to the cursor; where there are several, prints them if nothing does.
--- @param text string @return string
function M.at(text)
  local ok, more = pcall(answer, text)
  return ok and more or ""
end

return M
