--- What scripts share that are made of probes: keys from the command line, a table of what was
-- counted, lines of what was sent, each also as JSON.

local bit = require "bit"
local cli = require "shark.cli"
local out = require "shark.text.out"
local printing = require "shark.probe.printing"
local probe = require "shark.probe"
local rows_of = require "shark.rows"

local M = {}

-- ---- what users write ----

local is_builtin = {}
for _, name in ipairs(require("shark.probe.keys").BUILTINS) do
  is_builtin[name] = true
end

--- Keys as users write them: "comm", or "NAME=EXPRESSION" where the name may have a type ("file:text(64)=...").
--- @param list string[] @return string[] names as probe.count() takes them @return string[] expressions of Lua
function M.keys(list)
  local names, expressions = {}, {}
  for i, text in ipairs(list) do
    local name, expression = text:match("^([%w_:%(%)]+)=([^=].*)$")
    names[i], expressions[i] = name or text, expression or is_builtin[text] and text .. "()" or text
    names[i] = names[i]:match("^[%a_][%w_:%(%)]*$") and names[i] or names[i]:match("[%a_][%w_]*$") or "key" .. i
  end
  return names, expressions
end

-- Where in shark it was found out is of no use to users.
local function without_place(message)
  return (message:gsub("^[%w_/.]+%.lua:%d+: ", ""))
end

--- What a script counts in, by keys that users wrote; ends the script where they are none.
--- @param script string its name @param kind string "count" @param keys any[] as probe.count() takes them
--- @return shark.probe.Aggregate
function M.declare(script, kind, keys)
  local ok, made = pcall(probe[kind], unpack(keys))
  return ok and made or cli.fail(script, without_place((made:gsub("probe%.%l+: ", "", 1))))
end

-- Of a probe that a user named; ends the script where it has none.
local function asked_for(script, name)
  local ok, asked, message = pcall(probe.describe, name)
  return ok and asked or cli.fail(script, without_place(tostring(ok and message or asked)))
end

--- The names that a pattern of a user's matches; ends the script where there are none.
--- @param script string its name @param pattern string @return string[]
function M.names(script, pattern)
  local ok, names, message = pcall(probe.names, pattern)
  return ok and names or cli.fail(script, without_place(tostring(ok and message or names)))
end

-- Words that no argument of a handler can be called by.
local KEYWORDS = {}
for word in ("and break do else elseif end false for function goto if in local nil not or repeat return then true " ..
  "until while"):gmatch "%l+" do
  KEYWORDS[word] = true
end

--- What an argument is called in expressions: as in the kernel, or with a line behind where Lua keeps the word.
--- @param name string @return string
function M.argument(name)
  return KEYWORDS[name] and name .. "_" or name
end

-- An argument has its name where it is asked for; cpu() is the builtin, also where there is an argument `cpu`.
local function parameter(i, name, body, given)
  local word = "%f[%w_]" .. name .. "%f[^%w_]"
  local is_asked = body:find(word) and not body:find(word .. "%s*%(") and given[name] == nil
  return is_asked and name or "_" .. i
end

--- A handler of expressions that users wrote. Its arguments are called as those of the probe.
--- Ends the script where there is no such probe, or the expressions are no Lua.
--- @param script string its name @param name string of the probe @param body string statements of Lua
--- @param given? table<string, any> what the body refers to besides
--- @return function handler
function M.handler(script, name, body, given)
  given = given or {}
  local asked = asked_for(script, name)
  local arguments, names, values = {}, {}, {}
  for i, argument in ipairs(asked.arguments) do
    arguments[i] = parameter(i, M.argument(argument.name), body, given)
  end
  while arguments[1] and arguments[#arguments]:find "^_%d" do -- what is not asked for need not be there
    arguments[#arguments] = nil
  end
  for key, value in pairs(given) do
    names[#names + 1], values[#values + 1] = key, value
  end
  local head = #names > 0 and ("local %s = ... "):format(table.concat(names, ", ")) or ""
  local text = ("%sreturn function(%s) %s end"):format(head, table.concat(arguments, ", "), body)
  local chunk, message = loadstring(text, "=" .. script)
  return chunk and chunk(unpack(values)) or cli.fail(script, message)
end

--- Attaches probes for a script; ends it, with what is wrong, where that cannot be.
--- @param script string its name @param list table[] { {name, handler}, ... }
--- @return shark.probe.Session
function M.attach(script, list)
  local ok, session, message = pcall(probe.session, list)
  if not ok or not session then
    cli.fail(script, without_place(tostring(ok and message or session)))
  end
  return session
end

--- An address of four bytes in network order, as a number of this machine.
--- @param address integer @return string "192.0.2.1"
function M.ipv4(address)
  local bytes = {}
  for i = 0, 3 do
    bytes[i + 1] = ("%d"):format(bit.band(bit.rshift(address, i * 8), 255))
  end
  return table.concat(bytes, ".")
end

-- Of eight groups the longest row of zeroes: where it begins, and how many.
local function longest_zeroes(groups)
  local at, most, from = nil, 1, nil
  for i = 1, 9 do
    if groups[i] == 0 then
      from = from or i
      if i - from + 1 > most then
        at, most = from, i - from + 1
      end
    else
      from = nil
    end
  end
  return at, most
end

local function hexadecimal(groups, first, last)
  local parts = {}
  for i = first, last do
    parts[#parts + 1] = ("%x"):format(groups[i])
  end
  return table.concat(parts, ":")
end

--- An address of four words in network order, as RFC 5952 writes it.
--- @return string "2001:db8::1"
function M.ipv6(...)
  local groups = {}
  for _, word in ipairs { ... } do
    local swapped = bit.bswap(word)
    groups[#groups + 1], groups[#groups + 2] = bit.band(bit.rshift(swapped, 16), 0xffff), bit.band(swapped, 0xffff)
  end
  local at, n = longest_zeroes(groups)
  if not at then
    return hexadecimal(groups, 1, 8)
  end
  return hexadecimal(groups, 1, at - 1) .. "::" .. hexadecimal(groups, at + n, 8)
end

-- ---- a table ----

local function frames_of(row, agg)
  for _, key in ipairs(agg.keys) do
    local stack = row[key.name]
    row[key.name] = type(stack) == "table" and stack:frames() or stack
  end
  return row
end

local function since(agg, rows, before)
  local list = {}
  for _, row in ipairs(rows) do
    local delta = agg:since(row, before and before[agg:key(row)])
    if delta.count ~= 0 and delta.total ~= 0 then
      list[#list + 1] = delta
    end
  end
  return list
end

local MEASURED = { "rows", "left_out", "count", "total", "max", "min", "value", "p50", "p99", "hist", "lo", "hi" }

local function order_of(agg)
  local order = {}
  for i, key in ipairs(agg.keys) do
    order[i] = key.name
  end
  for _, name in ipairs(MEASURED) do
    order[#order + 1] = name
  end
  return order
end

local function as_json(agg, rows)
  for _, row in ipairs(rows) do
    frames_of(row, agg)
    row.p50, row.p99 = row.hist and row.hist:percentile(50), row.hist and row.hist:percentile(99)
  end
  return rows
end

--- Runs a script that prints what an aggregate has counted.
--- @param spec table name, options, session: as shark.cli.run() takes them; and
---   counted  shark.probe.Aggregate
---   title    string
---   filters  string[]?  as shark.cli.run() takes them
function M.run(spec)
  local agg, given = spec.counted, spec.options
  local columns = printing.columns(agg)
  cli.arranged(spec.name, given, columns, {}) -- before the trace: of a wrong column one learns now
  cli.run {
    name = spec.name, title = spec.title, filters = spec.filters, options = given, session = spec.session,
    order = order_of(agg),
    report = function(before)
      local rows, message = agg:read()
      if not rows then
        cli.fail(spec.name, message)
      end
      local list, left_out = cli.arranged(spec.name, given, columns, printing.most_first(agg, since(agg, rows, before)))
      return { rows = given.json and as_json(agg, list) or list, left_out = given.top and left_out or nil },
        rows_of.by_key(rows, function(row) return agg:key(row) end)
    end,
    show = function(what)
      local when = what.report == "interval" and os.date "%H:%M:%S" or ("%s, %.1f s"):format(spec.title, what.seconds)
      out.line("\n%s", when)
      out.table(columns, what.rows, {
        left_out = what.left_out, below = function(row) return printing.below(agg, row) end,
      })
      local bars = printing.bars(agg, what.rows)
      if bars ~= "" then
        out.lines(bars)
      end
    end,
  }
end

-- ---- lines ----

local function padded(columns, cell)
  local parts = {}
  for i, column in ipairs(columns) do
    local text, width = cell(column), column.width or 0
    parts[i] = i < #columns and ("%-" .. width .. "s"):format(text) or text
  end
  return table.concat(parts, " ")
end

local function text_of(column, record)
  local value = record[column.field]
  return value ~= nil and printing.value((column.format or function(v) return v end)(value)) or "-"
end

local function record_of(event)
  local record = event:copy()
  for name, value in pairs(record) do
    record[name] = getmetatable(value) and type(value) == "table" and value:frames() or value
  end
  return record
end

--- Runs a script that prints a line for each event.
--- @param spec table name, options, session: as shark.cli.run() takes them; and
---   columns  table[]  { title, field, width, format = fun(value) }
---   prepare  fun(record)?  changes what is printed of an event
---   what     string  what is counted at the end: "execs"
---   filters  string[]?  as shark.cli.run() takes them
function M.lines(spec)
  local count, recent, order = 0, 0, { "report" }
  for i, column in ipairs(spec.columns) do
    order[i + 1] = column.field
  end
  if not spec.options.json then
    out.line("%s", padded(spec.columns, function(column) return column.title end))
  end
  spec.session:on(function(event)
    local record = record_of(event)
    count, recent = count + 1, recent + 1
    if spec.prepare then
      spec.prepare(record)
    end
    if spec.options.json then
      record.report = "event"
      out.json(record, order)
    else
      out.line("%s", padded(spec.columns, function(column) return text_of(column, record) end))
    end
  end)
  cli.run {
    name = spec.name, title = spec.what, filters = spec.filters, options = spec.options, session = spec.session,
    order = { "count" },
    report = function(before)
      local report = { count = before and recent or count }
      recent = 0
      return report, before
    end,
    show = function(what) out.line("%d %s", what.count, spec.what) end,
  }
end

return M
