-- What goes wrong around a trace: a killed shark, types that cannot be read.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local json = require "dkjson"
local patience = require "patience"
local proc = require "proc"
local t = require "t"

local tests = {}

local function shell(command, ...)
  local result = proc.run_shell(command:format(...))
  t.assertEquals({ result.status, result.err }, { 0, "" }, command)
  return result.out
end

-- ---- a killed shark ----

-- bpftool makes objects of its own while it looks; these are not they.
local function is_of_shark(kind, object)
  local name = object.name or ""
  return kind == "link" or name:find "^hardirq" or name:find "^on_" or
    name == "rows" or name == "cpus" or name == "claims" or name == "events"
end

-- Programs, maps and links in the kernel that are shark's, or can be.
local function bpf_objects()
  local ids = {}
  for _, kind in ipairs { "prog", "map", "link" } do
    for _, object in ipairs(json.decode(shell("bpftool -j %s list", kind)) or {}) do
      if is_of_shark(kind, object) then
        ids[#ids + 1] = ("%s %d %s"):format(kind, object.id, object.name or "")
      end
    end
  end
  return table.concat(ids, "\n")
end

local function test_killed(way)
  t.needs("root", "tracing", "bpftool")
  if way == "tp" then
    t.needs "tracefs"
  end
  -- The kernel frees what a session had a moment after it is gone.
  patience.wait_until("earlier sessions to be freed", function() return bpf_objects() == "" end)
  local child = proc.start(proc.shark, { "hardirqs", "--way", way, "-n", "0.1" })
  child.wait_for("MAX-US since the start")
  t.assertStrContains(bpf_objects(), "on_entry")
  t.assertStrContains(bpf_objects(), "rows")
  child.kill("sigkill")
  t.assertEquals(child.wait().signal, 9)
  patience.wait_until("what the killed shark had to be freed", function() return bpf_objects() == "" end)
end

for _, way in ipairs { "tp_btf", "raw_tp", "tp" } do
  tests["test_a_killed_shark_leaves_nothing_attached_by_" .. way] = function()
    test_killed(way)
  end
end

-- ---- types that are hidden ----

-- Only the classic tracepoint asks for none.
function tests.test_types_that_cannot_be_read()
  t.needs("root", "tracing", "tracefs")
  local result = proc.run_shell("unshare -m sh -c 'mount -t tmpfs none /sys/kernel/btf && " ..
    "exec $SHARK hardirqs -d 0.2 --json'")
  t.assertEquals({ result.status, result.err }, { 0, "" })
  local how = json.decode(result.out).attached
  t.assertEquals({ how.way, #how.refused }, { "tp", 2 })
  t.assertStrContains(how.refused[1].reason, "/sys/kernel/btf/vmlinux")
end

t.run(tests)
