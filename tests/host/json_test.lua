-- What packaged scripts print with --json is JSON to others, too: to python3's parser, which is told to take no
-- field twice, no NaN and no infinity; and it is what docs/schema.json says. And when all is attached, they may do
-- no more than reading needs.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local capabilities = require "capabilities"
local proc = require "proc"
local t = require "t"

local tests = {}

-- Reads of the file system, and what a packaged script shows of them.
local LOAD = "cat /proc/interrupts /etc/passwd > /dev/null; sync; sleep 0.4"
local MORE = { irqslow = "-u 0 --kind hardirq", ["virtblk-slow"] = "-u 0", ["remap-trace"] = "--matrix --stack",
  affinity = "-a", virtblk = "-k queue", args = "sched_switch", count = "'block_*' -k comm",
  latency = "sched_wakeup --to sched_switch -k comm", trace = "sched_switch -f comm -f prio=next.prio" }

local directory = proc.temporary_directory()
local CHECK, SCHEMA = arg[0]:gsub("[^/]+/[^/]+$", "lib/check_json.py"), "docs/schema.json"

-- What each prints, and how it ended.
local results, arguments = {}, {
  ["virtblk --disks"] = "virtblk --disks --json", ["help hardirqs"] = "help hardirqs --json",
}
for name in proc.run_shark("--list").out:gmatch("(%S+)[^\n]*\n") do
  local help = name ~= "hello" and name ~= "ticks" and proc.run_shark(name, "--help").out or ""
  local traces = help:find("--interval", 1, true)
  if help:find("--json", 1, true) then
    arguments[name] = ("%s --json %s %s"):format(name, traces and "-n 0.1" or "", MORE[name] or "")
    arguments[name] = arguments[name] .. (traces and " -- sh -c '%s'" or "")
  end
end

-- Where there is no pipeline, nothing is traced, and no command runs.
arguments.pipeline = "pipeline --json"

-- In a folder of its own, so that the file is called as the script is.
local function path_of(name)
  local folder = ("%s/%s"):format(directory, name:gsub(" ", "-"))
  os.execute("mkdir " .. folder)
  return ("%s/%s"):format(folder, name:match "%S+")
end

local function run_all()
  local paths = {}
  for name, words in pairs(arguments) do
    local path = path_of(name)
    local command = words:format(capabilities.watch(path .. ".caps") .. LOAD)
    results[name] = proc.run_shell(("$SHARK %s > %s"):format(command, path))
    results[name].path, paths[#paths + 1] = path, path
  end
  return proc.run("/usr/bin/env", { "python3", CHECK, SCHEMA, unpack(paths) })
end

local checked
local function result_of(name)
  checked = checked or run_all()
  t.assertEquals({ checked.status, checked.err }, { 0, "" })
  return results[name]
end

for name, words in pairs(arguments) do
  tests["test_" .. name] = function()
    t.needs("root", "tracing")
    local result = result_of(name)
    t.assertEquals({ result.err, result.status }, { "", 0 }, name)
    t.assertNotStrContains(checked.out, result.path .. "\t")
    if words:find(" -- ", 1, true) then
      capabilities.assert_only(result.path .. ".caps", { "CAP_KILL", "CAP_SYSLOG", "CAP_PERFMON", "CAP_BPF" })
    end
  end
end

t.run(tests)
