-- Each row of the language's table: a handler of it loads on this kernel, by a typed and by an untyped way.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local builtins = require "shark.probe.builtins"
local loading = require "loading"
local probe = require "shark.probe"
local t = require "t"

local tests = {}

local function load_both(fn, on)
  for _, way in ipairs { "tp_btf", "raw_tp" } do
    local ok, loaded = pcall(loading.load, fn, { on = on or "sched_switch", way = way })
    t.assertTrue(ok, ok or (way .. ": " .. tostring(loaded)))
    if ok then
      loaded.program:close()
      loaded.maps:close()
    end
  end
end

local n, h, by, hby = probe.count(), probe.hist(), probe.count("comm", "pid"), probe.hist("comm")
local m, most, least, total = probe.map("tid", "u64"), probe.max(), probe.min("cpu"), probe.sum("comm")
local limit = probe.var(4096)

function tests.test_counting()
  load_both(function() n:add() end)
  load_both(function(_, prev) h:add(prev.pid) end)
  load_both(function(_, prev) by[comm()][prev.pid]:add(2) end)
  load_both(function(_, prev) hby[comm()]:add(prev.pid) end)
  load_both(function(_, prev, next) most:add(prev.pid); least[cpu()]:add(next.pid); total[comm()]:add(1) end)
end

function tests.test_maps()
  load_both(function(_, prev, next)
    m[next.pid] = now()
    local since = m[prev.pid]
    if since and now() - since > limit() then
      h:add(now() - since)
      m[prev.pid] = nil
    end
  end)
end

local by_irq, by_all = probe.count("irq"), probe.hist("irq", "vector", "mine:softirq")

function tests.test_what_runs_here()
  load_both(function() emit { hard = in_hardirq(), soft = in_softirq(), nmi = in_nmi() } end)
  load_both(function() by_irq[irq()]:add() end)
  load_both(function(_, prev) by_all[irq()][vector()][softirq()]:add(prev.pid) end)
  load_both(function()
    local here = softirq()
    if here and here ~= 3 then emit { soft = here, irq = irq(), vector = vector() or -1, again = softirq() } end
    for i = 1, 3 do
      local number = irq()
      if number and number > 30 + i then by_irq[number]:add() end
    end
  end)
end

function tests.test_members_by_pointers_arrays_and_bits()
  load_both(function(_, prev, next)
    emit {
      pid = prev.pid, parent = prev.real_parent.pid, up = prev.real_parent.real_parent.comm, state = next.prio,
      comm = str(next.comm), first = next.comm[0], mm = next.mm, same = prev == next, no_mm = prev.mm == nil,
      bit = prev.sched_reset_on_fork, address = prev,
    }
  end)
end

function tests.test_pointers_that_may_be_nil()
  load_both(function(_, prev)
    local mm = prev.mm
    if mm then
      h:add(mm.map_count)
    end
    local parent = mm and prev.real_parent or nil
    if parent then emit { pid = parent.pid } end
  end)
end

function tests.test_a_chain_of_parents()
  load_both(function(_, prev)
    local task = prev
    for i = 1, 8 do
      if task.pid == 1 then h:add(i) break end
      task = task.real_parent
    end
  end)
end

function tests.test_a_variable_index()
  load_both(function(_, prev)
    local sum = 0
    for i = 0, 15 do
      local c = prev.comm[i]
      if c == 0 then break end
      sum = sum + c
    end
    h:add(sum)
    h:add(prev.comm[bit.band(prev.pid, 7)])
    h:add(prev.comm[prev.pid]) -- anywhere
  end)
end

function tests.test_texts()
  load_both(function(_, prev, next)
    if comm() == "bash" or str(next.comm) ~= "sh" or prev.comm == "swapper/0" then
      by[prev.comm][1]:add()
      by[str(next.comm, 8)][2]:add()
      emit { a = str(prev.comm), b = str(next.comm, 64), c = prev.pid > 3 and "large" or "small", d = "x" }
    end
  end)
end

function tests.test_stacks()
  local stacks = probe.count("stack", "ustack")
  load_both(function() stacks[stack()][ustack()]:add(); emit { k = stack(), u = ustack() } end)
end

function tests.test_loops_and_tables()
  local primes = { 2, 3, 5, 7 }
  load_both(function(_, prev)
    local sum = 0
    for _, p in ipairs(primes) do
      if prev.pid % p == 0 then sum = sum + p end
    end
    for i = 1, 64 do
      if i > prev.prio then break end
      sum = sum + i / 3 + bit.bxor(sum, i)
    end
    h:add(math.min(sum, 100, prev.pid))
    h:add(math.abs(math.max(sum, prev.pid)))
  end)
end

function tests.test_loops_with_an_end_known_at_run_time()
  local ok, message = pcall(loading.load, function(_, prev)
    local sum = 0
    for i = 1, prev.prio do
      sum = sum + i
    end
    while sum > 3 do
      sum = sum / 2
      n:add()
    end
    repeat sum = sum + 1 until sum > prev.pid
    h:add(sum)
  end, { on = "sched_switch", loops = "may_goto" })
  if not ok and tostring(message):find "unknown opcode" or tostring(message):find "jmp" then
    t.skip "this kernel has no may_goto"
  end
  t.assertTrue(ok, ok or message)
end

function tests.test_inlined_functions()
  local function larger(a, b)
    if a > b then return a end
    return b
  end
  local function pid_of(task)
    return task and task.pid or 0
  end
  load_both(function(_, prev, next) h:add(larger(pid_of(prev), larger(pid_of(next), 3))) end)
end

function tests.test_has_and_cast()
  load_both(function(_, prev)
    if builtins.has(prev, "no_such_member") then emit { x = prev.no_such_member } end
    local copy = builtins.cast(prev, "struct task_struct")
    emit { pid = copy.pid, through = builtins.cast(bit.bor(prev.pid, 0), "struct task_struct").pid }
  end)
end

function tests.test_numbers_met_on_many_ways()
  load_both(function(_, prev, next)
    local sum = 0
    if prev.pid > 1 then sum = sum + 1 end
    if prev.prio > 2 then sum = sum + 2 end
    if prev.pid > 3 then sum = sum + 3 end
    if next.prio > 4 then sum = sum + 4 end
    if prev.pid > 5 then sum = sum + 5 end
    if next.pid > 6 then sum = sum + 6 end
    if prev.pid > 7 then sum = sum + 7 end
    if next.pid > 8 then sum = sum + 8 end
    if prev.pid > 9 then sum = sum + 9 end
    if next.pid > 10 then sum = sum + 10 end
    if prev.pid > 11 then sum = sum + 11 end
    if next.pid > 12 then sum = sum + 12 end
    if sum < 20 then h:add(sum) end
  end)
end

function tests.test_records_of_classic_tracepoints()
  local loaded = loading.load(function(e)
    if e.prev_comm == "bash" then n:add() end
    by[e.next_comm][e.next_pid]:add(e.prev_prio)
    emit { state = e.prev_state, comm = str(e.prev_comm) }
  end, { record = { "sched", "sched_switch" } })
  loaded.program:close()
end

function tests.test_texts_at_the_end_of_a_record()
  local loaded = loading.load(function(e)
    by[str(e.filename)][e.pid]:add()
    emit { file = str(e.filename, 64) }
  end, { record = { "sched", "sched_process_exec" } })
  loaded.program:close()
end

t.run(tests, "root", "tracing")
