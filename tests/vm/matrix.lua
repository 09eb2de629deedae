-- matrix: runs the live tests in many guests, side by side as cores allow
package.path = arg[0]:gsub("[^/]+$", "?.lua;") .. arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local cli = require "shark.cli"
local guest = require "guest"
local uv = require "uv"

local parser = cli.parser("vm/matrix", "Runs the live tests in guests and keeps what they print, as TAP.")
parser:name "tests/vm/matrix"
parser:flag("--all", "Every kernel, flavour and IOMMU instead of a representative set.")
parser:option("--guest", "This guest only, by its name; may be repeated."):count "*"
parser:option("--jobs", "Guests at a time."):default(tostring(#uv.cpu_info())):convert(cli.number)
parser:flag("--list", "Print the guests' names.")
parser:option("--results", "Folder for the results."):default "build/vm/results"
parser:argument("tests", "Tests to run in each guest."):args "*"
local options = parser:parse()

-- ---- which guests ----

-- name -> what it is; in this order.
local guests = {}

local function add(kernel, flavour, iommu, extra)
  extra = extra or {}
  local name = ("%s-%s-%s%s"):format(kernel, flavour, iommu, extra.suffix or "")
  for _, known in ipairs(guests) do
    if known.name == name then
      return
    end
  end
  guests[#guests + 1] = {
    name = name, kernel = kernel, flavour = flavour, iommu = iommu, append = extra.append or "",
    tests = extra.tests,
  }
end

-- Tests that take minutes where CPUs are emulated, and find in one guest what they
-- find in another: in the representative set they run on the oldest kernel, and on
-- both makes of IOMMU.
local LONG = {
  ["live/scripts_test.lua"] = true, ["live/irqmap_scripts_test.lua"] = true, ["live/limits_test.lua"] = true,
  ["live/biolatency_test.lua"] = true, ["guest/irqmap_changes_test.lua"] = true,
}
local WITH_LONG = { ["5.10-amd64-intel"] = true, ["6.12-amd64-intel"] = true, ["6.12-amd64-amd"] = true }

local function representative()
  add("5.10", "amd64", "intel")
  add("6.1", "amd64", "intel")
  add("6.12", "amd64", "intel")
  add("6.12", "amd64", "amd")
  add("6.1", "amd64", "none")
  add("7", "amd64", "intel")
  add("6.1", "cloud", "none")
  add("6.12", "rt", "intel")
  for _, off in ipairs { { "intel", "intel_iommu" }, { "intel", "intremap" }, { "amd", "amd_iommu" } } do
    add("6.12", "amd64", off[1], {
      suffix = "-" .. off[2] .. "-off", append = off[2] .. "=off", tests = { "guest/iommu_off_test.lua" },
    })
  end
  for _, mode in ipairs { "integrity", "confidentiality" } do
    add("6.12", "amd64", "none", {
      suffix = "-" .. mode, append = "lockdown=" .. mode,
      tests = { ("guest/lockdown_%s_test.lua"):format(mode) },
    })
  end
end

local function all()
  for _, kernel in ipairs { "5.10", "6.1", "6.12", "7" } do
    for _, flavour in ipairs { "amd64", "cloud", "rt" } do
      for _, iommu in ipairs { "intel", "amd", "none", "noremap" } do
        add(kernel, flavour, iommu)
      end
    end
  end
end

representative()
if options.all then
  all()
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

if options.list then
  for _, entry in ipairs(guests) do
    print(entry.name)
  end
  return
end

-- ---- results ----

os.execute(("rm -rf '%s' && mkdir -p '%s'"):format(options.results, options.results))
local index = {} -- names of the results, for the runner

local function write_text(path, text)
  os.execute(("mkdir -p '%s'"):format(path:match("^(.*)/")))
  local file = assert(io.open(path, "w"))
  assert(file:write(text))
  assert(file:close())
end

local function write_result(entry, test, text)
  local name = entry.name .. "/" .. test
  write_text(("%s/%s.tap"):format(options.results, name), text)
  index[#index + 1] = "vm/" .. name
end

local function tests_of(entry)
  if entry.tests then
    return entry.tests
  end
  local list = {}
  for _, test in ipairs(options.tests) do
    if options.all or WITH_LONG[entry.name] or #options.guest > 0 or not LONG[test] then
      list[#list + 1] = test
    end
  end
  return list
end

-- A result for each test that has none: all of them share one reason.
local function write_missing(entry, seen, line)
  for _, test in ipairs(tests_of(entry)) do
    if not seen[test] then
      write_result(entry, test, line .. "\n")
    end
  end
end

-- ---- running ----

local function say(entry, text)
  io.stderr:write(("  VM      %-32s %s\n"):format(entry.name, text))
end

-- Shapes of disks, by serial number: guest/virtblk_test.lua looks for them. The
-- first two are for all tests, the second may be unplugged.
local DISKS = {
  "", "", "serial=single,num-queues=1", "serial=packed,packed=on", "serial=intx,vectors=0",
  "serial=shared,vectors=2", "serial=slow,throttling.iops-total=100", "serial=unplugged,num-queues=1",
}

-- Sorts what a guest prints by test; calls done(outcome, outputs).
local function run_once(entry, folder, done)
  local outputs, current = {}, nil
  local command = "exec sh /tests/vm/in-guest " .. table.concat(tests_of(entry), " ") .. "\n"
  local build = uv.exepath():match("^(.*)/shark$")
  guest.start({
    folder = folder, base = build .. "/vm/base.cpio.gz", work = ("%s/vm/%s"):format(build, entry.name),
    iommu = entry.iommu, smp = 2, disks = DISKS, nic = true, append = entry.append, command = command,
  }, function(line)
    local mark = line:match("^@@test (.*)@@$")
    if not mark then
      if current then
        table.insert(current.lines, line)
      end
    elseif mark:match("^end ") then
      current.status = tonumber(mark:match("%d+"))
      current = nil
    else
      current = { lines = {} }
      outputs[mark] = current
    end
  end, function(outcome)
    done(outcome, outputs)
  end)
end

local function keep(entry, outcome, outputs)
  local seen = {}
  for test, output in pairs(outputs) do
    if output.status then
      seen[test] = true
      write_result(entry, test, table.concat(output.lines, "\n") .. "\n")
    end
  end
  if outcome.failure then
    write_missing(entry, seen, "1..1\nnot ok 1 - the guest failed: " .. outcome.failure:gsub("#", "\\#"))
  else
    write_missing(entry, seen, "1..1\nnot ok 1 - the guest did not run it")
  end
end

local run_next

local function run(entry, attempt)
  local folder, reason = guest.fetch(entry.kernel, entry.flavour)
  if not folder then
    say(entry, "skipped: " .. reason)
    write_missing(entry, {}, "1..0 # SKIP no such kernel: " .. reason)
    return run_next()
  end
  local start = uv.hrtime()
  run_once(entry, folder, function(outcome, outputs)
    local seconds = (uv.hrtime() - start) / 1e9
    if outcome.failure then
      write_text(("%s/%s/console.%d"):format(options.results, entry.name, attempt), outcome.console)
    end
    if outcome.failure and attempt == 1 then
      say(entry, ("failed, once more: %s"):format(outcome.failure))
      return run(entry, 2)
    end
    say(entry, ("%s after %.0f s"):format(outcome.failure or "ran", seconds))
    keep(entry, outcome, outputs)
    run_next()
  end)
end

local next_guest = 1
function run_next()
  local entry = guests[next_guest]
  next_guest = next_guest + 1
  if entry then
    run(entry, 1)
  end
end

-- Before the first guest starts: fetching keeps the loop from turning.
for _, entry in ipairs(guests) do
  guest.fetch(entry.kernel, entry.flavour)
end
for _ = 1, math.min(options.jobs, #guests) do
  run_next()
end

shark.on_end(function()
  local file = assert(io.open(options.results .. "/index", "w"))
  table.sort(index)
  file:write(table.concat(index, "\n"), "\n")
  file:close()
end)
