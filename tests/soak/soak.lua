-- soak: runs scripts for long and watches that their memory levels off
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local cli = require "shark.cli"
local proc = require "proc"
local uv = require "uv"

local parser = cli.parser("soak", "Runs scripts that print much, side by side, under a load; fails if the memory of " ..
  "one still grows in the last quarter of the time.")
parser:option("--seconds", "How long."):default "600":convert(tonumber)
local options = parser:parse()

-- What prints, or makes garbage, at every event or interval.
local SCRIPTS = {
  { "irqslow", "--json", "-u", "5" },
  { "irqslow", "-u", "5" },
  { "softirqs", "-n", "0.02", "--json" },
  { "hardirqs", "-n", "0.02", "--hist" },
  { "ipis", "-n", "0.05", "--json" },
  { "irqstorm", "-n", "0.1" },
  { "irqheat", "-n", "0.1" },
}

-- A step of the heap, not growth: malloc and LuaJIT take memory in pieces.
local STEP_KIB = 192

-- Disks, timers and the network, at the pace of a machine in use.
local LOAD = [[
  package.path = %q .. package.path
  local load = require "load"
  set_interval(function() load.datagrams(20) end, 10)]]

local function resident_kib(pid)
  local file = io.open(("/proc/%d/status"):format(pid))
  local text = file and file:read("*a") or ""
  if file then
    file:close()
  end
  return tonumber(text:match "VmRSS:%s+(%d+)")
end

-- To nowhere, by the shell: what is printed is not this process' to keep.
local function start(words)
  return proc.start("/bin/sh", { "-c", "exec \"$SHARK\" \"$@\" >/dev/null", "sh", unpack(words) },
    { env = { "SHARK=" .. proc.shark, "PATH=" .. os.getenv "PATH" } })
end

local function peak(samples, from, to)
  local most = 0
  for i = math.floor(#samples * from) + 1, math.floor(#samples * to) do
    most = math.max(most, samples[i])
  end
  return most
end

-- The first quarter warms up: traces are compiled, buffers and tables get their size.
local function verdict(script)
  local before, last = peak(script.samples, 0.25, 0.75), peak(script.samples, 0.75, 1)
  local grown = last - before
  print(("%-28s at %5d KiB after a quarter, peak %5d until three quarters, %5d in the last: %s"):format(
    table.concat(script.words, " "), script.samples[math.max(1, math.floor(#script.samples / 4))] or 0, before, last,
    grown > STEP_KIB and ("GROWS, %d KiB"):format(grown) or "levels off"))
  return grown <= STEP_KIB
end

local children = {}
for _, words in ipairs(SCRIPTS) do
  children[#children + 1] = { words = words, child = start(words), samples = {} }
end
local load_child = proc.start(proc.shark, { "-e", LOAD:format(package.path:match "^[^;]*;") })

-- None of them outlives this process.
local function end_all()
  for _, script in ipairs(children) do
    if not script.child.status then
      script.child.kill "sigkill"
    end
  end
  load_child.kill "sigkill"
end

local function watch()
  for _, script in ipairs(children) do
    local kib = resident_kib(script.child.pid)
    if script.child.status or not kib then
      return ("ended early: %s\n%s"):format(table.concat(script.words, " "), script.child.err())
    end
    table.insert(script.samples, kib)
  end
end

local finished = uv.hrtime() + options.seconds * 1e9
local failure
while uv.hrtime() < finished and not failure do
  failure = watch()
  uv.run "nowait"
  uv.sleep(200)
end
end_all()
if failure then
  io.stderr:write("soak: ", failure, "\n")
  os.exit(1)
end

local fine = true
for _, script in ipairs(children) do
  fine = verdict(script) and fine
end
os.exit(fine and 0 or 1)
