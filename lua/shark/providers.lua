--- What can be traced, how, and what it means: of each provider what the core knows
-- (ways, filters, features, tables) and what its tracer says of it (rows, events).

local core = require "shark.core.providers"
local session = require "shark.trace.session"

local M = {}

-- A tracer's module may define several providers: irte_intel and irte_amd are of irte.
local function tracer_of(provider)
  local found, message
  for _, name in ipairs { provider, provider:match("^(.*)_[^_]*$") } do
    found, message = pcall(require, "shark.tracers." .. name)
    if found or not message:find("module 'shark.tracers." .. name .. "' not found", 1, true) then
      break
    end
  end
  return found or error(message, 0)
end

local function field_of(field, default_type)
  return {
    name = field[1], text = field[2], type = field.type or default_type, unit = field.unit, is_key = field.key or false,
    sum = field.sum,
  }
end

local function rows_of(kind)
  local list = {}
  for _, field in ipairs(kind.rows) do
    list[#list + 1] = not field.inner and field_of(field, "integer") or nil
  end
  return list
end

-- Numbers of 64 bits are cdata; in events these are the times.
local function events_of(kind)
  local list = {}
  for i, field in ipairs(kind.events) do
    list[i] = field_of(field, field.unit == "ns" and "uint64_t" or "integer")
  end
  return list
end

local function losses_of(kind)
  local list = {}
  for i, loss in ipairs(kind.losses or {}) do
    list[i] = { field = loss[1], text = loss[3] }
  end
  return list
end

local function kind_of(name)
  tracer_of(name)
  return session.kinds[name] or error(("no tracer gives '%s' a meaning"):format(name))
end

local function describe(provider)
  local kind = kind_of(provider.name)
  local described = {
    about = kind.about, source = kind.source, call = kind.call, class = kind.class, has_audit = kind.audit ~= nil,
  }
  for name, value in pairs(provider) do
    described[name] = value
  end
  described.rows, described.events, described.losses = rows_of(kind), events_of(kind), losses_of(kind)
  return described
end

--- All that this shark can trace, by name.
--- @return table[] providers { name, about, source, call, class, ways = { "tp_btf", ... } (best first),
---   filters = { "irq", ... }, features = {{ name, by_default }}, rows and events = {{ name, text, type, unit?,
---   is_key, sum? }}, tables = {{ field, name, how }}, losses = {{ field, text }}, points = { WAY = {{ program,
---   point }} }, has_audit }
function M.list()
  local list = {}
  for i, provider in ipairs(core) do
    list[i] = describe(provider)
  end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end

local function names()
  local list = {}
  for i, provider in ipairs(core) do
    list[i] = provider.name
  end
  table.sort(list)
  return list
end

local function is_known(name)
  for _, provider in ipairs(core) do
    if provider.name == name then
      return true
    end
  end
  return false
end

--- Starts a trace by its provider's name; see shark.trace().
--- @param name string @param options? table
--- @return shark.Session? @return string? message @return string? name
function M.open(name, options)
  if not is_known(name) then
    error(("bad argument #1 to 'trace' (no tracer '%s'; there are: %s)"):format(tostring(name),
      table.concat(names(), ", ")), 3)
  end
  return kind_of(name).open(options)
end

return M
