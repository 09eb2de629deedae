--- The one vocabulary of options of packaged scripts: a letter, a name and a meaning each, the same in every
-- script. A script says by name which it takes; what only one script can take has a long name of its own.

local terminal = require "shark.text.terminal"

local M = {}

-- A timer counts milliseconds, and nobody waits for longer than thirty years.
local LEAST_SECONDS, MOST_SECONDS = 0.001, 1e9
local MOST_NUMBER = 2 ^ 32 - 1

-- Digits only: tonumber() also knows "nan", "inf", "1e400" and "0x10".
local function within(text, pattern, least, most)
  local n = text:match(pattern) and tonumber(text)
  return n and n >= least and n <= most and n or nil
end

--- Converter for options that take seconds.
--- @param text string @return number? @return string? message
function M.seconds(text)
  local n = within(text, "^%d*%.?%d*$", LEAST_SECONDS, MOST_SECONDS)
  if not n then
    return nil, ("'%s' is not a number of seconds from %s to %.0f"):format(text, LEAST_SECONDS, MOST_SECONDS)
  end
  return n
end

--- Converter for options that take a number of the kernel's (IRQ, CPU, vector), or another whole number.
--- @param text string @return number? @return string? message
function M.number(text)
  local n = within(text, "^%d+$", 0, MOST_NUMBER)
  if not n then
    return nil, ("'%s' is not a whole number from 0 to %.0f"):format(text, MOST_NUMBER)
  end
  return n
end

--- The vocabulary: { name, short?, argument? (none: a flag), convert?, repeats? (may be given several times), text,
--- act? (what giving it does), filters? (it lets only some things through) }.
--- @type table[]
M.list = {
  -- what is looked at
  { name = "irq", short = "i", argument = "IRQ", convert = M.number, filters = true, text = "This IRQ only." },
  { name = "cpu", short = "c", argument = "CPU", convert = M.number, filters = true, text = "This CPU only." },
  { name = "softirq", short = "s", argument = "SOFTIRQ",
    filters = true, text = "This softirq only: NET_RX, TIMER, ..., or its number." },
  { name = "vector", argument = "VECTOR", convert = M.number, filters = true, text = "This vector only." },
  { name = "disk", short = "D", argument = "DISK", filters = true, text = "This disk only, e.g. vda." },
  { name = "pid", short = "p", argument = "PID", convert = M.number,
    filters = true, text = "Threads of this process only." },
  { name = "kind", argument = "KIND", repeats = true, filters = true, text = "Of this kind only; may be repeated." },
  { name = "us", short = "u", argument = "US", convert = M.number,
    filters = true, text = "Only what took so many microseconds or more." },
  { name = "where", short = "w", argument = "EXPRESSION",
    filters = true,
    text = "Only where this is true, an expression of Lua with the probe's arguments: 'rq.__data_len > 4096'." },
  { name = "all", short = "a", text = "Also what is left out otherwise." },
  -- what is told of it
  { name = "key", short = "k", argument = "KEY", repeats = true,
    text = "A row for each value of this; may be repeated." },
  { name = "field", short = "f", argument = "FIELD", repeats = true, text = "Print this of each; may be repeated." },
  { name = "hist", text = "Print a histogram of each row." },
  { name = "stack", text = "With the kernel stack of each." },
  -- how long, and how
  { name = "duration", short = "d", argument = "SECONDS", convert = M.seconds, text = "End after this many seconds." },
  { name = "interval", short = "n", argument = "SECONDS", convert = M.seconds,
    text = "Print what happened every so many seconds; the total at the end." },
  { name = "way", argument = "WAY", text = "Attach this way only." },
  -- how it is shown
  { name = "sort", argument = "COLUMN",
    text = "Rows by this column, by its title or its field's name: the largest first." },
  { name = "top", argument = "N", convert = M.number, text = "Only so many rows; how many there are besides is said." },
  { name = "wide", text = "Columns and lines that are wider than the terminal, too.", act = terminal.widen },
  { name = "json", text = "Print JSON: one object, or one per line." },
  { name = "svg", argument = "FILE", text = "Draw a picture into this file, as SVG." },
}

--- The vocabulary by name.
--- @type table
M.by_name = {}
for _, entry in ipairs(M.list) do
  M.by_name[entry.name] = entry
end

-- name -> what the script takes where nobody gives the option.
local defaults = {}

-- "-i --irq", as argparse takes it.
local function aliases(entry)
  return (entry.short and "-" .. entry.short .. " " or "") .. "--" .. entry.name
end

local function acting(act)
  return function(result, target)
    result[target] = true
    act()
  end
end

-- Nil stands for what argparse does by itself.
local function declare(parser, entry, own)
  local text = own.more and entry.text .. " " .. own.more or entry.text
  local add = entry.argument and parser.option or parser.flag
  local option = add(parser, aliases(entry), text) {
    argname = entry.argument, convert = own.convert or entry.convert, choices = own.choices, default = own.default,
    count = entry.repeats and "*" or nil, action = entry.act and acting(entry.act) or nil,
  }
  option.shared = entry.name
  defaults[entry.name] = own.default
  return option
end

--- Adds options of the vocabulary to a parser.
--- @param parser table of shark.cli.parser()
--- @param wanted table[] names; or { name, more = "said of it besides", choices = {...}, convert = function,
---   default = value }
--- @return any ... the options, as argparse has them
function M.add(parser, wanted)
  local added = {}
  for i, own in ipairs(wanted) do
    own = type(own) == "table" and own or { own }
    local entry = M.by_name[own[1]] or error(("no option '%s' in the vocabulary"):format(tostring(own[1])), 2)
    added[i] = declare(parser, entry, own)
  end
  return unpack(added)
end

-- ---- filters ----

local function spelled(name, value)
  local entry = M.by_name[name]
  local option = entry and entry.short and "-" .. entry.short or "--" .. name
  return type(value) == "table" and option .. " " .. table.concat(value, " " .. option .. " ") or option .. " " .. value
end

local function is_asked_for(name, value)
  return value ~= nil and tostring(value) ~= defaults[name] and (type(value) ~= "table" or #value > 0)
end

--- What was asked for that lets only some things through, as it is given: "-i 30 -c 1".
--- @param given table what the command line says
--- @param own? string[] names of such options that are not of the vocabulary
--- @return string text "" for nothing
function M.filters(given, own)
  local parts, names = {}, {}
  for i, entry in ipairs(M.list) do
    names[i] = entry.filters and entry.name or ""
  end
  for _, list in ipairs { names, own or {} } do
    for _, name in ipairs(list) do
      parts[#parts + 1] = is_asked_for(name, given[name]) and spelled(name, given[name]) or nil
    end
  end
  return table.concat(parts, " ")
end

return M
