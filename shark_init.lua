-- The boot script: runs before the user's script and gives it the parts of
-- `shark` that are written in Lua. It is compiled to bytecode and linked in.
-- Returns the functions with which the host ends the run.

local host = ... -- functions of the host that scripts do not get
local descendants = require "shark.system.descendants"
local uv = require "uv"

-- A script may change its globals; the run is to end in order all the same.
local error, ipairs, math, next, pairs, table, tostring, type = error, ipairs, math, next, pairs, table, tostring, type
local getfenv, getmetatable, rawset, require, setfenv, setmetatable =
  getfenv, getmetatable, rawset, require, setfenv, setmetatable
local loaded, stdout = package.loaded, io.stdout

local function check(level_up, ok, message, ...)
  if not ok then
    error(message:format(...), level_up + 2)
  end
end

local function check_callback(name, callback)
  check(2, type(callback) == "function", "bad argument #1 to '%s' (function expected, got %s)",
    name, type(callback))
end

-- Above, they are no whole numbers, nor anything that somebody waits for.
local MAX_MS = 2 ^ 53

local function check_ms(name, ms)
  check(2, type(ms) == "number" and ms >= 0 and ms <= MAX_MS,
    "bad argument #2 to '%s' (milliseconds expected, got %s)", name, tostring(ms))
end

-- ---- what scripts catch ----

local caught, xpcall = host.caught, xpcall

-- As Lua's; what fails in a module names the script's line, as where nobody catches it.
function _G.pcall(f, ...)
  return xpcall(f, caught, ...)
end

-- ---- timers ----

-- The loop's time is that of its last turn: a timer would count what was done
-- since then as waited already.
local function start_timer(ms, again, callback)
  local timer = uv.new_timer()
  uv.update_time()
  timer:start(math.ceil(ms), again, function() callback(timer) end)
  return timer
end

--- Calls callback(timer) every ms milliseconds, from now on.
--- @return userdata timer a luv timer; timer:close() ends it
function _G.set_interval(callback, ms)
  check_callback("set_interval", callback)
  check_ms("set_interval", ms)
  -- A repeat of 0 would mean "once" to libuv.
  return start_timer(ms, math.max(math.ceil(ms), 1), callback)
end

--- Calls callback(timer) once, ms milliseconds from now; the timer is closed by then.
--- @return userdata timer a luv timer; timer:close() before its time cancels it
function _G.set_timeout(callback, ms)
  check_callback("set_timeout", callback)
  check_ms("set_timeout", ms)
  return start_timer(ms, 0, function(timer)
    timer:close()
    callback(timer)
  end)
end

--- What can be traced: ways, filters, fields of rows and events of each, see
--- shark.providers.
--- @return table[]
function shark.providers()
  return require("shark.providers").list()
end

--- Starts a trace of any kind, by the name that providers() gives it: shark.trace("hardirq", { irq = 36 }) is
--- irq.hardirq { irq = 36 }. For tracers that have no function of their own in a module. Of irte_* and fault_*
--- remap.changes() and remap.faults() choose the one of this machine, and say why there is none.
--- @param provider string @param options? table filters, and what all traces take; see shark.irq
--- @return shark.Session? @return string? message @return string? name of the error
function shark.trace(provider, options)
  return require("shark.providers").open(provider, options)
end

-- ---- the end of the run ----

local end_notify, on_end = {}, {}

--- Calls callback() when the run ends, before those of on_end.
function shark.add_end_notify(callback)
  check_callback("add_end_notify", callback)
  end_notify[#end_notify + 1] = callback
end

--- Calls callback() when the run ends: at SIGINT or SIGTERM, when the loop has
--- nothing left to do, after shark.stop(), and after an error. All callbacks
--- run, in the order they were given, each once.
function shark.on_end(callback)
  check_callback("on_end", callback)
  on_end[#on_end + 1] = callback
end

-- ---- differences ----

local MAX_SECONDS = MAX_MS / 1000

local function check_source(source)
  local ok = type(source) == "table" and pcall(function() source:since({}) end)
  check(2, ok, "bad argument #2 to 'every' (session, or what probes count in, expected, got %s)",
    type(source))
end

--- Calls callback(rows, seconds, is_last) every so many seconds with what the rows of a trace have more than at
--- the last call, and when the run ends, before the callbacks of the end, with the rest: all that was handed over
--- adds up to what read() gives then. Rows without anything new are left out. A row that is gone comes once more,
--- with what it had counted taken back. Maxima are those since the start. `seconds` is the time since the last call.
--- At the end all traces are stopped before the last calls.
--- @param seconds number @param source shark.Session|shark.probe.Aggregate
--- @param callback fun(rows: table[], seconds: number, is_last: boolean)
--- @return userdata timer a luv timer; timer:close() ends it, without a last call
function shark.every(seconds, source, callback)
  check(1, type(seconds) == "number" and seconds > 0 and seconds <= MAX_SECONDS,
    "bad argument #1 to 'every' (seconds expected, got %s)", tostring(seconds))
  check_source(source)
  check(1, type(callback) == "function", "bad argument #3 to 'every' (function expected, got %s)", type(callback))
  local every = require "shark.trace.every"
  local timer, finish = every.start(seconds, source, callback)
  shark.add_end_notify(every.stop_all)
  shark.add_end_notify(finish)
  return timer
end

local function call_all(callbacks)
  local i = 1
  while callbacks[i] do -- a callback may add another
    host.protected(callbacks[i])
    i = i + 1
  end
end

-- ---- commands ----

local children = {}

local function spawn_options(args)
  return { args = args, stdio = { 0, 1, 2 } }
end

--- Starts a command under the loop, on the script's own input and output. The
--- run ends, in order, when the last command has ended. A command that still runs
--- when the run ends is ended, with all it has started: SIGTERM, a second later SIGKILL.
--- @param command string program, looked up in PATH
--- @param ... string its arguments
--- @return table? child { pid, and when it has ended: status, signal }
--- @return string? message @return string? name of the error
function shark.exec(command, ...)
  check(1, type(command) == "string", "bad argument #1 to 'exec' (string expected, got %s)",
    type(command))
  local child = {}
  stdout:flush() -- what was printed before comes before what the command prints
  local handle, pid, name = uv.spawn(command, spawn_options({ ... }), function(status, signal)
    child.status, child.signal = status, signal
    child.handle:close()
    children[child] = nil
    if not next(children) then
      shark.stop()
    end
  end)
  if not handle then
    local reason = tostring(pid):gsub("^%u+: ", "")
    return nil, ("cannot run '%s': %s"):format(command, reason), name
  end
  child.handle, child.pid = handle, pid
  children[child] = true
  return child
end

-- What ignores the first signal gets so long.
local GRACE_MS = 1000

-- They stay in the group of the terminal, so that keys reach them as they reach
-- shark, so they are found by who started whom.
local function end_children()
  local roots = {}
  for child in pairs(children) do
    roots[child.pid] = true
  end
  if next(roots) then
    descendants.finish(roots, GRACE_MS)
  end
end

-- ---- histograms of any table ----

local function sorted_pairs(t, cmp)
  local list, total = {}, 0
  for key, value in pairs(t) do
    check(2, type(value) == "number", "print_hist: the value of '%s' is not a number but a %s",
      tostring(key), type(value))
    list[#list + 1] = { key = tostring(key), value = value }
    total = total + value
  end
  cmp = cmp or function(a, b) return a > b end
  table.sort(list, function(a, b)
    if a.value == b.value then
      return a.key < b.key
    end
    return cmp(a.value, b.value)
  end)
  return list, total
end

local BAR_WIDTH = 34

local function bar(value, total)
  local stars = total > 0 and math.floor(value / total * BAR_WIDTH + 0.5) or 0
  return ("*"):rep(math.max(0, math.min(stars, BAR_WIDTH)))
end

--- Prints a table as bars, each scaled to its share of the total; keys are made fit for a terminal.
--- @param t table any key -> number
--- @param cmp? fun(a: number, b: number): boolean order of the values; descending
function shark.print_hist(t, cmp)
  local list, total = sorted_pairs(t, cmp)
  local foreign = require "shark.text.foreign"
  for _, entry in ipairs(list) do
    print(("%33s |%-34s| %s"):format(foreign.line(entry.key), bar(entry.value, total), entry.value))
  end
end

--- Prints a table as "key<tab>value" lines, in the order of print_hist.
function shark.print_hist_raw(t, cmp)
  for _, entry in ipairs((sorted_pairs(t, cmp))) do
    print(entry.key .. "\t" .. entry.value)
  end
end

_G.print_hist = shark.print_hist
_G.print_hist_raw = shark.print_hist_raw

-- ---- ending ----

-- Handlers see the events that are left, in the time there is for them.
local function finish_sessions()
  local sessions = loaded["shark.trace.session"]
  for _, session in ipairs(sessions and sessions.begin_end() or {}) do
    host.protected(sessions.finish, session)
  end
end

-- Calls a method of every session that is open.
local function each_session(method)
  local sessions = loaded["shark.trace.session"]
  for _, session in ipairs(sessions and sessions.all_open() or {}) do
    host.protected(session[method], session)
  end
end

local function close_handle(handle)
  if not handle:is_closing() then
    handle:close()
  end
end

-- ---- what -e and the prompt have at hand ----

-- Loaded when it is named first: most lines need none of it.
local function put_at_hand()
  local globals = getfenv(0)
  local meta, load_module = getmetatable(globals) or {}, globals.require
  local behind = meta.__index or {}
  function meta.__index(_, name)
    local value = behind[name]
    if value == nil then
      value = load_module("shark.prompt.at_hand").make(name)
      rawset(globals, name, value)
    end
    return value
  end
  setmetatable(globals, meta)
end

-- ---- a kernel that is not running ----

-- From here on all that is loaded reads that one.
if host.image then
  local image, message = require("shark.kernel").open(host.image)
  if not image then
    require("shark.text.out").complain("shark: %s", message)
    os.exit(1)
  end
  setfenv(0, image:globals())
end

return {
  put_at_hand = put_at_hand,
  -- A line that attached probes goes on.
  go_on = function()
    if loaded["shark.probe.session"] then
      require("shark.probe.oneliner").go_on()
    end
  end,
  -- Ends the run; called once. What fails keeps nothing else from its turn.
  finish = function()
    host.protected(finish_sessions) -- before results are printed
    call_all(end_notify)
    call_all(on_end)
    host.protected(each_session, "close")
    end_children()
  end,
  -- Closes what scripts left open; called until the loop has nothing left.
  close_handles = function()
    uv.walk(close_handle)
  end,
}
