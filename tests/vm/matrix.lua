-- matrix: runs the live tests in many guests, side by side as cores allow
package.path = arg[0]:gsub("[^/]+$", "?.lua;") .. arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local accel = require "accel"
local cli = require "shark.cli"
local guest = require "guest"
local guests_of = require "guests"
local results = require "results"
local shell = require "shell"
local uv = require "uv"

local function part(text)
  local i, n = text:match("^(%d+)/(%d+)$")
  i, n = tonumber(i), tonumber(n)
  if i and i >= 1 and i <= n then
    return { i = i, n = n }
  end
  return nil, ("'%s' is no part: 2/4 is the second of four"):format(text)
end

local parser = cli.parser("vm/matrix", "Runs the live tests in guests and keeps what they print, as TAP.")
parser:name "tests/vm/matrix"
parser:flag("--all", "Every kernel, flavour and IOMMU instead of a representative set.")
parser:option("--guest", "This guest only, by its name; may be repeated."):count "*"
parser:option("--jobs", "Guests at a time."):default(tostring(#uv.cpu_info())):convert(cli.number)
parser:option("--silence", "Seconds of its own time without a line after which a guest hangs.")
  :convert(cli.number)
parser:option("--part", "I/N: of the guests every Nth, from the Ith on; what other parts found is kept."):convert(part)
parser:flag("--list", "Print the guests' names, and which tests each of them runs.")
parser:option("--results", "Folder for the results."):default "build/vm/results"
parser:argument("tests", "Tests to run in each guest."):args "*"
local options = parser:parse()

-- ---- which guests ----

local guests = (options.all or #options.guest > 0) and guests_of.all() or guests_of.representative()

-- Asked of a child: who looks for a disk stays on one CPU.
local function is_traced_here()
  return shell.succeeds(([['%s' -e 'package.path = "tests/lib/?.lua;" .. package.path
    os.exit(pcall(require("t").needs, "root", "tracing", "tracefs", "disk") and 0 or 1)']]):format(uv.exepath()))
end

local everything = options.all or #options.guest > 0
local traced_here = everything or is_traced_here()

local function tests_of(entry)
  return guests_of.tests_of(entry, options.tests, everything, traced_here)
end

local function wanted(name)
  for _, chosen in ipairs(options.guest) do
    if chosen == name then
      return true
    end
  end
  return #options.guest == 0
end

for i = #guests, 1, -1 do
  if not wanted(guests[i].name) then
    table.remove(guests, i)
  end
end
if #guests == 0 then
  parser:error "no guest of that name"
end
if options.part then
  for i = #guests, 1, -1 do
    if (i - options.part.i) % options.part.n ~= 0 then
      table.remove(guests, i)
    end
  end
end

if options.list then
  for _, entry in ipairs(guests) do
    print(entry.name .. ": " .. table.concat(tests_of(entry), " "))
  end
  return
end

-- ---- running ----

local BUILD = uv.exepath():match("^(.*)/shark$")
-- So often a guest, or a test, may fail before that counts.
local ATTEMPTS = 2

local accelerator

local function say(entry, text)
  io.stderr:write(("  VM      %-32s %s\n"):format(entry.name, text))
end

-- Shapes of disks, by serial number: guest/virtblk_test.lua looks for them. The
-- first two are for all tests, the second may be unplugged.
local DISKS = {
  "", "", "serial=single,num-queues=1", "serial=packed,packed=on", "serial=intx,vectors=0",
  "serial=shared,vectors=2", "serial=slow,throttling.iops-total=100", "serial=unplugged,num-queues=1",
}

-- A run of one guest: its tests that have no result yet, over as many starts as it takes.
local function new_run(entry, folder)
  return {
    entry = entry, folder = folder, results = results.new(options.results, entry.name), starts = 0,
    start_failures = 0, failures_of = {}, first_failure = nil, begun = uv.hrtime(),
  }
end

local function pending_tests(run)
  local pending = {}
  for _, test in ipairs(tests_of(run.entry)) do
    if not run.results.done[test] then
      pending[#pending + 1] = test
    end
  end
  return pending
end

local function start_test(run, name)
  run.current = { name = name, lines = {}, mark = run.guest:own_time(), begun = uv.hrtime() }
end

local function spent(run, test)
  local now = run.guest:own_time()
  return { cpu = now.cpu - test.mark.cpu, idle = now.idle - test.mark.idle, wall = (uv.hrtime() - test.begun) / 1e9 }
end

local function end_test(run, status)
  local test = run.current
  run.current = nil
  local text = test.hangs and results.cut_short(test.lines, "it hangs: " .. test.hangs)
    or table.concat(test.lines, "\n") .. "\n"
  run.results:add(test.name, text, status, spent(run, test))
end

local function take_line(run, line)
  local mark = line:match("^@@test (.*)@@$")
  if not mark then
    if run.current then
      table.insert(run.current.lines, line)
    end
  elseif mark:match("^end ") then
    end_test(run, tonumber(mark:match("%d+")))
  else
    start_test(run, mark)
  end
end

-- The guest ended inside a test: that counts against the test.
local function blame_test(run, why)
  local test = run.current
  run.current = nil
  local times = (run.failures_of[test.name] or 0) + 1
  run.failures_of[test.name] = times
  if times < ATTEMPTS then
    run.results:add_first(test.name, test.lines)
  else
    run.results:add(test.name, results.cut_short(test.lines, why), 1, spent(run, test))
  end
end

local function blame_start(run, why)
  run.start_failures = run.start_failures + 1
  if run.start_failures >= ATTEMPTS then
    for _, test in ipairs(pending_tests(run)) do
      run.results:add(test, results.cut_short({}, why), 1)
    end
  end
end

local function note_failure(run, outcome)
  local why = "the guest failed: " .. (outcome.failure or "it ended without running all tests")
  local where = run.current and run.current.name or "no test"
  local text = ("start %d, in %s: %s"):format(run.starts, where, why)
  run.first_failure = run.first_failure or text
  run.results:add_failure(run.starts, text, outcome.console)
  say(run.entry, text)
  if run.current then
    blame_test(run, why)
  else
    blame_start(run, why)
  end
end

local run_next

local function finish(run)
  run.results:close()
  say(run.entry, ("ran after %.0f s%s"):format((uv.hrtime() - run.begun) / 1e9,
    run.starts > 1 and (", started %d times; first failure: %s"):format(run.starts, run.first_failure) or ""))
  run_next()
end

local function start(run)
  run.starts = run.starts + 1
  run.guest = guest.start({
    folder = run.folder, base = BUILD .. "/vm/base.cpio.gz", work = ("%s/vm/%s"):format(BUILD, run.entry.name),
    iommu = run.entry.iommu, smp = run.entry.smp, disks = DISKS, nic = true,
    append = run.entry.append, accel = accelerator,
    silence_s = options.silence and { cpu = options.silence, idle = options.silence } or guest.SILENCE_S,
    on_silence = function(why)
      if run.current then
        run.current.hangs = why
      end
    end,
    command = "exec sh /tests/vm/in-guest " .. table.concat(pending_tests(run), " ") .. "\n",
  }, function(line)
    take_line(run, line)
  end, function(outcome)
    if outcome.failure or #pending_tests(run) > 0 then
      note_failure(run, outcome)
    end
    if #pending_tests(run) > 0 then
      start(run)
    else
      finish(run)
    end
  end)
end

local function skip(entry, reason)
  local run = new_run(entry)
  say(entry, "skipped: " .. reason)
  for _, test in ipairs(tests_of(entry)) do
    run.results:add(test, "1..0 # SKIP no such kernel: " .. reason .. "\n", 0)
  end
  run.results:close()
  run_next()
end

local next_guest = 1
function run_next()
  local entry = guests[next_guest]
  next_guest = next_guest + 1
  if not entry then
    return
  end
  local folder, reason = guest.fetch(entry.kernel, entry.flavour)
  if folder then
    start(new_run(entry, folder))
  else
    skip(entry, reason)
  end
end

-- Before the first guest starts: fetching keeps the loop from turning.
local function fetch_all()
  local any
  for _, entry in ipairs(guests) do
    any = guest.fetch(entry.kernel, entry.flavour) or any
  end
  return any
end

local function run_all(found, why)
  accelerator = found
  if why then
    io.stderr:write(("  VM      guests run with %s: %s\n"):format(found, why))
  end
  for _ = 1, math.min(options.jobs, #guests) do
    run_next()
  end
end

if not options.part then
  os.execute(("rm -rf '%s'"):format(options.results))
end
os.execute(("mkdir -p '%s'"):format(options.results))
shark.on_end(function()
  results.join(options.results)
end)
local folder = fetch_all()
if folder then
  accel.find(BUILD, folder, run_all)
else
  run_all("tcg")
end
