-- The worked example of CONTRIBUTING.md, tests/example/timer: dropped into a copy of the
-- source tree, with nothing else changed, it is built, found, documented, and counts.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local dkjson = require "dkjson"
local proc = require "proc"
local t = require "t"
local uv = require "uv"
local witness = require "witness"

local EXAMPLE = "tests/example/timer"
local tests = {}

local function lines_of(command, ...)
  local result = proc.run_shell(command:format(...))
  t.assertEquals({ result.status, result.err }, { 0, "" })
  return result.out
end

local function files_of(folder)
  return lines_of("cd %s && find . -type f -not -path './build/*' | sort", folder)
end

-- What the compiler made already is reused: as if the example had been added here.
local COPY = [[
  tar cf - --exclude=./build --exclude=./.git --exclude=./.cache . | tar xf - -C %s &&
  mkdir -p %s/build && cd %s && cp -a bpf gen link obj flags %s/build]]

-- The copy of the tree with the example in it, built once.
local copy
local function built()
  if not copy then
    local into = proc.temporary_directory()
    lines_of(COPY, into, into, uv.exepath():match "^(.*)/", into)
    local before = files_of(into)
    lines_of("cp -r %s/. %s", EXAMPLE, into)
    local result = proc.run_shell(("make -C %s -j2 all build/tests/test_tracers 2>&1"):format(into))
    t.assertEquals(result.status, 0, result.out)
    copy = { path = into, before = before, after = files_of(into) }
  end
  return copy.path
end

local function shark(...)
  return proc.run(built() .. "/build/shark", { ... }, { cwd = copy.path })
end

function tests.test_it_is_three_files_more_and_none_changed()
  built()
  local added = {}
  for path in copy.after:gmatch "[^\n]+" do
    if not ("\n" .. copy.before):find("\n" .. path .. "\n", 1, true) then
      added[#added + 1] = path
    end
  end
  t.assertEquals(added,
    { "./core/tracers/timer/timer.bpf.c", "./core/tracers/timer/timer.lua", "./samples/timers.lua" })
  t.assertEquals(#copy.after - #copy.before, #table.concat(added, "\n") + 1)
end

function tests.test_its_script_is_found()
  t.assertStrContains(shark("--list").out, "\ntimers       how long the functions of kernel timers run")
  local help = shark("timers", "--help")
  t.assertEquals({ help.status, help.err }, { 0, "" })
  t.assertStrContains(help.out, "Usage: shark timers")
end

function tests.test_it_says_what_it_has()
  local result = shark("-e", [[
    for _, provider in ipairs(shark.providers()) do
      if provider.name == "timer" then
        local point = provider.points.raw_tp[1]
        local filters = { provider.filters[1].name, provider.filters[2].name, #provider.filters }
        print(provider.call, provider.ways[1], table.concat(filters, " "), point.program, point.point)
      end
    end]])
  t.assertEquals({ result.out, result.err },
    { 'shark.trace("timer")\traw_tp\tcpu at_least_ns 2\ton_exit\ttimer_expire_exit\n', "" })
  -- The reference and the editor's types are made of it.
  t.assertEquals(shark("docs/reference.lua").status, 0)
  t.assertStrContains(io.open(copy.path .. "/docs/reference.md"):read "*a", '## `shark.trace("timer")`')
  t.assertStrContains(io.open(copy.path .. "/lua/shark/_meta/tracers.lua"):read "*a", "---@class shark.TimerEvent")
end

-- The same test that all tracers pass: points, programs and sections belong together.
function tests.test_its_points_and_programs_belong_together()
  local result = proc.run(built() .. "/build/tests/test_tracers", {}, { cwd = copy.path })
  t.assertEquals(result.status, 0, result.out .. result.err)
end

-- Those that look at the whole tree, once make reference has been run as CONTRIBUTING.md says.
function tests.test_the_tests_of_the_tree_pass_with_it()
  built()
  t.assertEquals(proc.run_shell(("make -C %s reference 2>&1"):format(copy.path)).status, 0)
  for _, name in ipairs { "lua/rooms_test", "host/reference_test", "host/contributing_test", "host/options_test" } do
    local result = proc.run(copy.path .. "/build/shark", { ("tests/%s.lua"):format(name) }, { cwd = copy.path })
    t.assertEquals(result.status, 0, name .. ":\n" .. result.out .. result.err)
  end
end

local N = 50

-- What shark prints, with these arguments, of N timers and those of others on this machine; and
-- what ftrace saw of them.
local function watched(...)
  built()
  local ftrace = witness.start "timer/timer_expire_entry"
  local result = shark(...)
  local seen = ftrace:stop "function=process_timeout "
  t.assertEquals({ result.status, result.err }, { 0, "" })
  return result.out, seen
end

-- ftrace began before and ended after.
local function assert_counted(counted, seen)
  local said = ("%d counted, ftrace saw %d, %d of them hidden"):format(counted, seen.all, seen.hidden)
  t.assertTrue(counted >= N - seen.hidden, said)
  t.assertTrue(counted <= seen.all - seen.hidden, said)
end

function tests.test_it_counts_what_ftrace_counts()
  t.needs("root", "tracing", "tracefs")
  local out, seen = watched("timers", "--json", "--", proc.shark, "tests/lib/timeouts.lua", tostring(N))
  local report, counted = dkjson.decode(out), 0
  for _, row in ipairs(report.rows) do
    t.assertTrue(row.count > 0 and row.max_ns > 0 and row.total_ns >= row.max_ns, row.func)
    counted = counted + (row.func:find "^process_timeout%+" and row.count or 0)
  end
  assert_counted(counted, seen)
  t.assertEquals(report.lost.map_full, 0)
end

function tests.test_its_events_name_the_function()
  t.needs("root", "tracing", "tracefs")
  local out, seen = watched("-e", ([[
    local n = 0
    local session = assert(shark.trace "timer")
    session:on(function(e) n = n + (e:copy().func:find "^process_timeout%%+" and e.ns > 0 and 1 or 0) end)
    shark.exec(%q, "tests/lib/timeouts.lua", "%d")
    shark.on_end(function() print(n) end)]]):format(proc.shark, N))
  assert_counted(tonumber(out), seen)
end

function tests.test_an_unknown_tracer_is_refused()
  local result = shark("-e", "shark.trace 'timers'")
  t.assertEquals(result.status, 1)
  t.assertStrContains(result.err, "no tracer 'timers'; there are: affinity, ")
end

t.run(tests)
