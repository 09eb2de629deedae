--- help() at the prompt: what the documentation says of a function, a module or a packaged script.

local foreign = require "shark.text.foreign"
local known = require "shark.prompt.known"
local manual = require "shark.manual"
local out = require "shark.text.out"
local reference = require "shark.prompt.reference"
local wrap = require "shark.text.wrap"

local M = {}

local WIDTH = 78

local GENERAL = [[
Lines of Lua. An expression prints its value; a chunk runs when it is whole.

  Tab        completes names, options, fields and symbols
  Up, Down   what was typed before
  Ctrl-R     searches that
  Ctrl-C     ends what runs, or gives up the line
  Ctrl-D     leaves, as exit does

  help(irq.hardirq)   what the reference says of a function
  help "irq"          of a module
  help "irqmap"       of a packaged script (shark --list lists them)

At hand are irq, kernel, irqmap, iommu, remap, affinity, virtblk and probe;
these can be required:]]

-- ---- text in columns ----

local function wrapped(text, indent, lines)
  for _, line in ipairs(wrap.lines(text, WIDTH - #indent)) do
    lines[#lines + 1] = indent .. line
  end
end

local function add_lines(lines, text)
  for line in (text .. "\n"):gmatch "([^\n]*)\n" do
    lines[#lines + 1] = line
  end
end

-- A name, and behind it its text, in a column of its own.
local function add_entry(lines, name, text, column)
  local body = {}
  wrapped(text, (" "):rep(column), body)
  local label = "  " .. name
  if #label + 2 > column then
    lines[#lines + 1] = label
  else
    body[1] = label .. body[1]:sub(#label + 1)
  end
  for _, line in ipairs(body) do
    lines[#lines + 1] = line
  end
end

-- ---- functions ----

local TABLES = {
  { "options:", { "filters", "features", "sizes" } }, { "rows of read():", { "rows" } }, { "events:", { "events" } },
}

local function words_of(field)
  local type = field.unit and ("%s, %s"):format(field.type, field.unit) or field.type
  local default = field.default ~= nil and ("; default %s"):format(tostring(field.default)) or ""
  return ("%s (%s%s)"):format(field.text, type, default)
end

local function add_provider(lines, provider)
  wrapped(provider.about, "", lines)
  wrapped("Source: " .. provider.source .. ".", "", lines)
  wrapped("Ways, best first: " .. table.concat(provider.ways, ", "), "", lines)
  for _, part in ipairs(TABLES) do
    lines[#lines + 1] = ""
    lines[#lines + 1] = part[1]
    for _, list in ipairs(part[2]) do
      for _, field in ipairs(provider[list]) do
        add_entry(lines, field.name, words_of(field), 20)
      end
    end
  end
end

local function provider_of(name)
  for _, provider in ipairs(require("shark.providers").list()) do
    if provider.call == name or provider.name == name then
      return provider
    end
  end
end

local function add_function(lines, name)
  add_lines(lines, reference[name] or name)
  local provider = provider_of(name)
  if provider then
    lines[#lines + 1] = ""
    add_provider(lines, provider)
  end
end

-- ---- modules ----

local function functions_of(module)
  local names = {}
  for name in pairs(reference) do
    if name:match "^(.*)[.:][^.:]*$" == module then
      names[#names + 1] = name
    end
  end
  table.sort(names)
  return names
end

-- The first sentence of what is said of a function.
local function summary_of(name)
  return reference[name]:match "\n([^@\n][^\n]*)" or ""
end

local function add_module(lines, name, text)
  lines[#lines + 1] = text and ("shark.%s: %s"):format(name, text) or name
  for _, each in ipairs(functions_of(name)) do
    add_entry(lines, each, summary_of(each), 30)
  end
end

local function module_text(name)
  for _, module in ipairs(require "shark.modules") do
    if module.name == "shark." .. name or module.name == name then
      return module.text
    end
  end
end

-- ---- all of it ----

--- What there is help on, by name.
--- @return string[]
function M.topics()
  local names = manual.names()
  for _, module in ipairs(require "shark.modules") do
    names[#names + 1] = module.name:match "^shark%.(.*)$"
  end
  for name in pairs(reference) do
    names[#names + 1] = name
  end
  return names
end

local function add_general(lines)
  add_lines(lines, GENERAL)
  for _, module in ipairs(require "shark.modules") do
    add_entry(lines, module.name, module.text, 24)
  end
end

local function add_named(lines, name)
  local page = manual.page(name)
  for _, line in ipairs(page and manual.lines(page, WIDTH) or {}) do
    lines[#lines + 1] = line
  end
  local short = name:gsub("^shark%.", "")
  if module_text(short) then
    lines[#lines + 1] = page and "" or nil
    add_module(lines, short, module_text(short))
  elseif reference[name] or reference[short] or provider_of(name) then
    add_function(lines, reference[name] and name or short)
  elseif not page then
    lines[#lines + 1] = ("there is no help on '%s'; help() says what there is help on"):format(name)
  end
end

local function module_of(value)
  for name, module in pairs(package.loaded) do
    if module == value and module_text(name) then
      return name
    end
  end
end

local function add_value(lines, value)
  local kind = known.kind_of_session(value)
  local name = type(value) == "function" and known.name_of(value) or module_of(value)
  if kind then
    add_module(lines, "session")
  elseif type(value) == "function" and name then
    add_function(lines, name)
  elseif name then
    add_named(lines, name)
  else
    lines[#lines + 1] = ("a %s; help() says what there is help on"):format(type(value))
  end
end

--- Prints what is known of a function, a module, a session, or of what is named: a packaged script, a
--- module, a function. Without an argument, how the prompt is used.
--- @param ... any
function M.show(...)
  local lines, what = {}, ...
  if select("#", ...) == 0 then
    add_general(lines)
  elseif type(what) == "string" then
    add_named(lines, what)
  else
    add_value(lines, what)
  end
  out.lines(foreign.lines(table.concat(lines, "\n")))
end

return M
