--- Writes what tracers say of themselves: docs/reference.md for readers, and the types of
-- options, rows and events for editors, lua/shark/_meta/tracers.lua.
-- usage: build/shark docs/reference.lua          writes both
--        build/shark docs/reference.lua --check  fails if what is there is another

package.path = arg[0]:gsub("[^/]+$", "?.lua;") .. package.path
local written = require "written"

local MARKDOWN, TYPES = "docs/reference.md", "lua/shark/_meta/tracers.lua"

-- In the order of an interrupt's way; others come after them, by name.
local FIRST = { "hardirq", "irqthread", "softirq", "vector", "ipi", "vecalloc", "irte_intel", "affinity",
  "fault_intel", "virtblk" }
-- They differ from the ones above in their ways only.
local TWINS = { irte_intel = "irte_amd", fault_intel = "fault_amd" }

local HOW_JOINED = { add = "sum", max = "largest", hist = "joined", ["by name"] = "sum by name" }

local function in_order(providers)
  local by_name, list, taken = {}, {}, {}
  for _, provider in ipairs(providers) do
    by_name[provider.name] = provider
  end
  for _, name in ipairs(FIRST) do
    list[#list + 1], taken[name] = by_name[name], true
    if TWINS[name] then
      by_name[name].twin, taken[TWINS[name]] = by_name[TWINS[name]], true
    end
  end
  for _, provider in ipairs(providers) do
    list[#list + 1] = not taken[provider.name] and provider or nil
  end
  return list
end

-- ---- for readers ----

local function code(names)
  local parts = {}
  for i, name in ipairs(names) do
    parts[i] = "`" .. name .. "`"
  end
  return #parts > 0 and table.concat(parts, ", ") or "none"
end

local function cell(text)
  return (text:gsub("|", "\\|"))
end

local function type_of(field)
  return field.unit and ("%s, %s"):format(field.type, field.unit) or field.type
end

local function table_of_rows(fields)
  local lines = { "| row | type, unit | joined rows | |", "|---|---|---|---|" }
  for _, field in ipairs(fields) do
    lines[#lines + 1] = ("| `%s` | %s | %s | %s |"):format(field.name, cell(type_of(field)),
      field.is_key and "key" or HOW_JOINED[field.sum] or "", cell(field.text))
  end
  return table.concat(lines, "\n")
end

local function table_of_events(fields)
  local lines = { "| event | type, unit | |", "|---|---|---|" }
  for _, field in ipairs(fields) do
    lines[#lines + 1] = ("| `%s` | %s | %s |"):format(field.name, cell(type_of(field)), cell(field.text))
  end
  return table.concat(lines, "\n")
end

-- All that the public function takes.
local function options_of(provider)
  local list = {}
  for _, options in ipairs { provider.filters, provider.features, provider.sizes } do
    for _, option in ipairs(options) do
      list[#list + 1] = option
    end
  end
  if provider.has_audit then
    list[#list + 1] = { name = "audit", text = "note what the kernel counts, for audit()", type = "boolean",
      default = false }
  end
  return list
end

local function table_of_options(provider)
  local lines = { "| option | type | default | |", "|---|---|---|---|" }
  for _, option in ipairs(options_of(provider)) do
    lines[#lines + 1] = ("| `%s` | %s | %s | %s |"):format(option.name, cell(option.type),
      option.default == nil and "" or tostring(option.default), cell(option.text))
  end
  return table.concat(lines, "\n")
end

local function ways_of(provider)
  if not provider.twin then
    return code(provider.ways)
  end
  return ("%s (Intel), %s (AMD)"):format(code(provider.ways), code(provider.twin.ways))
end

local function table_of_losses(provider, is_own)
  local lines = { "| `loss()` | | what helps |", "|---|---|---|" }
  for _, loss in ipairs(provider.losses) do
    if loss.is_own == is_own then
      lines[#lines + 1] = ("| `%s` | %s | %s |"):format(loss.field, cell(loss.text), loss.advice or "")
    end
  end
  return #lines > 2 and table.concat(lines, "\n") .. "\n\n" or ""
end

local function section(provider)
  return ([[
## `%s`

%s
Source: %s.

Option `way`, best first: %s.

%s

%s%s

%s
]]):format(provider.call, provider.about, provider.source, ways_of(provider), table_of_options(provider),
    table_of_losses(provider, true), table_of_rows(provider.rows), table_of_events(provider.events))
end

local function markdown(providers)
  local parts = { [[
# What can be traced: options, rows and events

Written by `make reference` from the tables that the tracers have of themselves (`core/tracers/NAME/NAME.c` and
`NAME.lua`); `shark.providers()` gives the same to a script. The [guide](scripting.md) says how to use them.

What a function takes is in its table of options; filters are checked in the kernel, and what is not given lets all
pass. Which of its ways the kernel allows shows when one is tried: `how()` of the session says so.

A row of `read()` stands for what was counted under one key. Rows that agree in their keys become one; the column
"joined rows" says how. Times of events (`ts_ns`) and lengths (`ns`) are `uint64_t`; `tonumber()` makes them numbers.
A type that ends in `?` can be nil.

Every trace counts what it lost in these fields of `loss()`; tables that only some traces have are in their sections.
`map_full` is the sum of those that end in `_full`; `torn_rows`, of rows that something was counted in whenever read.

]] .. table_of_losses(providers[1], false) }
  for _, provider in ipairs(providers) do
    parts[#parts + 1] = section(provider)
  end
  return table.concat(parts, "\n")
end

-- ---- for editors ----

local function class(name, parent, fields, about)
  local lines = { ("---@class shark.%s%s %s"):format(name, parent and " : shark." .. parent or "", about) }
  for _, field in ipairs(fields) do
    local text = field.unit and ("%s (%s)"):format(field.text, field.unit) or field.text
    local type = field.type:gsub("uint64_t%[2%]", "ffi.cdata*|integer[]"):gsub("uint64_t", "ffi.cdata*")
    lines[#lines + 1] = ("---@field %s %s %s"):format(field.name, type, text)
  end
  return table.concat(lines, "\n") .. "\n"
end

local TORN = {
  name = "torn", type = "true?", text = "counted in each time it was looked at: figures may differ by one",
}

-- The ways of both, for those that are chosen by the machine's vendor.
local function type_of_way(provider)
  local names, known = {}, {}
  for _, ways in ipairs { provider.ways, provider.twin and provider.twin.ways } do
    for _, way in ipairs(ways) do
      names[#names + 1] = not known[way] and ("%q"):format(way) or nil
      known[way] = true
    end
  end
  return table.concat(names, "|")
end

local function class_of_options(provider)
  local fields = { { name = "way?", type = type_of_way(provider), text = "this way of attaching only" } }
  for _, option in ipairs(options_of(provider)) do
    local text = option.default ~= nil and ("%s (%s)"):format(option.text, tostring(option.default)) or option.text
    fields[#fields + 1] = { name = option.name .. "?", type = option.type, text = text }
  end
  return class(provider.class .. "Options", nil, fields, "of " .. provider.call)
end

local function types(providers)
  local parts = { "---@meta\n-- Options, rows and events of the tracers; written by make reference.\n" }
  for _, provider in ipairs(providers) do
    local rows = { unpack(provider.rows) }
    rows[#rows + 1] = TORN
    parts[#parts + 1] = class_of_options(provider)
    parts[#parts + 1] = class(provider.class .. "Row", nil, rows, "of " .. provider.call)
    parts[#parts + 1] = class(provider.class .. "Event", "Event", provider.events, "of " .. provider.call)
  end
  return table.concat(parts, "\n")
end

local providers = in_order(shark.providers())
written.write_or_check({ [MARKDOWN] = markdown(providers), [TYPES] = types(providers) },
  "the tracers say of themselves")
