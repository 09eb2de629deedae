-- What packaged scripts print with --json is JSON to others, too: python3's parser, which
-- is told to take no field twice, no NaN and no infinity.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local proc = require "proc"
local t = require "t"

local STRICT = [[
import json, sys
def once(pairs):
    names = [name for name, _ in pairs]
    assert len(names) == len(set(names)), "twice in one object: %s" % names
    return dict(pairs)
def never(word):
    raise ValueError(word)
lines = sys.stdin.buffer.read().decode("utf-8").splitlines()
assert lines, "nothing was printed"
for line in lines:
    json.loads(line, object_pairs_hook=once, parse_constant=never)
]]

local tests = {}

-- Reads of the file system, and what a packaged script shows of them.
local LOAD = "-- sh -c 'cat /proc/interrupts /etc/passwd > /dev/null; sync; sleep 0.4'"
local MORE = { irqslow = "-u 0 --kind hardirq", ["virtblk-slow"] = "-u 0", ["remap-trace"] = "--matrix --stack",
  affinity = "-a", virtblk = "-k queue", args = "sched_switch", count = "'block_*' -k comm",
  latency = "sched_wakeup --to sched_switch -k comm", trace = "sched_switch -f comm -f prio=next.prio" }

local function check(name, arguments)
  local path = proc.temporary_directory() .. "/strict.py"
  proc.write_file(path, STRICT)
  local result = proc.run_shell(("$SHARK %s --json %s > %s.out; echo $?; python3 %s < %s.out"):format(name, arguments,
    path, path, path))
  t.assertEquals({ result.out, result.err, result.status }, { "0\n", "", 0 }, name)
end

for name in proc.run_shark("--list").out:gmatch("(%S+)[^\n]*\n") do
  local help = name ~= "hello" and name ~= "ticks" and proc.run_shark(name, "--help").out or ""
  if help:find("--json", 1, true) then
    tests["test_" .. name] = function()
      t.needs("root", "tracing")
      check(name, help:find("--interval", 1, true) and ("-n 0.1 %s %s"):format(MORE[name] or "", LOAD)
        or MORE[name] or "")
    end
  end
end

function tests.test_disks()
  t.needs("root")
  check("virtblk", "--disks")
end

t.run(tests)
