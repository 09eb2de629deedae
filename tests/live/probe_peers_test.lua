-- Scripts made of probes beside the tools of libbpf-tools that ask the same, on the same load: a process that does
-- nothing before both are attached.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local json = require "dkjson"
local peers = require "peer"
local proc = require "proc"
local shell = require "shell"
local t = require "t"
local uv = require "uv"

local tests = {}

local WORK = [[
  local uv = require "uv"
  print "ready"
  io.stdout:flush()
  io.open(%q):read()
  %s]]

local function is_asleep(pid)
  local file = assert(io.open(("/proc/%d/stat"):format(pid)))
  local text = file:read "*a"
  file:close()
  return text:find "%) S " ~= nil
end

-- A process that does its work when somebody writes into a FIFO: it waits for that when this returns.
local function new_load(work)
  local fifo = proc.temporary_directory() .. "/go"
  assert(shell.succeeds("mkfifo " .. fifo))
  local child = proc.start(proc.shark, { "-e", WORK:format(fifo, work) })
  child.wait_for "ready"
  while not child.status and not is_asleep(child.pid) do
    uv.sleep(5)
    uv.run "nowait"
  end
  return child, fifo
end

local function reports(out)
  local list = {}
  for line in out:gmatch("[^\n]+") do
    list[#list + 1] = json.decode(line)
  end
  return list
end

-- Both trace while the load works: ours, which is attached later, lets it go.
-- @return table[] reports of ours, string what the tool printed, integer process of the load
local function beside(tool, tool_words, command, work)
  t.needs("root", "tracing", "tracefs")
  local path = shell.libbpf_tool(tool)
  t.skipIf(not uv.fs_stat(path), ("needs %s (libbpf-tools)"):format(tool))
  local load, fifo = new_load(work)
  local theirs = proc.start(path, { "-p", tostring(load.pid), unpack(tool_words) })
  local reason = peers.wait_until_attached(theirs)
  if reason then
    load.kill "sigkill"
    t.skipIf(true, ("%s: %s"):format(tool, reason))
  end
  local go = ("echo > %s; while kill -0 %d 2>/dev/null; do sleep 0.05; done"):format(fifo, load.pid)
  local ours = proc.run_shell(("$SHARK %s --json -- sh -c '%s'"):format((command:gsub("PID", load.pid)), go))
  theirs.kill "sigint"
  t.assertEquals({ load.wait().status, ours.status, ours.err }, { 0, 0, "" })
  return reports(ours.out), theirs.wait().out, load.pid
end

-- A switch is seen by one program after the other, so times differ by what those take.
function tests.test_offcpu_is_offcputime_of_libbpf_tools()
  local ours, theirs = beside("offcputime", {}, "offcpu -p PID",
    "for i = 1, 20 do uv.sleep(20) end")
  local total, their_total = 0, 0
  for _, row in ipairs(ours[#ours].rows) do
    total = total + row.total / 1e3
  end
  for us in theirs:gmatch("%(%d+%)\n%s+(%d+)") do
    their_total = their_total + tonumber(us)
  end
  -- What a timer is set to lasts from before the switch.
  t.assertTrue(total >= 0.9 * 400e3, ("%s of %s us"):format(total, their_total))
  t.assertAlmostEquals(total / their_total, 1, 0.05)
end

function tests.test_tcpconnect_is_that_of_libbpf_tools()
  local ours, theirs, pid = beside("tcpconnect", {}, "tcpconnect", [[
    local server = uv.new_tcp()
    assert(server:bind("127.0.0.1", 0))
    server:listen(16, function() end)
    local port, left = server:getsockname().port, 7
    for i = 1, left do
      local client = uv.new_tcp()
      client:connect("127.0.0.1", port, function()
        client:close()
        left = left - 1
        if left == 0 then server:close() end
      end)
    end]])
  local list, their_list = {}, {}
  for _, line in ipairs(ours) do
    list[#list + 1] = line.pid == pid and ("%s %d"):format(line.address, line.port) or nil
  end
  for address, port in theirs:gmatch(("\n%d%%s+%%S+%%s+4%%s+%%S+%%s+(%%S+)%%s+(%%d+)"):format(pid)) do
    their_list[#their_list + 1] = ("%s %s"):format(address, port)
  end
  t.assertEquals(#list, 7)
  t.assertEquals(list, their_list)
end

function tests.test_latency_is_funclatency_of_libbpf_tools()
  local ours, theirs, pid = beside("funclatency", { "vfs_read" }, "latency 'vfs_read()' -k pid", [[
    local zero = assert(io.open("/dev/zero", "rb"))
    zero:setvbuf "no"
    for i = 1, 300 do zero:read(1) end]])
  local count, their_count = nil, 0
  for _, row in ipairs(ours[#ours].rows) do
    count = row.pid == pid and row.count or count
  end
  for calls in theirs:gmatch("%d+ %-> %d+ +: (%d+)") do
    their_count = their_count + tonumber(calls)
  end
  t.assertTrue(count ~= nil and count >= 300, count)
  t.assertEquals(count, their_count)
end

t.run(tests)
