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

local function losses_of(provider)
  local list = {}
  for i, loss in ipairs(provider.losses) do
    list[i] = { field = loss.field, text = loss.several, advice = loss.advice, is_own = loss.is_own }
  end
  return list
end

local function kind_of(name)
  tracer_of(name)
  return session.kinds[name] or error(("no tracer gives '%s' a meaning"):format(name))
end

-- ---- what may be asked for ----

-- A tracer's module may take another name or type than the core, and say more of it.
local function option_of(kind, option, default_type)
  local as = kind.options and kind.options[option.name] or {}
  return {
    name = as.name or option.name, text = as.text or option.text, type = as.type or default_type,
    default = option.by_default,
  }
end

local function options_of(kind, options, default_type)
  local list = {}
  for i, option in ipairs(options) do
    list[i] = option_of(kind, option, default_type)
  end
  return list
end

local function sizes_of(provider)
  local list = {}
  for i, size in ipairs(provider.sizes) do
    local usual = size.usual > 0 and size.usual or nil
    list[i] = {
      name = size.name, text = "room for " .. size.text .. (usual and "" or "; unless given, as this machine needs"),
      type = "integer", default = usual,
    }
  end
  return list
end

local function has(list, name)
  for _, entry in ipairs(list) do
    if entry.name == name then
      return true
    end
  end
  return false
end

local function describe(provider)
  local kind = kind_of(provider.name)
  local described = {
    name = provider.name, title = kind.title or kind.call, about = kind.about,
    source = kind.source, call = kind.call, class = kind.class,
    ways = provider.ways, points = provider.points,
    filters = options_of(kind, provider.filters, "integer"),
    features = options_of(kind, provider.features, "boolean"),
    sizes = sizes_of(provider),
    has_stacks = has(provider.features, "stacks"), has_audit = kind.audit ~= nil,
  }
  described.rows, described.events, described.losses = rows_of(kind), events_of(kind), losses_of(provider)
  return described
end

local function sorted_names()
  local list = core.names()
  table.sort(list)
  return list
end

--- All that this shark can trace, by name.
--- What may be asked for when a trace is opened are the options `filters`, `features` and `sizes`,
--- each { name, text, type, default? }, besides `way` and, with has_audit, `audit`. Which ways this
--- kernel allows is known only when one was tried: see how() of a session.
--- @return table[] providers { name, title, about, source, call, class, ways = { "tp_btf", ... } (best first),
---   filters, features, sizes, has_stacks, has_audit, rows and events = {{ name, text, type, unit?,
---   is_key, sum? }}, losses = {{ field, text, advice?, is_own }} (is_own: not of every trace),
---   points = { WAY = {{ program, point }} } }
function M.list()
  local list = {}
  for i, name in ipairs(sorted_names()) do
    list[i] = describe(core.describe(name))
  end
  return list
end

local function ways_of(name)
  return core.ways(name) or error(("no tracer '%s'"):format(tostring(name)), 3)
end

--- The ways to attach what is named, each once; those of one tracer best first.
--- @param names string|string[] names of list() @return string[]
function M.ways(names)
  if type(names) ~= "table" and type(names) ~= "string" then
    error("bad argument #1 to 'ways' (name or list of names expected)", 2)
  end
  local list, known = {}, {}
  for _, name in ipairs(type(names) == "table" and names or { names }) do
    for _, way in ipairs(ways_of(name)) do
      list[#list + 1] = not known[way] and way or nil
      known[way] = true
    end
  end
  return list
end

--- A way, if what is named can be attached so, or nil: what a script that opens several traces
--- hands to each of them.
--- @param name string of list() @param way? string @return string? way
function M.way_of(name, way)
  for _, known in ipairs(ways_of(name)) do
    if known == way then
      return way
    end
  end
end

--- Starts a trace by its provider's name; see shark.trace().
--- @param name string @param options? table
--- @return shark.Session? @return string? message @return string? name
function M.open(name, options)
  if not core.ways(name) then
    error(("bad argument #1 to 'trace' (no tracer '%s'; there are: %s)"):format(tostring(name),
      table.concat(sorted_names(), ", ")), 2)
  end
  return kind_of(name).open(options)
end

return M
