--- What it costs to take events out of a full ring, in Lua: the same work as
--- tests/bench/drain.c. Arguments: the flood program; "on", an event at a time, or
--- "on_batch".
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local bit = require "bit"
local ffi = require "ffi"
local irq = require "shark.irq"
local shell = require "shell"

ffi.cdef [[
struct timespec_of_bench { long seconds, ns; };
int clock_gettime(int clock, struct timespec_of_bench *ts);
]]

local RING_BYTES, FRAMES, ROUNDS = 64 * 1024 * 1024, 400 * 1000, 5
local CLOCK_PROCESS_CPUTIME_ID = 2
local BUCKETS, BUCKET_NS, BUCKET_BITS = 1024, 64, 6

local function cpu_ns()
  local ts = ffi.new("struct timespec_of_bench")
  ffi.C.clock_gettime(CLOCK_PROCESS_CPUTIME_ID, ts)
  return tonumber(ts.seconds) * 1e9 + tonumber(ts.ns)
end

local session = assert(irq.softirq { wait = false, context = false, ring_bytes = RING_BYTES })
-- Signed: LuaJIT adds what is unsigned as floating point, at twice the time.
local counts = ffi.new("int32_t[?]", BUCKETS)
local n, sum, longest = 0, 0, 0

local handlers = {}

function handlers.on(event)
  local ns = tonumber(event.ns)
  local bucket = ns < BUCKETS * BUCKET_NS and bit.rshift(ns, BUCKET_BITS) or BUCKETS - 1
  n = n + 1
  sum = sum + ns
  longest = math.max(longest, ns)
  counts[bucket] = counts[bucket] + 1
end

function handlers.on_batch(events, size)
  local batch_sum, batch_longest = 0, longest
  for i = 0, size - 1 do
    local ns = tonumber(events[i].ns)
    local bucket = ns < BUCKETS * BUCKET_NS and bit.rshift(ns, BUCKET_BITS) or BUCKETS - 1
    batch_sum = batch_sum + ns
    batch_longest = math.max(batch_longest, ns)
    counts[bucket] = counts[bucket] + 1
  end
  n, sum, longest = n + size, sum + batch_sum, batch_longest
end

assert(session[arg[2]](session, handlers[arg[2]]))

-- Blocks, so that the loop takes nothing out meanwhile.
for _ = 1, ROUNDS do
  assert(shell.succeeds(("%s -n %d >/dev/null"):format(arg[1], FRAMES)))
  local before, start = n, cpu_ns()
  session:drain()
  print(("ns_per_event %.3f events %d"):format((cpu_ns() - start) / (n - before), n - before))
end
assert(session:loss().ring_drops == 0, "the ring was too small")
session:close()
