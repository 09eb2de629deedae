-- The same load under shark and under libbpf-tools' biolatency: the totals agree,
-- and what each adds to a request is printed.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local disk_load = require "disk"
local peers = require "peer"
local proc = require "proc"
local shell = require "shell"
local t = require "t"
local uv = require "uv"
local virtblk = require "shark.virtblk"
local virtio = require "shark.system.virtio"

local READS = 2003
local STATS = "/proc/sys/kernel/bpf_stats_enabled"
local tests = {}

local BIOLATENCY = shell.libbpf_tool "biolatency"

-- Nanoseconds that these programs ran until now.
local function cost(ids, now)
  local ns = 0
  for _, id in ipairs(ids) do
    ns = ns + (now[id] and now[id].run_time_ns or 0)
  end
  return ns
end

local function with_statistics(work)
  local file = assert(io.open(STATS, "w"))
  file:write("1")
  file:close()
  local ok, message = xpcall(work, debug.traceback)
  file = assert(io.open(STATS, "w"))
  file:write("0")
  file:close()
  if not ok then
    error(message, 0)
  end
end

local function stat(disk)
  local counts = virtio.completed(disk.device)
  return counts.read + counts.write + (counts.discard or 0) + (counts.flush or 0)
end

local function total_of(histogram)
  local total = 0
  for count in histogram:gmatch("%d+ %-> %d+ +: (%d+)") do
    total = total + tonumber(count)
  end
  return total
end

-- One window for both, but for what came while the other attached; nil if a request of
-- others came while it was opened or closed, or with the reason why the other does not run.
local function measure(disk)
  local none, first = peers.programs(), stat(disk)
  local peer = proc.start(BIOLATENCY, { "-d", disk.device })
  local reason = peers.wait_until_attached(peer)
  if reason then
    return nil, "biolatency: " .. reason
  end
  local start = stat(disk)
  local with_peer = peers.programs()
  local session, message = virtblk.requests { device = disk.device }
  t.assertNotNil(session, message)
  local with_both = peers.programs()
  local quiet = stat(disk) == start
  local _, hidden = disk_load.direct_reads(disk, READS)
  local finish = stat(disk)
  session:stop()
  local seen = 0
  for _, row in ipairs(session:read()) do
    seen = seen + (row.what == "request" and row.count or 0)
  end
  local now = peers.programs()
  peer.kill("sigint")
  local out = peer.wait().out
  quiet = quiet and stat(disk) == finish
  local result = quiet and {
    seen = seen, peer = total_of(out), hidden = hidden, of_others = start - first,
    way = session:how().way,
    cost = cost(peers.added(with_both, with_peer), now) / seen,
    peer_cost = cost(peers.added(with_peer, none), now) / seen,
  }
  session:close()
  return result
end

function tests.test_totals_agree()
  local disk = t.needs("root", "tracing", "bpftool", "disk")
  t.skipIf(not uv.fs_stat(BIOLATENCY), "needs biolatency (libbpf-tools)")
  t.skipIf(not io.open(STATS), "needs " .. STATS)
  local result, reason
  with_statistics(function()
    for _ = 1, 50 do
      result, reason = measure(disk)
      if result or reason then
        break
      end
    end
  end)
  t.skipIf(reason, reason)
  t.assertNotNil(result, "the disk was never quiet")
  print(("# %d requests; shark (%s) %.0f ns each, biolatency %.0f ns each")
    :format(result.seen, result.way, result.cost, result.peer_cost))
  -- What a kernel hides from programs, it hides from both, but not at the same moments.
  local more = result.peer - result.seen
  t.assertTrue(more >= -result.hidden and more <= result.hidden + result.of_others,
    ("shark %d, biolatency %d, hidden %d, before shark %d"):format(result.seen, result.peer, result.hidden,
      result.of_others))
  t.assertTrue(result.seen >= READS - result.hidden)
end

t.run(tests)
