--- What packaged scripts have in common: options, the live table, JSON, and the
-- lines at the end that say how the trace was attached and what it lost.

local argparse = require "argparse"
local ledger = require "shark.text.ledger"
local options = require "shark.options"
local out = require "shark.text.out"
local progress = require "shark.text.progress"
local providers = require "shark.providers"
local schedule = require "shark.schedule"
local table_text = require "shark.text.table"
local terminal = require "shark.text.terminal"

local M = {}

local EXIT_FAILURE, EXIT_USAGE = 1, 2

-- Asked by shells (docs/shark.bash): what fits the line and the breaks that follow.
local COMPLETE = "--complete"

--- Converter for options that take seconds.
--- @type fun(text: string): number?, string?
M.seconds = options.seconds

--- Converter for options that take a number of the kernel's (IRQ, CPU, vector), or another whole number.
--- @type fun(text: string): number?, string?
M.number = options.number

local function quit(status, name, message)
  out.complain("shark %s: %s", name, message)
  os.exit(status)
end

--- Ends the script with a message on standard error and status 1.
--- @param name string of the script @param message string
function M.fail(name, message)
  quit(EXIT_FAILURE, name, message)
end

--- Ends the script with a message on standard error and status 2: the command line asks for what there is not.
--- @param name string of the script @param message string
function M.misuse(name, message)
  quit(EXIT_USAGE, name, message)
end

--- A parser with --help, and --json if the script traces; a wrong command line
--- ends the script with status 2.
--- @param name string of the script @param description string
function M.parser(name, description)
  local parser = argparse("shark " .. name, description)
  parser:help_max_width(80)
  function parser:error(message)
    M.misuse(name, message .. "\n" .. self:get_usage())
  end
  local parse = parser.parse
  function parser:parse()
    if arg[1] == COMPLETE then
      require("shark.completion.answer").print(self, arg[2] or "", arg[3] or "")
      os.exit(0)
    end
    progress.begin(name)
    return parse(self)
  end
  return parser
end

--- Adds options that several scripts have, by name: the letter, the meaning and the text are the same in all.
--- docs/options.md lists them. Options of a script's own have names that these have not, and no letter.
--- @param parser table of parser()
--- @param wanted table[] names; or { name, more = "said of it besides", choices = {...}, convert = function,
---   default = value }
--- @return any ... the options, as argparse has them
function M.options(parser, wanted)
  return options.add(parser, wanted)
end

--- Adds the options of a script that runs for a while.
--- @param parser table of parser()
function M.add_run_options(parser)
  options.add(parser, { "duration", "interval", "json", "wide" })
  parser:argument("command", "Command to run meanwhile, after '--'; the trace ends with it."):args "*"
end

--- Adds the options of a script that traces for a while: those, and --way.
--- @param parser table of parser()
--- @param traced string|string[] what it traces, by the names of shark.providers(): whose ways --way can name
function M.add_trace_options(parser, traced)
  options.add(parser, { { "way", choices = providers.ways(traced) } })
  M.add_run_options(parser)
end

--- The rows that --sort and --top ask for. Ends the script where there is no such column.
--- @param name string of the script @param given table its options
--- @param columns table[] as shark.text.table takes them @param rows table[]
--- @return table[] rows @return integer left_out how many there are besides
function M.arranged(name, given, columns, rows)
  local list, message = rows, nil
  if given.sort then
    list, message = table_text.sorted(columns, rows, given.sort)
  end
  if not list then
    M.misuse(name, message)
  end
  local first = {}
  for i = 1, math.min(given.top or #list, #list) do
    first[i] = list[i]
  end
  return first, #list - #first
end

--- Opens a file that is written at the end: who waits for an hour shall not learn only then that it cannot be.
--- Ends the script where it cannot.
--- @param name string of the script @param path string "-": standard output
--- @return fun(text: string) write writes all of it
function M.writer(name, path)
  local file, message = io.stdout, nil
  if path ~= "-" then
    file, message = io.open(path, "w")
  end
  return file and function(text)
    local ok, why = file:write(text)
    if ok then
      ok, why = file:flush()
    end
    return ok or M.fail(name, ("cannot write %s: %s"):format(path, why))
  end or M.fail(name, message)
end

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
  local lines, is_loss = ledger.lines(ending.how, ending.loss, ending.audit)
  for i, line in ipairs(lines) do
    local say = is_loss and i == #lines and out.warn or out.line
    say("%s%s", prefix, line)
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

-- ---- filters ----

-- What a report came to, where it counts anything.
local function is_empty(report)
  local rows = report.rows or report.stacks
  return rows and #rows == 0 or report.count == 0
end

local function warn_of_filters(trace, report)
  local filters = options.filters(trace.options, trace.filters)
  if filters ~= "" and (trace.is_empty or is_empty)(report) and (report.left_out or 0) == 0 then
    out.complain("shark %s: nothing matched %s", trace.name, filters)
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

-- What is still asked of the kernel when all is attached: reading maps (before 5.19) and the names of addresses.
local KEPT = { "CAP_BPF", "CAP_PERFMON", "CAP_SYSLOG" }

-- A command is ended at the end, as whatever user it runs by then.
local function drop_capabilities(child)
  local keep = { unpack(KEPT) }
  keep[#keep + 1] = child and "CAP_KILL" or nil
  local ok, message = shark.drop_capabilities(keep)
  if not ok and shark.verbose then
    out.complain("shark: %s", message)
  end
end

-- For who sits before it, and does not know yet that it runs.
local function announce(trace)
  progress.finish()
  if not trace.options.duration and #trace.options.command == 0 and terminal.is_watched() then
    out.complain("tracing %s, Ctrl-C ends", trace.title or trace.name)
  end
end

--- Runs a trace as its options say: until the duration is over, the command has
--- ended or the user interrupts; prints each interval and the total. Times count
--- from this call: what is traced is attached by then. Capabilities that only attaching needs are given up, for good,
--- when the command has been started.
--- @param trace table
---   name     string  of the script
---   title    string?  what is traced, in words: "interrupt handlers"
---   filters  string[]?  names of options of its own that let only some things through
---   is_empty fun(report): boolean  whether they let nothing through; default: no rows, or a count of 0
---   options  table   parsed, see add_trace_options()
---   session  shark.Session, or sessions = { {name, session}, ... }
---   report   fun(before, seconds): table, any  what to say, as JSON-ready table, and
---            what to be given as before in the next interval, {} in the first;
---            seconds is the time since then. For the total, before is nil and
---            seconds the time of the whole trace
---   show     fun(report)  prints it as text
---   order    string[]  of the fields in JSON
---   opens_more  boolean?  it attaches while it runs, so capabilities are kept
function M.run(trace)
  if type(trace) ~= "table" or not (trace.name and trace.options and trace.report and trace.show) then
    error("bad argument #1 to 'run' (table with name, options, report and show expected)", 2)
  end
  local given = trace.options
  local order = order_of(trace)
  local start = schedule.now()
  local before, last = {}, start
  local child

  local function emit(kind, report, now)
    report.report = kind
    report.seconds = now - start
    if given.json then
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
    for _, entry in ipairs(given.json and {} or endings) do
      print_ending(entry.name, entry.ending)
    end
    warn_of_filters(trace, report)
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
    interval = given.interval, duration = given.duration, report = report_interval, stop = shark.stop,
  }
  announce(trace)
  child = start_command(trace, given.duration, given.command)
  if not trace.opens_more then
    drop_capabilities(child)
  end
end

return M
