--- Fifty handlers of sched_switch, each of one shape: how many instructions the verifier looks at tells
-- whether a change has made paths multiply (tests/live/probe_shapes_test.lua).
local bit = require "bit"
local probe = require "shark.probe"

-- luacheck: globals emit now tid pid cpu uid comm str stack

local M = {}

local n, total, lat, most = probe.count(), probe.sum(), probe.hist(), probe.max()
local by_comm, by_two, hist_by = probe.count("comm"), probe.count("comm", "cpu"), probe.hist("comm")
local least, by_pid = probe.min("cpu"), probe.sum("pid")
local m, m2, single = probe.map("tid", "i64"), probe.map("u64", "u64"), probe.map("cpu", "i64")
local limit = probe.var(4096)
local stacks = probe.count("stack")
local LIST = { 3, 5, 7, 11 }

local function add(name, fn)
  M[#M + 1] = { name = name, fn = fn }
end

local function clamp(x, lo, hi)
  if x < lo then return lo elseif x > hi then return hi end
  return x
end

local function double(x) return x * 2 end

-- ---- counting ----

add("empty", function() end)
add("count", function() n:add() end)
add("count a field", function(_, prev) n:add(prev.prio) end)
add("sum", function(_, prev) total:add(prev.prio) end)
add("histogram", function(_, prev) lat:add(prev.pid) end)
add("largest", function(_, prev) most:add(prev.pid) end)
add("least by cpu", function(_, prev) least[cpu()]:add(prev.pid) end)
add("count by comm", function() by_comm[comm()]:add() end)
add("count by two keys", function() by_two[comm()][cpu()]:add() end)
add("histogram by comm", function(_, prev) hist_by[comm()]:add(prev.pid) end)
add("sum by a field", function(_, prev, next) by_pid[prev.pid]:add(next.prio) end)
add("count by stack", function() stacks[stack()]:add() end)
add("three aggregates", function(_, prev)
  n:add()
  lat:add(prev.pid)
  by_comm[comm()]:add()
end)

-- ---- conditions ----

add("a filter", function(_, prev) if prev.pid > 100 then n:add() end end)
add("a filter by name", function() if comm() == "shark" then n:add() end end)
add("and", function(_, prev, next) if prev.pid > 100 and next.pid > 100 and prev.prio < 120 then n:add() end end)
add("or", function(_, prev, next) if prev.pid == 1 or next.pid == 1 or prev.prio == 100 then n:add() end end)
add("and or", function(_, prev, next) lat:add(prev.pid > 0 and prev.pid or next.pid > 0 and next.pid or 7) end)
add("else if", function(_, prev)
  local p = prev.prio
  if p < 100 then n:add(1) elseif p < 120 then n:add(2) elseif p == 120 then n:add(3) else n:add(4) end
end)
add("a boolean", function(_, prev, next)
  local same = prev.prio == next.prio
  if not same then n:add() end
end)
add("an early return", function(_, prev)
  if prev.pid == 0 then return end
  lat:add(prev.pid)
end)
add("goto", function(_, prev)
  if prev.pid == 0 then goto done end
  n:add()
  ::done::
end)
add("12 ifs before a histogram", function(_, prev, next)
  local p, q, s = prev.pid, next.pid, 0
  if p > 1 then s = s + 1 end if p > 2 then s = s + 2 end if p > 3 then s = s + 3 end
  if p > 4 then s = s + 4 end if p > 5 then s = s + 5 end if p > 6 then s = s + 6 end
  if q > 1 then s = s + 7 end if q > 2 then s = s + 8 end if q > 3 then s = s + 9 end
  if q > 4 then s = s + 10 end if q > 5 then s = s + 11 end if q > 6 then s = s + 12 end
  lat:add(s)
end)
add("12 ifs and a comparison", function(_, prev, next)
  local p, q, s = prev.pid, next.pid, 0
  if p > 1 then s = s + 1 end if p > 2 then s = s + 2 end if p > 3 then s = s + 3 end
  if p > 4 then s = s + 4 end if p > 5 then s = s + 5 end if p > 6 then s = s + 6 end
  if q > 1 then s = s + 7 end if q > 2 then s = s + 8 end if q > 3 then s = s + 9 end
  if q > 4 then s = s + 10 end if q > 5 then s = s + 11 end if q > 6 then s = s + 12 end
  if s > 30 then n:add() end
end)
add("8 ifs whose sum ends a loop", function(_, prev, next)
  local p, q, s = prev.pid, next.pid, 0
  if p > 1 then s = s + 1 end if p > 2 then s = s + 2 end if p > 3 then s = s + 3 end if p > 4 then s = s + 4 end
  if q > 1 then s = s + 5 end if q > 2 then s = s + 6 end if q > 3 then s = s + 7 end if q > 4 then s = s + 8 end
  for i = 1, 16 do
    if i > s then break end
    n:add()
  end
end)

-- ---- maps ----

add("set", function(_, _, next) m[next.pid] = now() end)
add("get", function(_, prev) local t = m[prev.pid] if t then lat:add(t) end end)
add("delete", function(_, prev) m[prev.pid] = nil end)
add("get or", function(_, prev) lat:add(m[prev.pid] or 1) end)
add("add to an element", function(_, prev) single[cpu()] = (single[cpu()] or 0) + prev.prio end)
add("start and stop", function(_, prev, next)
  m[prev.pid] = now()
  local t = m[next.pid]
  if t then
    lat:add(now() - t)
    m[next.pid] = nil
  end
end)
add("start and stop by comm", function(_, prev, next)
  m[prev.pid] = now()
  local t = m[next.pid]
  if t then
    hist_by[comm()]:add(now() - t)
    m[next.pid] = nil
  end
end)
add("6 maps tested at the end", function(_, prev, next)
  local a, b, c = m[prev.pid], m[next.pid], m[prev.prio]
  local d, e, f = m2[prev.tgid], m2[next.tgid], m2[next.prio]
  if a and b and c then n:add() end
  if d and e and f then n:add() end
end)
add("a variable of the script", function(_, prev) if prev.pid > limit() then n:add() end end)

-- ---- arithmetic ----

add("division", function(_, prev, next) lat:add(prev.prio / (next.prio + 1) + prev.pid % 7) end)
add("division by constants", function(_, prev) lat:add(prev.pid / 8 + prev.pid / 1000 + prev.pid % 16) end)
add("bits", function(_, prev) lat:add(bit.band(bit.rshift(prev.flags, 3), 255) + bit.lshift(prev.prio, 2)) end)
add("extremes", function(_, prev, next) lat:add(math.max(prev.prio, next.prio) - math.min(prev.pid, next.pid)) end)
add("inlined functions", function(_, prev) lat:add(double(clamp(double(prev.pid), 10, 1000))) end)
add("nested inlining", function(_, prev, next)
  lat:add(clamp(clamp(prev.pid, 1, 100) + clamp(next.pid, 1, 100), 10, 150))
end)

-- ---- loops ----

add("a loop", function(_, prev) local s = 0 for i = 1, 8 do s = s + prev.prio * i end lat:add(s) end)
add("a loop that breaks", function(_, prev)
  for i = 1, 16 do
    if i > prev.prio then break end
    n:add(i)
  end
end)
add("nested loops", function(_, prev)
  local s = 0
  for i = 1, 4 do for j = 1, 4 do if prev.prio > i * j then s = s + 1 end end end
  lat:add(s)
end)
add("a chain of parents", function(_, prev)
  local task = prev
  for i = 1, 8 do
    if task.pid == 1 then lat:add(i) break end
    task = task.real_parent
  end
end)
add("a list unrolled", function(_, prev)
  for i, prime in ipairs(LIST) do
    if prev.pid % prime == 0 then n:add(i) end
  end
end)
add("swaps in a loop", function(_, prev, next)
  local a, b, c = prev.pid, next.pid, prev.prio
  for _ = 1, 6 do
    if a > b then a, b = b, a end
    b, c = c, b
  end
  lat:add(a)
end)

-- ---- objects and events ----

add("members of members", function(_, prev) n:add(prev.real_parent.real_parent.pid) end)
add("a pointer that may be nil", function(_, prev) local mm = prev.mm if mm then n:add(mm.map_count) end end)
add("an event", function(_, prev, next) emit { comm = comm(), prev = prev.pid, next = next.pid } end)
add("an event in ifs", function(_, prev, next)
  if prev.pid > 1 then emit { comm = str(prev.comm), prio = prev.prio } end
  if next.pid > 1 then emit { comm = str(next.comm), prio = next.prio } end
  if prev.prio ~= next.prio then emit { comm = comm(), prio = prev.prio } end
end)

return M
