-- shark.probe: handlers written in Lua, compiled, attached, and what comes of them; on system calls that
-- only this process makes, so that each count is exact.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local features = require "shark.probe.features"
local json = require "shark.json"
local load = require "probe_load"
local probe = require "shark.probe"
local t = require "t"

local tests = {}

local WHO, NR = load.WHO, load.NR

-- Gives back what a test opened, also when it fails.
local opened = {}

local function open(...)
  t.needs("root", "tracing")
  local session = assert(probe.on(...))
  opened[#opened + 1] = session
  return session
end

local function test(name, run)
  tests["test_" .. name] = function()
    local ok, message = xpcall(run, function(m) return m end)
    for i = #opened, 1, -1 do
      opened[i]:close()
      opened[i] = nil
    end
    if not ok then
      error(message, 0)
    end
  end
end

-- ---- counting ----

test("a_tracepoint_with_its_arguments_counts_exactly", function()
  local n = probe.count()
  local s = open("sys_enter", function(regs, id)
    if id == NR and regs.si == WHO then n:add() end
  end)
  load.calls(1000)
  t.assertEquals(n:read(), { { count = 1000 } })
  t.assertEquals(tostring(s:how()), "tp_btf, the best way")
  t.assertEquals(tostring(s:loss()):match "^nothing[^%d]*$" ~= nil, true, tostring(s:loss()))
end)

test("each_way_counts_the_same", function()
  local btf, raw, record = probe.count(), probe.count(), probe.count()
  open("tp_btf:sys_enter", function(regs, id) if id == NR and regs.si == WHO then btf:add() end end)
  local s = open("raw_tp:sys_enter", function(regs, id) if id == NR and regs.si == WHO then raw:add() end end)
  open("syscalls:sys_enter_getpriority", function(r) if r.who == WHO then record:add() end end)
  load.calls(500)
  t.assertEquals({ btf:read()[1].count, raw:read()[1].count, record:read()[1].count }, { 500, 500, 500 })
  t.assertEquals(tostring(s:how()), "raw_tp, as asked for")
end)

local function on_call(handler)
  return open("syscalls:sys_enter_getpriority", handler)
end

test("keys_are_read_by_their_names", function()
  local n, all = probe.count("comm", "which", "file:text(8)"), probe.sum("cpu")
  on_call(function(r)
    if r.who == WHO then
      n[comm()][r.which]["x"]:add(3)
      all[cpu()]:add(7)
    end
  end)
  load.calls(10)
  local rows, total = n:read(), 0
  t.assertEquals({ #rows, rows[1].which, rows[1].file, rows[1].count }, { 1, 0, "x", 30 })
  t.assertEquals(type(rows[1].comm), "string")
  for _, row in ipairs(all:read()) do
    total = total + row.total
  end
  t.assertEquals(total, 70)
end)

test("histograms_have_each_value_once", function()
  local plain, keyed, i = probe.hist(), probe.hist("which"), probe.map("slot", "i64")
  on_call(function(r)
    if r.who == WHO then
      local at = i[0] or 0
      plain:add(at)
      keyed[r.which]:add(at)
      i[0] = at + 1
    end
  end)
  load.calls(100)
  local row = plain:read()[1]
  t.assertEquals({ row.count, row.hist:percentile(100) }, { 100, 103 })
  t.assertEquals(json.encode(keyed:read()[1].hist), json.encode(row.hist))
  t.assertEquals({ #keyed:read(), keyed:read()[1].count }, { 1, 100 })
end)

test("extremes", function()
  local big, small, i = probe.max(), probe.min("which"), probe.map("slot", "i64")
  on_call(function(r)
    if r.who == WHO then
      local at = (i[0] or 0) - 5
      big:add(at)
      small[r.which]:add(at)
      i[0] = at + 6
    end
  end)
  load.calls(20)
  t.assertEquals(big:read(), { { max = 14, count = 20 } })
  t.assertEquals(small:read(), { { which = 0, min = -5, count = 20 } })
end)

test("a_variable_changes_what_runs", function()
  local limit, n = probe.var(1), probe.count()
  on_call(function(r) if r.who == WHO and limit() > 5 then n:add() end end)
  load.calls(10)
  limit:set(6)
  load.calls(3)
  limit:set(-1)
  load.calls(4)
  t.assertEquals(n:read()[1].count, 3)
end)

test("scripts_fill_maps_and_take_from_them", function()
  local watched, n = probe.map("who:u64", "u64"), probe.count()
  on_call(function(r) if watched[r.who] then n:add() end end)
  load.calls(5)
  assert(watched:set(WHO, 1))
  load.calls(7)
  watched:delete(WHO)
  load.calls(5)
  t.assertEquals(n:read()[1].count, 7)
end)

test("what_came_since_and_what_was_cleared", function()
  local n = probe.count("which")
  on_call(function(r) if r.who == WHO then n[r.which]:add() end end)
  load.calls(5)
  local before = n:read()[1]
  load.calls(8)
  t.assertEquals(n:since(n:read()[1], before), { which = 0, count = 8 })
  assert(n:clear())
  t.assertEquals(n:read(), {})
  load.calls(2)
  t.assertEquals(n:read()[1].count, 2)
end)

test("several_sessions_count_in_one", function()
  local n = probe.count()
  local function count(r) if r.who == WHO then n:add() end end
  on_call(count)
  local second = on_call(count)
  load.calls(10)
  second:close()
  load.calls(10)
  t.assertEquals(n:read()[1].count, 30)
end)

test("a_session_that_nobody_keeps_counts_on", function()
  t.needs("root", "tracing")
  local n = probe.count()
  assert(probe.on("syscalls:sys_enter_getpriority", function(r) if r.who == WHO then n:add() end end))
  collectgarbage()
  collectgarbage()
  load.calls(10)
  t.assertEquals(n:read()[1].count, 10)
  for _, session in ipairs(require("shark.probe.session").running()) do
    session:close()
  end
  load.calls(10)
  t.assertEquals(n:read()[1].count, 10)
end)

-- ---- events ----

local function sends(r)
  if r.who == WHO then
    emit { who = r.who, name = comm(), at = 0xffff888101234567ULL, ok = r.which == 0 }
  end
end

test("events_have_what_was_sent", function()
  local s, copies = on_call(sends), {}
  s:on(function(e)
    t.assertEquals({ e.who, type(e.name), e.at == 0xffff888101234567ULL, e.ok }, { WHO, "string", true, true })
    copies[#copies + 1] = e:copy()
  end)
  load.calls(50)
  s:drain()
  t.assertEquals(#copies, 50)
  t.assertEquals({ copies[1].who, copies[50].who, copies[7].ok }, { WHO, WHO, true })
end)

-- Not by the record of a system call: until 6.x the kernel has no stack for programs there.
test("stacks_are_sent_and_are_keys", function()
  local by, copy = probe.count("stack"), nil
  local s = open("sys_enter", function(regs, id)
    if id == NR and regs.si == WHO then
      by[stack()]:add()
      emit { from = stack() }
    end
  end)
  s:on(function(e) copy = e:copy() end)
  load.calls(10)
  s:drain()
  t.assertStrContains(copy.from:folded(), "do_syscall_64")
  local rows = by:read()
  t.assertEquals({ #rows, rows[1].count, rows[1].stack:folded() }, { 1, 10, copy.from:folded() })
end)

test("a_run_that_the_kernel_ends_in_a_loop_is_counted", function()
  t.needs("root", "tracing")
  if features.loops() ~= "may_goto" then
    t.skip "this kernel has no may_goto"
  end
  local go, ended = probe.var(1), probe.count()
  local s = on_call(function(r)
    if r.who == WHO then
      while go() == 1 do end
      ended:add()
    end
  end)
  load.calls(2)
  t.assertEquals({ s:loss().loops_cut, ended:read()[1].count }, { 2, 0 })
  t.assertStrContains(tostring(s:loss()), "2 runs ended within a loop")
  go:set(0)
  load.calls(3)
  t.assertEquals({ s:loss().loops_cut, ended:read()[1].count }, { 2, 3 })
end)

test("an_event_is_over_when_its_handler_returns", function()
  local s, kept = on_call(sends), nil
  s:on(function(e) kept = e end)
  load.calls(1)
  s:drain()
  t.assertErrorMsgContains("the event is over", function() return kept.who end)
end)

test("batches_are_structs_in_the_kernel_s_memory", function()
  local s, n, sum = on_call(sends), 0, 0
  s:on_batch(function(events, count)
    for i = 0, count - 1 do
      sum = sum + tonumber(events[i].who)
    end
    n = n + count
  end)
  load.calls(100)
  s:drain()
  t.assertEquals({ n, sum }, { 100, 100 * WHO })
end)

test("two_shapes_in_one_ring_come_in_their_order", function()
  t.needs("root", "tracing")
  local s = assert(probe.session {
    { "syscalls:sys_enter_getpriority", function(r) if r.who == WHO then emit { entered = r.which } end end },
    { "syscalls:sys_exit_getpriority", function(r) if r.ret == -3 then emit { left = r.ret, who = comm() } end end },
  })
  opened[#opened + 1] = s
  local seen = {}
  s:on(function(e) seen[#seen + 1] = e.entered and "in" or e.left == -3 and e.who and "out" or "?" end)
  load.calls(3)
  s:drain()
  t.assertEquals(table.concat(seen, " "):gsub("out out", "out"), "in out in out in out")
end)

test("what_finds_no_room_in_the_ring_is_counted", function()
  t.needs("root", "tracing")
  local s = assert(probe.on("syscalls:sys_enter_getpriority", sends, { ring_bytes = 4096 }))
  opened[#opened + 1] = s
  local n = 0
  load.calls(1000)
  s:on(function() n = n + 1 end)
  s:drain()
  t.assertTrue(n > 0 and n < 1000, n)
  t.assertEquals(n + s:loss().ring_drops, 1000)
  t.assertStrContains(tostring(s:loss()), "events dropped (ring full)")
  t.assertStrContains(tostring(s:loss()), "what helps: the option ring_bytes")
end)

test("what_finds_no_room_in_a_map_is_counted_by_its_name", function()
  t.needs("root", "tracing")
  local few, i = probe.count("at", { entries = 4 }), probe.map("slot", "i64")
  local s = open("syscalls:sys_enter_getpriority", function(r)
    if r.who == WHO then
      local at = i[0] or 0
      few[at]:add()
      i[0] = at + 1
    end
  end)
  load.calls(10)
  local rows = few:read()
  t.assertTrue(#rows >= 4 and #rows < 10, #rows)
  t.assertEquals(s:loss().few_full, 10 - #rows)
  t.assertEquals(s:loss().map_full, 10 - #rows)
  t.assertStrContains(tostring(s:loss()), "values not counted in few (full)")
  t.assertStrContains(tostring(s:loss()), "what helps: the option entries of few")
end)

test("a_stack_whose_place_is_taken_is_said_to_be_that", function()
  local s, stacks = on_call(sends), require("shark.probe.maps").stacks
  local maps = s.handle.maps
  maps:words()[maps:loss_word(maps:index(stacks, 1)) / 8] = 3
  t.assertStrContains(tostring(s:loss()), "3 stacks not kept in stacks (place taken)")
  t.assertEquals(s:loss().map_full, 3)
end)

-- ---- methods in callbacks, at their end ----

test("everything_may_be_done_in_a_handler_and_twice", function()
  for _, method in ipairs { "stop", "close" } do
    local s, n = on_call(sends), 0
    s:on(function()
      n = n + 1
      s[method](s)
      s[method](s)
    end)
    load.calls(20)
    s:drain()
    t.assertEquals({ method, n }, { method, method == "stop" and 20 or 1 })
    t.assertEquals(s:is_open(), method == "stop")
    s:close()
    s:close()
    t.assertFalse(s:is_open())
    for _, call in ipairs { "on", "drain", "how", "loss", "code", "stop", "read" } do
      t.assertErrorMsgContains("the session is closed", s[call], s)
    end
  end
end)

test("what_was_counted_stays_after_the_end", function()
  local n = probe.count()
  local s = on_call(function(r) if r.who == WHO then n:add() end end)
  load.calls(5)
  s:stop()
  load.calls(5)
  t.assertEquals(n:read()[1].count, 5)
  s:close()
  t.assertEquals(n:read()[1].count, 5)
end)

test("the_end_of_the_run_hands_over_what_waits", function()
  t.needs("root", "tracing")
  local trace = require "shark.trace.session"
  local s = on_call(sends)
  local is_listed = false
  for _, one in ipairs(trace.all_open()) do
    is_listed = is_listed or one == s
  end
  t.assertTrue(is_listed)
end)

test("a_session_that_sends_nothing_has_no_events", function()
  local n = probe.count()
  local s = on_call(function() n:add() end)
  t.assertErrorMsgContains("no handler of this session has an emit", s.on, s, print)
  t.assertEquals(s:drain(), 0)
end)

-- ---- functions ----

local SYSCALL = "__x64_sys_getpriority"

-- Where functions cannot be probed, as on this machine, it says why.
local function open_or_skip(...)
  t.needs("root", "tracing")
  local session, message = probe.on(...)
  t.skipIf(not session, message)
  opened[#opened + 1] = session
  return session
end

test("a_function_s_entry_has_its_arguments", function()
  local n = probe.count()
  local s = open_or_skip(SYSCALL .. "()", function(regs) if regs.si == WHO then n:add() end end)
  load.calls(100)
  t.assertEquals(n:read()[1].count, 100)
  t.assertTrue(s:how().way == "fentry" or s:how().way == "kprobe", tostring(s:how()))
end)

test("a_function_s_return_has_its_result_first", function()
  local n = probe.count("result")
  open_or_skip("return " .. SYSCALL .. "()", function(result) n[result]:add() end)
  load.calls(100)
  local failed = 0
  for _, row in ipairs(n:read()) do
    failed = row.result == -3 and row.count or failed -- ESRCH
  end
  t.assertTrue(failed >= 100, failed)
end)

test("kprobes_count_the_same", function()
  local entry, left = probe.count(), probe.count()
  open_or_skip("kprobe:" .. SYSCALL, function(regs) if regs.si == WHO then entry:add() end end)
  open_or_skip("kretprobe:" .. SYSCALL, function(result) if result == -3 then left:add() end end)
  load.calls(100)
  t.assertEquals(entry:read()[1].count, 100)
  t.assertTrue(left:read()[1].count >= 100)
end)

test("a_way_that_lacks_the_arguments_is_none", function()
  t.needs("root", "tracing")
  local ok, message = pcall(probe.on, "kretprobe:" .. SYSCALL, function(result, regs)
    if regs.si == WHO then emit { result = result } end
  end)
  t.assertFalse(ok)
  t.assertStrContains(message, "the handler takes 2 arguments; ")
end)

test("a_pattern_of_functions_is_one_program_where_there_is_that", function()
  local n = probe.count()
  local s = open_or_skip("__x64_sys_getp[rg]i*()", function() n:add() end)
  load.calls(100)
  t.assertTrue(n:read()[1].count >= 100)
  local entry = s:how().points[1]
  t.assertTrue(#entry.names >= 2, #entry.names)
  t.assertTrue(entry.way == "kprobe_multi" and #s.build.points == 1 or #s.build.points == #entry.names, entry.way)
end)


-- ---- ways, refusals ----

test("all_or_none", function()
  t.needs("root", "tracing")
  local n = probe.count()
  local s, message, name = probe.session {
    { "syscalls:sys_enter_getpriority", function(r) if r.who == WHO then n:add() end end },
    { "there_is_no_such_tracepoint", function() n:add() end },
  }
  t.assertEquals({ s, name }, { nil, "ENOENT" })
  t.assertStrContains(message, "no way to attach there_is_no_such_tracepoint: tp_btf: ")
  load.calls(5)
  t.assertEquals(n:read()[1].count, 0)
end)

-- This process's descriptors of programs, maps and links.
local function held()
  local uv, n = require "uv", 0
  local scan = assert(uv.fs_scandir "/proc/self/fd")
  for name in function() return uv.fs_scandir_next(scan) end do
    local what = uv.fs_readlink("/proc/self/fd/" .. name) or ""
    n = n + ((what:find "bpf" or what:find "perf_event") and 1 or 0)
  end
  return n
end

test("what_is_refused_or_closed_is_given_back_at_once", function()
  t.needs("root", "tracing")
  local n = probe.count()
  local function count() n:add() end
  local function send() emit { cpu = cpu() } end
  n:maps()
  collectgarbage() -- what the tests before have left
  collectgarbage()
  local before = held()
  local function misuse(regs) n:add(regs.no_such) end
  for name, wrong in pairs { ["uprobe:/proc/self/exe:no_such"] = count, ["raw_tp:sys_exit"] = misuse } do
    local ok, s = pcall(probe.session, { { "sys_enter", send }, { "raw_tp:sys_exit", count }, { name, wrong } })
    t.assertNil(ok and s or nil)
    t.assertEquals(held(), before, name)
  end
  local s = open("sys_enter", send)
  t.assertTrue(held() > before)
  s:close()
  t.assertEquals(held(), before)
end)

test("a_pattern_attaches_all_that_match_and_says_which", function()
  t.needs("root", "tracing")
  local n = probe.count()
  local s = open("syscalls:sys_*_getpriority", function() n:add() end)
  load.calls(5)
  t.assertTrue(n:read()[1].count >= 10)
  t.assertEquals(s:how().points[1].names, { "syscalls:sys_enter_getpriority", "syscalls:sys_exit_getpriority" })
  t.assertEquals(probe.names "syscalls:sys_*_getpriority", s:how().points[1].names)
end)

test("a_name_that_only_records_have_says_so", function()
  t.needs("root", "tracing", "tracefs")
  local s, message = probe.on("sys_enter_getpriority", function() end)
  t.assertNil(s)
  t.assertStrContains(message, "syscalls:sys_enter_getpriority is one whose handler gets the record")
end)

local function raised(call)
  local ok, message = pcall(call)
  t.assertFalse(ok)
  return message
end

test("a_handler_that_is_wrong_raises_with_its_line", function()
  t.needs("root", "tracing")
  local line = debug.getinfo(1, "l").currentline
  local message = raised(function()
    return probe.on("sys_enter", function(regs)
      return regs.nothing_like_that
    end)
  end)
  t.assertStrContains(message, ("probe_test.lua:%d: "):format(line + 3))
  t.assertStrContains(message, "nothing_like_that")
end)

test("misuse_raises_where_it_was_written", function()
  for message, call in pairs {
    ["'a b' is no probe"] = function() local _ = probe.on("a b", print) end,
    ["the handler of sys_enter is a function, not a nil"] = function() local _ = probe.on "sys_enter" end,
    ["there is no option 'rings'"] = function() local _ = probe.on("sys_enter", raised, { rings = 1 }) end,
    ["ring_bytes is a power of two"] = function() local _ = probe.on("sys_enter", raised, { ring_bytes = 5000 }) end,
    ["a list of { name, handler } is wanted"] = function() local _ = probe.session { "sys_enter", print } end,
    ["the handler of sys_exit is a function of C"] = function() local _ = probe.on("sys_exit", print) end,
    ["the options are a table, not a number"] = function() local _ = probe.on("sys_enter", raised, 3) end,
    ["probe.session: a list"] = function() local _ = probe.session { { "sys_enter", raised }, 5 } end,
  } do
    local text = raised(call)
    t.assertStrContains(text, message)
    t.assertStrContains(text, "probe_test.lua:")
  end
end)

test("misuse_of_a_session_raises_where_it_was_written", function()
  local n = probe.count()
  local s = on_call(function() n:add() end)
  for message, call in pairs {
    ["sessions of probes have no key()"] = function() local _ = s:key {} end,
    ["sessions of probes have no since()"] = function() local _ = s:since({}) end,
    ["sessions of probes have no audit()"] = function() local _ = s:audit() end,
    ["stack() takes the number of one, not a nil"] = function() local _ = s:stack() end,
  } do
    local text = raised(call)
    t.assertStrContains(text, message)
    t.assertStrContains(text, "probe_test.lua:")
  end
end)

test("a_name_that_was_mistyped_is_told_with_the_nearest", function()
  t.needs("root", "tracing", "tracefs")
  for name, nearest in pairs {
    sched_swicth = "; nearest: sched_switch", ["sched:sched_swicth"] = "; nearest: sched:sched_switch",
    ["vfs_raed()"] = "; nearest: vfs_read()", vfs_read = "; vfs_read() is a function",
  } do
    local s, message, errname = probe.on(name, function() end)
    t.assertEquals({ s, errname }, { nil, "ENOENT" })
    t.assertStrContains(message, nearest)
  end
  local _, message = probe.on("nothing_that_sounds_like_this", function() end)
  t.assertNotStrContains(message, "nearest")
end)

test("many_rows_are_printed", function()
  t.needs("root", "tracing")
  local m, lines = probe.map("k:u64", "u64", { entries = 20000 }), 0
  for i = 1, 20000 do
    assert(m:set(i, i))
  end
  for _ in tostring(m):gmatch "[^\n]+" do
    lines = lines + 1
  end
  t.assertEquals(lines, 20001)
end)

test("code_shows_lua_and_bpf", function()
  local n = probe.count()
  local s = on_call(function(r)
    if r.who == WHO then n:add() end -- this line
  end)
  t.assertStrContains(s:code(), "if r.who == WHO then n:add() end -- this line")
  t.assertStrContains(s:code(), "map_lookup_elem")
end)

test("arguments_are_told", function()
  t.needs("root", "tracing")
  local asked = assert(probe.describe "sys_enter")
  t.assertEquals({ asked.arguments[1].name, asked.arguments[1].type }, { "regs", "struct pt_regs *" })
  local record = assert(probe.describe "syscalls:sys_enter_getpriority")
  local names = {}
  for i, member in ipairs(record.arguments[1].members) do
    names[i] = member.name
  end
  t.assertEquals(table.concat(names, " "), "__syscall_nr which who")
end)

t.run(tests)
