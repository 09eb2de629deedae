-- A mistake in a call names the line of the script that made it: every public function is called
-- with what it was not made for, each call in a line of its own.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local proc = require "proc"
local t = require "t"

local WRONG = { "print", "'?'", "{ nonsense = 1 }", "-1.5", "2^31", "2^53", "true, true", "0/0" }

-- Takes a second each time, and what it takes is looked at elsewhere.
local SLOW = { ["shark.doctor.examine"] = { ["{ nonsense = 1 }"] = true } }

local tests = {}

local function functions_of(table_of)
  local names = {}
  for name, value in pairs(table_of) do
    names[#names + 1] = type(value) == "function" and name or nil
  end
  table.sort(names)
  return names
end

-- Lines of a script, and of each line which function it calls.
local function new_script(head)
  return { lines = { head }, called = {} }
end

local function add_calls(script, name, expression)
  for _, arguments in ipairs(WRONG) do
    if not (SLOW[name] and not SLOW[name][arguments]) then
      local mistake = ("function() local _ = %s end"):format(expression:format(arguments))
      table.insert(script.lines, ("call(%s) call(function() catch(%s) end)"):format(mistake, mistake))
      script.called[#script.lines] = name
    end
  end
end

-- What the script catches is told on a line of its own.
local CATCH = [[ local function catch(mistake)
  local ok, message = pcall(mistake)
  if type(message) == "string" and not ok then io.stdout:write("caught ", message:match "^[^\n]*", "\n") end
end ]]

-- Runs it: each call is a callback of the end, and they are all made. Returns which functions complained.
local function complaints(script)
  script.lines[1] = CATCH:gsub("\n", " ") .. script.lines[1]
  table.insert(script.lines, "call(function() io.stdout:write 'all called\\n' end)")
  local path = proc.write_file(proc.temporary_directory() .. "/mistakes.lua", table.concat(script.lines, "\n"))
  local result = proc.run_shark(path)
  t.assertEquals(result.signal, 0)
  t.assertStrContains(result.out, "all called\n", result.err:sub(-2000))
  local complained, caught = {}, 0
  for message in result.out:gmatch "\ncaught ([^\n]*)" do
    t.assertEquals(message:sub(1, #path + 1), path .. ":", message)
    caught = caught + 1
  end
  t.assertTrue(caught > 0)
  for message in result.err:gmatch("%f[^\n%z]shark: ([^\n]+)\nstack traceback:") do
    t.assertEquals(message:sub(1, #path + 1), path .. ":", message)
    local name = script.called[tonumber(message:match("^:(%d+): ", #path + 1))]
    t.assertNotNil(name, message)
    complained[name] = message
  end
  return complained
end

local function assert_complained(complained, ...)
  for _, name in ipairs { ... } do
    t.assertNotNil(complained[name], name .. " was content with all of it")
  end
end

function tests.test_functions_of_modules()
  local script = new_script "local call, M = shark.on_end, {} M.shark = shark M._G = _G"
  for _, entry in ipairs(require "shark.modules") do
    local module = require(entry.name)
    script.lines[1] = script.lines[1] .. (" M[%q] = require %q"):format(entry.name, entry.name)
    for _, name in ipairs(type(module) == "table" and functions_of(module) or {}) do
      add_calls(script, entry.name .. "." .. name, ("M[%q].%s(%%s)"):format(entry.name, name))
    end
  end
  for _, name in ipairs(functions_of(shark)) do
    add_calls(script, "shark." .. name, ("M.shark.%s(%%s)"):format(name))
  end
  for _, name in ipairs { "set_interval", "set_timeout", "print_hist", "print_hist_raw" } do
    add_calls(script, name, ("M._G.%s(%%s)"):format(name))
  end
  assert_complained(complaints(script), "shark.irq.hardirq", "shark.irq.describe", "shark.virtblk.requests",
    "shark.probe.on", "shark.probe.count", "shark.kernel.cast", "shark.kernel.var", "shark.cli.run",
    "shark.cli.number", "shark.hist.new", "shark.json.decode", "shark.fmt.duration", "shark.rowtable.run",
    "shark.every", "shark.symbol", "shark.trace", "shark.on_end", "set_interval", "shark.doctor.examine")
end

function tests.test_methods()
  t.needs("root", "tracing")
  local script = new_script("local call, O = shark.on_end, { hist = require('shark.hist').new(), " ..
    "count = require('shark.probe').count(), session = require('shark.irq').hardirq() }")
  local objects = {
    session = require("shark.trace.session").Session, hist = getmetatable(require("shark.hist").new()),
    count = require("shark.probe.maps").methods,
  }
  for object, methods in pairs(objects) do
    for _, name in ipairs(functions_of(methods)) do
      if name ~= "close" and name ~= "stop" then
        add_calls(script, object .. ":" .. name, ("O.%s:%s(%%s)"):format(object, name))
        add_calls(script, object .. ":" .. name, ("O.%s.%s(%%s)"):format(object, name))
      end
    end
  end
  assert_complained(complaints(script), "session:on", "session:on_batch", "session:read", "session:stack",
    "session:since", "hist:merge", "hist:percentile", "count:since", "count:get", "count:read")
end

-- What once reached memory that was not its own, or never ended.
local HOSTILE = {
  "hist.add({ counts = 'x', first = 0, last = 2 ^ 20 }, 2 ^ 63)", "hist.new():add(-1)", "hist.new():add(0 / 0)",
  "hist.new('x')", "hist.new(1LL)", "hist.new():merge { counts = 'x', first = 0, last = 2 ^ 40 }",
  "hist.new():bars { most = 0 }", "hist.new():bars { width = 2 ^ 40 }", "heat.scale(0, 1 / 0)",
  "heat.line({}, 0, 2 ^ 53)",
  "wrap.hanging('', -1)", "wrap.lines('a b', 0 / 0)", "cpulist('1e999')", "cpulist('0-99999999999')",
  "virtblk.copy { seen = 1, at_ns = {}, dev = 0, op = 0 }", "kernel.read(1LL, 1)", "kernel.read(1LL, 2 ^ 20)",
  "session.handle:__gc()", "getmetatable(session.handle).__gc(session.handle)", "session:key_at(-1.5)",
  "map:__gc()", "getmetatable(map).__gc(map)", "traceback(nil, nil) + 1",
}

function tests.test_what_reached_memory_or_never_ended_is_refused()
  t.needs("root", "tracing")
  local lines = { [[local hist, heat, wrap = require "shark.hist", require "shark.text.heat", require "shark.text.wrap"
    local cpulist = function(text) return assert(require("shark.decode.cpulist").parse(text)) end
    local virtblk, kernel = require "shark.virtblk", require "shark.kernel.core"
    hist.add = getmetatable(hist.new()).add
    local session, traceback = require("shark.irq").hardirq(), require("shark.core").traceback
    local map = require("shark.core.probe").map {
      type = "array", key_size = 4, value_size = 8, entries = 1, mmap = true }
    local function refused(ok) io.stdout:write(tostring(not ok), "\n") end]] }
  for i, call in ipairs(HOSTILE) do
    lines[i + 1] = ("refused(pcall(function() local _ = %s end))"):format(call)
  end
  local result = proc.run_shark("-e", table.concat(lines, "\n"))
  t.assertEquals({ result.err, result.signal }, { "", 0 })
  t.assertEquals(result.out, ("true\n"):rep(#HOSTILE))
end

-- In events the handler is called by what hands them over.
function tests.test_mistakes_in_callbacks()
  t.needs("root", "tracing")
  local function message_of(text)
    return proc.run_shark(proc.write_file(proc.temporary_directory() .. "/callback.lua", text)).err
  end
  local trace = [[local s = require("shark.irq").softirq()
    set_interval(function() end, 1000) s:on(function(e)
      %s end)]]
  t.assertStrContains(message_of(trace:format "require('shark.fmt').duration({})"), "callback.lua:3: ")
  t.assertStrMatches(message_of(trace:format "print(e.irqq)"), "shark: %S+callback.lua:3: an event of softirq has " ..
    "no field 'irqq'; there are: [%w_, ]*softirq[%w_, ]*\n.*")
end

-- ---- fields and options that are none ----

function tests.test_options_that_are_none_are_told_with_those_there_are()
  local irq = require "shark.irq"
  t.assertErrorMsgContains("hardirq has no filter or option 'irqq'; there are: irq, cpu,", irq.hardirq, { irqq = 1 })
  t.assertErrorMsgContains("ring_bytes, rows, way, audit", irq.hardirq, { irqq = 1 })
  t.assertErrorMsgContains("the options of softirq are a table, not a number", irq.softirq, 5)
  local ok, message = pcall(function() irq.hardirq { irq = "x" } end)
  t.assertFalse(ok)
  t.assertStrMatches(message, "%S*mistakes_test.lua:%d+: filter 'irq' takes a whole number, not string")
end

function tests.test_fields_of_rows_that_are_none_are_told_with_those_there_are()
  t.needs("root", "tracing")
  local session = assert(require("shark.irq").softirq())
  require("load").datagrams(10)
  local row = session:read()[1]
  t.assertErrorMsgContains("a row of softirq has no field 'contu'; there are: softirq, number, cpu, count,", function()
    return row.contu
  end)
  t.assertNil(row.torn)
  session:close()
  local n = require("shark.probe").count()
  t.assertErrorMsgContains("has no field 'contu'; there are: count", function() return n:read()[1].contu end)
end

t.run(tests)
