--- What packaged scripts have in common: options, the live table, JSON, and the
-- lines at the end that say how the trace was attached and what it lost.

local argparse = require "argparse"
local json = require "shark.text.json"
local ledger = require "shark.text.ledger"
local out = require "shark.text.out"
local providers = require "shark.providers"
local schedule = require "shark.schedule"

local M = {}

local EXIT_USAGE = 2

-- A timer counts milliseconds, and nobody waits for longer than thirty years.
local LEAST_SECONDS, MOST_SECONDS = 0.001, 1e9
local MOST_NUMBER = 2 ^ 32 - 1

-- Digits only: tonumber() also knows "nan", "inf", "1e400" and "0x10".
local function within(text, pattern, least, most)
  local n = text:match(pattern) and tonumber(text)
  return n and n >= least and n <= most and n or nil
end

--- Converter for options that take seconds.
--- @return number? @return string? message
function M.seconds(text)
  local n = within(text, "^%d*%.?%d*$", LEAST_SECONDS, MOST_SECONDS)
  if not n then
    return nil, ("'%s' is not a number of seconds from %s to %.0f"):format(text, LEAST_SECONDS, MOST_SECONDS)
  end
  return n
end

--- Converter for options that take a number of the kernel's (IRQ, CPU, vector),
--- or another whole number.
--- @return number? @return string? message
function M.number(text)
  local n = within(text, "^%d+$", 0, MOST_NUMBER)
  if not n then
    return nil, ("'%s' is not a whole number from 0 to %.0f"):format(text, MOST_NUMBER)
  end
  return n
end

--- A parser with --help, and --json if the script traces; a wrong command line
--- ends the script with status 2.
--- @param name string of the script @param description string
function M.parser(name, description)
  local parser = argparse("shark " .. name, description)
  parser:help_max_width(80)
  function parser:error(message)
    out.complain("shark %s: %s\n%s", name, message, self:get_usage())
    os.exit(EXIT_USAGE)
  end
  return parser
end

--- Adds the options of a script that runs for a while.
function M.add_run_options(parser)
  parser:option("-d --duration", "End after this many seconds."):argname("SECONDS"):convert(M.seconds)
  parser:option("-n --interval", "Print what happened every so many seconds; the total at the end.")
    :argname("SECONDS"):convert(M.seconds)
  parser:flag("--json", "Print one JSON object, with -n one per line and interval.")
  parser:argument("command", "Command to run meanwhile, after '--'; the trace ends with it.")
    :args("*")
  return parser
end

--- Adds the options of a script that traces for a while: those, and --way.
--- @param traced string|string[] what it traces, by the names of shark.providers(): whose ways --way can name
function M.add_trace_options(parser, traced)
  parser:option("--way", "Attach this way only."):argname("WAY"):choices(providers.ways(traced))
  return M.add_run_options(parser)
end

--- Ends the script with a message on standard error and status 1.
--- @param name string of the script @param message string
function M.fail(name, message)
  out.complain("shark %s: %s", name, message)
  os.exit(1)
end

--- JSON text of a value, fields in the order given, then the others by name; see shark.text.json.
--- @param value any @param order? string[] @return string
M.json = json.encode

-- The command's own status is the user's to see.
local function note_status(name, child)
  if child and child.status and (child.status ~= 0 or child.signal ~= 0) then
    local how = child.signal ~= 0 and ("signal " .. child.signal) or ("status " .. child.status)
    out.complain("shark %s: the command ended with %s", name, how)
  end
end

-- ---- the end: how it was attached, what it lost ----

-- What a script's sessions say of themselves; one table each, for JSON.
local function ending_of(session)
  local how, loss = session:how(), session:loss()
  return { how = how, loss = loss, audit = session.audit_start and session:audit() or nil }
end

local function print_ending(name, ending)
  local prefix = name and name .. ": " or ""
  for _, line in ipairs(ledger.lines(ending.how, ending.loss, ending.audit)) do
    out.line("%s%s", prefix, line)
  end
end

-- One session: fields of the report itself. Several: by name.
local function add_ending(report, name, ending)
  local into = report
  if name then
    report.sessions = report.sessions or {}
    report.sessions[name] = report.sessions[name] or {}
    into = report.sessions[name]
  end
  into.attached, into.lost, into.audit = ending.how, ending.loss, ending.audit
end

local function each_session(trace, visit)
  if trace.session then
    visit(nil, trace.session)
  end
  for _, entry in ipairs(trace.sessions or {}) do
    visit(entry.name, entry.session)
  end
end

-- ---- running ----

local LAST = { "attached", "way", "forced", "refused", "skipped", "lost", "audit", "sessions" }

local function order_of(trace)
  local order = { "report", "seconds" }
  for _, list in ipairs { trace.order or {}, LAST } do
    for _, field in ipairs(list) do
      order[#order + 1] = field
    end
  end
  return order
end

-- What keeps the trace going until it ends.
local function start_command(trace, seconds, command)
  if #command > 0 then
    local child, message = shark.exec(unpack(command))
    if not child then
      M.fail(trace.name, message)
    end
    return child
  end
  if not seconds then
    -- Nothing else keeps the loop alive until the user interrupts.
    set_interval(function() end, 3600 * 1000)
  end
end

--- Runs a trace as its options say: until the duration is over, the command has
--- ended or the user interrupts; prints each interval and the total. Times count
--- from this call: what is traced is attached by then.
--- @param trace table
---   name     string  of the script
---   options  table   parsed, see add_trace_options()
---   session  shark.Session, or sessions = { {name, session}, ... }
---   report   fun(before, seconds): table, any  what to say, as JSON-ready table, and
---            what to be given as before in the next interval, {} in the first;
---            seconds is the time since then. For the total, before is nil and
---            seconds the time of the whole trace
---   show     fun(report)  prints it as text
---   order    string[]  of the fields in JSON
function M.run(trace)
  local options = trace.options
  local order = order_of(trace)
  local start = schedule.now()
  local before, last = {}, start
  local child

  local function emit(kind, report, now)
    report.report = kind
    report.seconds = now - start
    if options.json then
      out.json(report, order)
    else
      trace.show(report)
    end
  end

  shark.on_end(function()
    each_session(trace, function(_, session) session:stop() end)
    local now = schedule.now()
    local report, endings = trace.report(nil, now - start), {}
    each_session(trace, function(name, session)
      local ending = ending_of(session)
      endings[#endings + 1] = { name = name, ending = ending }
      add_ending(report, name, ending)
    end)
    emit("total", report, now)
    for _, entry in ipairs(options.json and {} or endings) do
      print_ending(entry.name, entry.ending)
    end
    each_session(trace, function(_, session) session:close() end)
    note_status(trace.name, child)
  end)

  local function report_interval()
    local now = schedule.now()
    local report, kept = trace.report(before, now - last)
    before, last = kept, now
    emit("interval", report, now)
  end

  schedule.run {
    interval = options.interval, duration = options.duration, report = report_interval, stop = shark.stop,
  }
  child = start_command(trace, options.duration, options.command)
end

return M
