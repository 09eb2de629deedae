-- Compiles a handler of some 200 bytecodes once, in a process that has compiled nothing yet, and prints how long
-- that took: "NS BYTECODES". Types are looked up before, and modules are there.
local builtins = require "shark.probe.builtins"
local encode = require "shark.probe.encode"
local lower = require "shark.probe.lower"
local maplist = require "shark.probe.maplist"
local probe = require "shark.probe"
local records = require "shark.probe.records"
local types = require "shark.probe.types"
local util = require "jit.util"
local uv = require "uv"

-- luacheck: globals emit now comm cpu

local by_prio, waits, by_comm = probe.count("u64"), probe.hist("comm"), probe.sum("comm", "cpu")
local started, limit = probe.map("u64", "i64"), probe.var(1000)

local function class_of(prio)
  if prio < 100 then return 1 elseif prio < 120 then return 2 elseif prio == 120 then return 3 end
  return 4
end

local function handler(preempt, prev, next, state)
  local from, to = prev.pid, next.pid
  if from ~= 0 then
    started[from] = now()
    by_prio[class_of(prev.prio)]:add()
  end
  local t = started[to]
  if t and to ~= 0 then
    local ns = now() - t
    if ns > limit() then
      waits[comm()]:add(ns)
    end
    if ns > 1000000 and (prev.prio < 120 or next.prio < 120) and not preempt then
      emit { comm = comm(), ns = ns, from = from, to = to, state = state }
    end
    started[to] = nil
  end
  local score, task = 0, prev
  for depth = 1, 6 do
    if task.pid <= 1 then break end
    score = score + task.prio * depth
    if task.prio > 120 and depth > 2 then
      score = score - 20
    elseif task.prio == 120 then
      score = score + 1
    end
    task = task.real_parent
  end
  local low, high = math.min(prev.prio, next.prio), math.max(prev.prio, next.prio)
  if low < high and high - low > 10 or score % 64 == 0 then
    score = score * 2 + (high - low) / 2
  end
  if score > 4096 then score = 4096 end
  by_comm[comm()][cpu()]:add(score + (preempt and 1 or 0))
end

local function bytecodes(fn)
  local n = 0
  while util.funcbc(fn, n) do
    n = n + 1
  end
  return n
end

local point = assert(types.tracepoint "sched_switch")
local args = {}
for i, arg in ipairs(point.args) do
  args[i] = { name = arg.name, type = arg.type, off = (i - 1) * 8 }
  types.target(arg.type)
end
for _, member in ipairs { "pid", "prio", "real_parent" } do
  assert(types.member(assert(types.named "struct task_struct"), member))
end
assert(builtins.has)

collectgarbage "stop" -- as shark.probe has it
local begun = uv.hrtime()
local func = lower.compile { fn = handler, context = { args = args, typed = true, way = "tp_btf", loops = "none" },
  maps = maplist.new(), records = records.new() }
local encoded = assert(encode.func(func))
print(("%.0f %d %d"):format(uv.hrtime() - begun, bytecodes(handler) + bytecodes(class_of), encoded.n))
