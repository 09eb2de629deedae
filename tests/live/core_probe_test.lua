-- shark.core.probe: maps, programs and sessions made at run time, of instructions written by hand.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local bit = require "bit"
local core = require "shark.core.probe"
local ffi = require "ffi"
local t = require "t"
local uv = require "uv"

local tests = {}

-- ---- instructions ----

local function insn(code, dst, src, off, imm)
  local bytes = ffi.new("uint8_t[8]", code, bit.bor(dst, bit.lshift(src, 4)))
  ffi.cast("int16_t *", bytes + 2)[0] = off
  ffi.cast("int32_t *", bytes + 4)[0] = imm
  return ffi.string(bytes, 8)
end

local function mov(dst, imm) return insn(0xb7, dst, 0, 0, imm) end
local function mov_reg(dst, src) return insn(0xbf, dst, src, 0, 0) end
local function load64(dst, src, off) return insn(0x79, dst, src, off, 0) end
local function call(helper) return insn(0x85, 0, 0, 0, helper) end
local function map_value(dst, map, off) return insn(0x18, dst, 2, 0, map:fd()) .. insn(0, 0, 0, 0, off) end
local function map_fd(dst, map) return insn(0x18, dst, 1, 0, map:fd()) .. insn(0, 0, 0, 0, 0) end
local EXIT = insn(0x95, 0, 0, 0, 0)
local GET_TGID = 14
local RINGBUF_OUTPUT = 130

local function u32(n)
  return ffi.string(ffi.new("uint32_t[1]", n), 4)
end

local function u64(n)
  return ffi.string(ffi.new("uint64_t[1]", n), 8)
end

local function number(bytes)
  return tonumber(ffi.cast("const uint64_t *", bytes)[0])
end

-- ---- what most tests need ----

local function control_map()
  return assert(core.map {
    type = "array", name = "control", key_size = 4, value_size = 4096, entries = 1, mmap = true,
  })
end

local function words(map)
  return ffi.cast("volatile uint64_t *", (map:address()))
end

local GATE, COUNT = 0, 500

-- Counts in a word of the control map what this process does while the gate is open; emits the word if
-- there is a ring.
local function counting(control, ring)
  local rest = map_value(1, control, COUNT * 8) .. mov(2, 1) .. insn(0xdb, 1, 2, 0, 0) -- *r1 += r2
  if ring then
    rest = rest .. map_fd(1, ring) .. map_value(2, control, COUNT * 8) .. mov(3, 8) .. mov(4, 0) .. call(RINGBUF_OUTPUT)
  end
  local n = #rest / 8
  return call(GET_TGID) .. insn(0x77, 0, 0, 0, 32) .. insn(0x55, 0, 0, n + 4, uv.os_getpid()) -- if r0 != pid
    .. map_value(1, control, GATE) .. insn(0x79, 2, 1, 0, 0) .. insn(0x15, 2, 0, n, 0) -- if r2 == 0
    .. rest .. mov(0, 0) .. EXIT
end

-- These fire for each system call of this process.
local function enter_program(control, ring)
  return assert(core.program { type = "raw_tp", name = "enter", code = counting(control, ring) })
end

-- So many system calls, by functions that do nothing else.
local function calls(n)
  for _ = 1, n do
    uv.os_getppid()
  end
end

-- Without what earlier tests have left to the collector.
local function open_files()
  collectgarbage()
  collectgarbage()
  local n, dir = 0, assert(uv.fs_scandir "/proc/self/fd")
  while uv.fs_scandir_next(dir) do
    n = n + 1
  end
  return n
end

local function needs_probes()
  t.needs "root"
  local map, message, name = core.map { type = "array", key_size = 4, value_size = 8, entries = 1 }
  t.skipIf(not map and name == "EPERM", "needs tracing: " .. tostring(message))
  map:close()
end

-- ---- maps ----

function tests.test_a_map_keeps_what_is_set()
  needs_probes()
  local map = assert(core.map { type = "hash", name = "bytes", key_size = 8, value_size = 8, entries = 2 })
  t.assertTrue(map:fd() >= 0)
  t.assertEquals(map:set("key 0001", u64(7)), true)
  t.assertEquals(map:set("key 0001", u64(8)), true)
  t.assertEquals(number(map:get "key 0001"), 8)
  t.assertEquals({ select(3, map:get "key 0002") }, { "ENOENT" })
  t.assertTrue(map:set("key 0002", u64(9)))
  t.assertEquals({ select(3, map:set("key 0003", u64(9))) }, { "E2BIG" })
  t.assertTrue(map:delete "key 0001")
  t.assertEquals({ select(3, map:delete "key 0001") }, { "ENOENT" })
  local keys, values, n = map:all()
  t.assertEquals({ keys, number(values), n }, { "key 0002", 9, 1 })
  map:close()
end

-- More than is asked for at once, and every one of them.
local function assert_all(map, n)
  local keys, values, found = map:all()
  t.assertEquals({ found, #keys, #values }, { n, n * 4, n * 8 * (#values / n / 8) })
  local seen, sum = {}, 0
  for i = 0, n - 1 do
    local key = ffi.cast("const uint32_t *", keys)[i]
    t.assertNil(seen[key])
    seen[key] = true
    sum = sum + tonumber(ffi.cast("const uint64_t *", values)[i * (#values / n / 8)])
  end
  t.assertEquals(sum, n * (n - 1) / 2)
end

function tests.test_all_entries_are_read()
  needs_probes()
  for _, type in ipairs { "hash", "array" } do
    local map = assert(core.map { type = type, key_size = 4, value_size = 8, entries = 3000 })
    for i = 0, 2999 do
      assert(map:set(u32(i), u64(i)))
    end
    assert_all(map, 3000)
    map:close()
  end
end

function tests.test_values_of_all_cpus_come_together()
  needs_probes()
  for _, type in ipairs { "percpu_hash", "percpu_array" } do
    local map = assert(core.map { type = type, key_size = 4, value_size = 8, entries = 1000 })
    for i = 0, 999 do
      assert(map:set(u32(i), u64(i) .. u64(0):rep(map:cpus() - 1)))
    end
    t.assertEquals(#map:get(u32(5)), 8 * map:cpus())
    assert_all(map, 1000)
    map:close()
  end
end

function tests.test_an_empty_map_has_no_entries()
  needs_probes()
  local map = assert(core.map { type = "hash", key_size = 4, value_size = 8, entries = 10 })
  t.assertEquals({ map:all() }, { "", "", 0 })
  map:close()
end

function tests.test_mapped_memory_is_the_map_and_stays()
  needs_probes()
  local map = control_map()
  local address, bytes = map:address()
  t.assertEquals(bytes, 4096)
  words(map)[511] = 0x1234
  t.assertEquals(number(map:get(u32(0)):sub(-8)), 0x1234)
  map:close()
  t.assertEquals(map:address(), address)
  t.assertEquals(tonumber(words(map)[511]), 0x1234)
end

function tests.test_what_a_map_refuses()
  needs_probes()
  t.assertErrorMsgContains("type is one of array hash", core.map, { type = "lru_hash" })
  t.assertErrorMsgContains("type is missing", core.map, {})
  t.assertErrorMsgContains("entries is a whole number", core.map, { type = "hash", entries = -1 })
  t.assertErrorMsgContains("mmap is true or false", core.map, { type = "hash", mmap = 1 })
  t.assertErrorMsgContains("table expected", core.map, "hash")
  local map, message, name = core.map { type = "hash", name = "wrong", key_size = 0, value_size = 8, entries = 1 }
  t.assertEquals({ map, name }, { nil, "EINVAL" })
  t.assertStrContains(message, "cannot make the map wrong (hash of 1 entries, keys of 0 bytes, values of 8): ")
  map = assert(core.map { type = "hash", key_size = 4, value_size = 8, entries = 1 })
  t.assertErrorMsgContains("a key of this map has 4 bytes", map.get, map, "12345")
  t.assertErrorMsgContains("a key of this map has 4 bytes", map.delete, map, 1234)
  t.assertErrorMsgContains("a value of this map has 8 bytes", map.set, map, "1234", "1")
  t.assertErrorMsgContains("is not mapped", map.address, map)
  map:close()
  map:close()
  for _, method in ipairs { "fd", "get", "set", "delete", "all" } do
    t.assertErrorMsgContains("the map is closed", map[method], map, "1234", "12345678")
  end
  local ring = assert(core.map { type = "ringbuf", entries = 4096 })
  t.assertErrorMsgContains("has no keys", ring.all, ring)
  t.assertErrorMsgContains("has no keys", ring.get, ring, "")
  ring:close()
end

-- ---- programs ----

local ADD = load64(0, 1, 0) .. load64(2, 1, 8) .. insn(0x0f, 0, 2, 0, 0) .. EXIT

function tests.test_a_program_runs()
  needs_probes()
  local program = assert(core.program { type = "raw_tp", name = "add", code = ADD })
  t.assertTrue(program:fd() >= 0)
  t.assertEquals(program:run(40, 2), 42)
  t.assertEquals(program:run(-1, 0), 0xffffffff)
  t.assertEquals(program:run(0xffffffffffffffffULL, 2LL), 1)
  t.assertEquals({ select(3, program:run(1)) }, { "EINVAL" })
  t.assertErrorMsgContains("at most 12 arguments", program.run, program, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13)
  t.assertErrorMsgContains("integer expected", program.run, program, 1.5, 0)
  t.assertErrorMsgContains("number expected", program.run, program, {}, 0)
  local info = program:info()
  t.assertEquals(info.xlated, #ADD)
  t.assertTrue(info.verified == nil or info.verified == 4, info.verified)
  local jited, why = program:jited()
  t.assertEquals(jited and #jited or why:find "machine code" and info.jited, info.jited)
  program:close()
  program:close()
  for _, method in ipairs { "fd", "run", "info", "jited" } do
    t.assertErrorMsgContains("the program is closed", program[method], program)
  end
end

-- r0 is never set.
local BAD = mov(1, 0) .. mov_reg(0, 3) .. EXIT
local LINES = { lines = { { 0, 10 }, { 1, 11 }, { 2, 12 } }, file = "some.lua",
  text = { [10] = "local x = 0", [11] = "count:add(y)", [12] = "end" } }

local function with(fields, more)
  local all = {}
  for name, value in pairs(fields) do
    all[name] = value
  end
  for name, value in pairs(more) do
    all[name] = value
  end
  return all
end

function tests.test_a_refused_program_has_the_log_with_its_lines()
  needs_probes()
  local program, message, name, log = core.program(with(LINES, { type = "raw_tp", name = "bad", code = BAD }))
  t.assertEquals({ program, name }, { nil, "EACCES" })
  t.assertStrContains(message, "the kernel refused the program bad: Permission denied: R3 !read_ok")
  t.assertStrContains(log, "; count:add(y)")
  t.assertNil((log:find("end", 1, true)), log)
  log = select(4, core.program { type = "raw_tp", name = "bad", code = BAD })
  t.assertStrContains(log, "R3 !read_ok")
end

local GOOD = mov(0, 0) .. insn(0x18, 2, 0, 0, 5) .. insn(0, 0, 0, 0, 0) .. mov(1, 0) .. EXIT

-- What the kernel would refuse all lines for.
function tests.test_lines_as_a_compiler_has_them_are_put_right()
  needs_probes()
  local lines = { { 1, 20 }, { 1, 21 }, { 2, 22 }, { 3, 23 }, { 99, 24 }, { 3, 25 } }
  local program = assert(core.program { type = "raw_tp", name = "1-good!", code = GOOD, lines = lines, file = "x" })
  t.assertEquals(program:run(), 0)
  program:close()
  -- That they are loaded shows where the program is refused behind them.
  local log = select(4, core.program { type = "raw_tp", name = "bad", code = GOOD:sub(1, -9) .. BAD,
    lines = { { 1, 20 }, { 1, 21 }, { 2, 22 }, { 3, 23 }, { 5, 24 }, { 99, 25 } }, file = "x",
    text = { [21] = "first", [22] = "half", [23] = "second", [24] = "third" } })
  for _, line in ipairs { "; first", "; second", "; third" } do
    t.assertStrContains(log, line)
  end
  t.assertNil((log:find "half"))
end

-- Lines that cannot be loaded are no reason to go without the program.
function tests.test_a_program_whose_lines_are_refused_is_loaded_without()
  needs_probes()
  local text = { [1] = ("x"):rep(17 * 1024 * 1024) } -- types have 16 MiB at most
  local program = assert(core.program { type = "raw_tp", code = GOOD, lines = { { 0, 1 } }, file = "x", text = text })
  t.assertEquals(program:run(), 0)
  program:close()
end

function tests.test_what_a_program_refuses()
  needs_probes()
  local function refuses(message, fields)
    t.assertErrorMsgContains(message, core.program, with({ type = "raw_tp", code = GOOD }, fields))
  end
  refuses("type is one of raw_tp tracing", { type = "xdp" })
  refuses("expected is one of trace_raw_tp fentry", { expected = "xdp" })
  refuses("code is a string of instructions of 8 bytes", { code = "1234567" })
  refuses("code is a string of instructions of 8 bytes", { code = "" })
  refuses("code is a string of instructions of 8 bytes", { code = {} })
  refuses("lines is a table", { lines = 1 })
  refuses("each of lines is", { lines = { 1 } })
  refuses("each of lines is", { lines = { { 0 } } })
  refuses("each of lines is", { lines = { { 0, -1 } } })
  refuses("text is a table", { lines = {}, text = "x" })
  refuses("text has the lines by number", { lines = { { 0, 1 } }, text = { 5 } })
  refuses("btf_id is a whole number", { btf_id = "x" })
  refuses("name is a text", { name = 5 })
  t.assertErrorMsgContains("type is missing", core.program, { code = GOOD })
  t.assertErrorMsgContains("table expected", core.program)
end

-- ---- sessions ----

local function count_calls(control, session, n)
  local before = tonumber(words(control)[COUNT])
  calls(n)
  session:stop()
  return tonumber(words(control)[COUNT]) - before
end

function tests.test_a_session_counts_until_it_stops()
  needs_probes()
  local control = control_map()
  local program = enter_program(control)
  calls(10)
  t.assertEquals(tonumber(words(control)[COUNT]), 0)
  local session = assert(core.session { control = control,
    points = { { program = program, attach = "raw_tp", event = "sys_enter" } } })
  program:close() -- the session has its own
  t.assertEquals(tonumber(words(control)[GATE]), 1)
  local n = count_calls(control, session, 1000)
  t.assertTrue(n >= 1000 and n < 1100, n)
  t.assertEquals(tonumber(words(control)[GATE]), 0)
  calls(10)
  t.assertEquals(session:missed(), 0)
  session:stop()
  t.assertEquals(count_calls(control, session, 10), 0)
  session:close()
  control:close()
end

function tests.test_all_are_attached_or_none()
  needs_probes()
  local control = control_map()
  local program = enter_program(control)
  local before = open_files()
  local session, message, name, refused = core.session { control = control, points = {
    { program = program, attach = "raw_tp", event = "sys_enter" },
    { program = program, attach = "raw_tp", event = "no_such_tracepoint" } } }
  t.assertEquals({ session, name, refused }, { nil, "ENOENT", 2 })
  t.assertStrContains(message, "the kernel refused a raw tracepoint on no_such_tracepoint: ")
  t.assertEquals({ open_files(), tonumber(words(control)[GATE]) }, { before, 0 })
  words(control)[GATE] = 1 -- not the gate is what keeps it silent
  calls(10)
  t.assertEquals(tonumber(words(control)[COUNT]), 0)
end

function tests.test_classic_tracepoints()
  needs_probes()
  t.needs "tracefs"
  local control = control_map()
  local program = assert(core.program { type = "tracepoint", code = counting(control) })
  local point = { program = program, attach = "tp", group = "raw_syscalls", event = "sys_enter" }
  local session, message, name = core.session { control = control, points = { point } }
  t.skipIf(name == "ENOENT", "needs tracepoints of system calls: " .. tostring(message))
  local n = count_calls(control, session, 1000)
  t.assertTrue(n >= 1000 and n < 1100, n)
  local missed, why = session:missed()
  t.assertTrue(missed == 0 or why:find "does not count" ~= nil, why)
  session:close()
end

-- What cannot be told is not 0, and what can be told is a number also when the links are gone.
function tests.test_kprobes_and_what_they_miss()
  needs_probes()
  local control = control_map()
  local program = assert(core.program { type = "kprobe", code = counting(control) })
  for _, attach in ipairs { "kprobe", "kretprobe" } do
    local session, message, name = core.session { control = control,
      points = { { program = program, attach = attach, event = "__x64_sys_getppid" } } }
    t.skipIf(name == "EOPNOTSUPP", "needs kprobes: " .. tostring(message))
    assert(session, message)
    local before = session:missed()
    t.assertEquals(count_calls(control, session, 100), 100)
    t.assertEquals(session:missed() ~= nil, before ~= nil)
    session:close()
  end
end

-- ---- many functions, user space, timers ----

function tests.test_one_link_for_many_functions()
  needs_probes()
  local control = control_map()
  local program, message = core.program { type = "kprobe", expected = "kprobe_multi", code = counting(control) }
  t.skipIf(not program, "needs probes of many functions: " .. tostring(message))
  for _, attach in ipairs { "kprobe_multi", "kretprobe_multi" } do
    local point = { program = program, attach = attach, names = { "__x64_sys_getppid", "__x64_sys_getuid" } }
    local session, why, name = core.session { control = control, points = { point } }
    t.skipIf(name == "EOPNOTSUPP" or name == "EINVAL", "needs probes of many functions: " .. tostring(why))
    assert(session, why)
    t.assertEquals(count_calls(control, session, 100), 100)
    session:close()
    point.names = { "__x64_sys_getppid", "no_such_function" }
    session, why = core.session { control = control, points = { point } }
    t.assertNil(session)
    t.assertStrContains(why, "the kernel refused a probe of many functions on " .. attach .. ": ")
  end
end

-- The file that this process has the function getppid() of.
local function place_of_getppid()
  local offset = core.func(uv.exepath(), "getppid")
  if offset then
    return uv.exepath(), offset
  end
  for line in io.lines "/proc/self/maps" do
    local path = line:match "r%-xp.-(/%S*/libc[.-]%S+)$"
    if path then
      return path, assert(core.func(path, "getppid"))
    end
  end
end

function tests.test_functions_of_user_space()
  needs_probes()
  local control = control_map()
  local program = assert(core.program { type = "kprobe", code = counting(control) })
  local binary, offset = place_of_getppid()
  for _, attach in ipairs { "uprobe", "uretprobe", "usdt" } do
    local session, message, name = core.session { control = control,
      points = { { program = program, attach = attach, binary = binary, offset = offset, event = "getppid" } } }
    t.skipIf(name == "EOPNOTSUPP", "needs uprobes: " .. tostring(message))
    assert(session, message)
    t.assertEquals(count_calls(control, session, 100), 100)
    session:close()
  end
end

function tests.test_markers_of_a_file()
  local markers, message, name = core.usdt "/proc/self/status"
  t.assertEquals({ markers, name }, { nil, "ENOEXEC" })
  t.assertStrContains(message, "/proc/self/status is no program or library")
  t.assertEquals(type(core.usdt(uv.exepath())), "table")
  t.assertEquals({ select(3, core.func(uv.exepath(), "no_such_function")) }, { "ENOENT" })
  t.assertErrorMsgContains("string expected", core.func, uv.exepath())
  t.assertErrorMsgContains("string expected", core.usdt)
end

-- Counts whatever runs: what is there is counted at least so often as the clock says.
local function ticks(control)
  local code = map_value(1, control, GATE) .. insn(0x79, 2, 1, 0, 0) .. insn(0x15, 2, 0, 4, 0)
    .. map_value(1, control, COUNT * 8) .. mov(2, 1) .. insn(0xdb, 1, 2, 0, 0) .. mov(0, 0) .. EXIT
  return assert(core.program { type = "perf_event", code = code })
end

-- Waits until it has counted so much; what never counts ends the test instead.
local function assert_reaches(control, count)
  local deadline = uv.hrtime() + 60e9
  while tonumber(words(control)[COUNT]) < count and uv.hrtime() < deadline do
    uv.sleep(1)
  end
  t.assertTrue(tonumber(words(control)[COUNT]) >= count)
end

function tests.test_timers()
  needs_probes()
  local control = control_map()
  local program = ticks(control)
  for _, point in ipairs { { attach = "profile", hz = 99 }, { attach = "interval", ns = 5e6 } } do
    point.program = program
    words(control)[COUNT] = 0
    local session = assert(core.session { control = control, points = { point } })
    assert_reaches(control, 5)
    local missed, why, name = session:missed() -- nobody counts what they skip
    t.assertEquals({ missed, name }, { nil, "EOPNOTSUPP" })
    t.assertStrContains(why, "does not count")
    session:close()
  end
end

-- ---- rings ----

local function ring_session()
  local control = control_map()
  local ring = assert(core.map { type = "ringbuf", name = "events", entries = 64 * 1024 })
  local program = enter_program(control, ring)
  local session = assert(core.session { control = control, ring = ring, record_size = 8,
    points = { { program = program, attach = "raw_tp", event = "sys_enter" } } })
  program:close()
  ring:close()
  return session, control
end

function tests.test_records_come_in_order_and_once()
  needs_probes()
  local session, control = ring_session()
  t.assertEquals({ select(2, session:peek(10)), session:waiting() }, { 0, 0 }) -- it is not mapped yet
  t.assertEquals(session:stream(true), true)
  t.assertTrue(session:ring_fd() >= 0)
  calls(100)
  session:stop()
  local total = tonumber(words(control)[COUNT])
  t.assertEquals(session:waiting(), total)
  local expected = 1
  while true do
    local first, n = session:peek(30)
    for i = 0, n - 1 do
      t.assertEquals(tonumber(ffi.cast("const uint64_t *", first)[2 * i + 1]), expected)
      expected = expected + 1
    end
    session:advance(n)
    if n == 0 then break end
  end
  t.assertEquals({ expected - 1, session:events() }, { total, total })
  t.assertEquals({ session:discard(), session:undelivered() }, { 0, 0 })
  session:close()
end

function tests.test_what_nobody_took_is_counted()
  needs_probes()
  local session, control = ring_session()
  assert(session:stream(true))
  assert(session:stream(false))
  calls(50)
  session:stop()
  local total = tonumber(words(control)[COUNT])
  t.assertTrue(total >= 50)
  local memory = session:memory()
  t.assertTrue(memory > 64 * 1024, memory)
  session:close()
  t.assertEquals(session:undelivered(), total)
end

function tests.test_a_session_without_a_ring_says_so()
  needs_probes()
  local control = control_map()
  local session = assert(core.session { control = control,
    points = { { program = enter_program(control), attach = "raw_tp", event = "sys_enter" } } })
  t.assertEquals({ select(3, session:ring_fd()) }, { "ENOENT" })
  t.assertEquals({ select(3, session:stream(true)) }, { "ENOENT" })
  t.assertEquals({ session:stream(false), session:discard(), session:waiting() }, { true, 0, 0 })
  session:advance(1)
  session:close()
end

-- ---- stacks ----

local function assert_stacks(frames)
  local control = control_map()
  local stacks = assert(core.map { type = "stack_trace", key_size = 4, value_size = frames * 8, entries = 64 })
  local GET_STACKID = 27
  local code = mov_reg(6, 1) .. call(GET_TGID) .. insn(0x77, 0, 0, 0, 32) .. insn(0x55, 0, 0, 8, uv.os_getpid())
    .. mov_reg(1, 6) .. map_fd(2, stacks) .. mov(3, 0) .. call(GET_STACKID)
    .. map_value(1, control, COUNT * 8) .. insn(0x7b, 1, 0, 0, 0) .. mov(0, 0) .. EXIT
  local program = assert(core.program { type = "raw_tp", code = code })
  local session = assert(core.session { control = control,
    points = { { program = program, attach = "raw_tp", event = "sys_enter" } } })
  calls(1)
  session:stop()
  local id = tonumber(words(control)[COUNT])
  local address, n = session:stack(stacks, id)
  t.assertTrue(n > 1 and n <= frames, n)
  local top = ffi.cast("const uint64_t *", address)[n - 1]
  t.assertTrue(top > 0xffff800000000000ULL, tostring(top))
  t.assertEquals({ select(3, session:stack(stacks, (id + 1) % 64)) }, { "ENOENT" })
  t.assertErrorMsgContains("a map of type stack_trace", session.stack, session, control, 0)
  t.assertErrorMsgContains("whole number", session.stack, session, stacks, -1)
  session:close()
end

function tests.test_a_stack_is_where_it_was_taken()
  needs_probes()
  assert_stacks(127)
end

-- Where kernel.perf_event_max_stack allows no more.
function tests.test_a_stack_may_be_short()
  needs_probes()
  assert_stacks(2)
end

-- ---- misuse, and what is left behind ----

function tests.test_what_a_session_refuses()
  needs_probes()
  local control = control_map()
  local program = enter_program(control)
  local good = { control = control, points = { { program = program, attach = "raw_tp", event = "sys_enter" } } }
  local plain = assert(core.map { type = "array", key_size = 4, value_size = 4096, entries = 1 })
  local function refuses(message, fields)
    t.assertErrorMsgContains(message, core.session, with(good, fields))
  end
  local function refuses_point(message, fields)
    refuses(message, { points = { with({ program = program, attach = "raw_tp", event = "sys_enter" }, fields) } })
  end
  refuses("control is a map", { control = 1 })
  refuses("control is a map", { control = program })
  refuses("control is a mapped array", { control = plain })
  t.assertErrorMsgContains("control is a mapped array", core.session, { points = good.points })
  refuses("ring is a map of type ringbuf", { ring = plain, record_size = 8 })
  refuses("record_size is missing", { ring = assert(core.map { type = "ringbuf", entries = 4096 }) })
  refuses("points is a table of at least one point", { points = {} })
  refuses("points is a table of at least one point", { points = 1 })
  refuses("each of points is a table", { points = { 1 } })
  refuses_point("attach is one of tp_btf raw_tp", { attach = "socket" })
  refuses_point("program is a program", { program = control })
  refuses_point("a point of tp has no group", { attach = "tp" })
  refuses("a point of raw_tp has no event", { points = { { program = program, attach = "raw_tp" } } })
  refuses_point("a point of uprobe has no binary", { attach = "uprobe" })
  refuses_point("a point of uprobe has no offset", { attach = "uprobe", binary = "/bin/sh" })
  refuses_point("offset is a whole number", { attach = "uprobe", binary = "/bin/sh", offset = -1 })
  refuses_point("hz is a whole number", { attach = "profile", hz = "99" })
  refuses_point("a point of profile has no hz", { attach = "profile" })
  refuses_point("a point of kprobe_multi has no names", { attach = "kprobe_multi" })
  refuses_point("names is a table of functions", { attach = "kprobe_multi", names = "vfs_read" })
  refuses_point("names is a table of functions", { attach = "kprobe_multi", names = { 1 } })
  refuses("program is missing", { points = { { attach = "raw_tp" } } })
  refuses("attach is missing", { points = { { program = program } } })
  program:close()
  refuses("the program of a point is closed", {})
  plain:close()
  refuses("the map in control is closed", { control = plain })
  t.assertErrorMsgContains("table expected", core.session)
end

function tests.test_every_method_after_close()
  needs_probes()
  local session = ring_session()
  for _ = 1, 2 do
    session:stream(true)
    session:stop()
    session:memory()
  end
  session:close()
  session:close()
  for _, method in ipairs { "stream", "peek", "advance", "discard", "waiting", "memory", "ring_fd", "events", "missed",
    "stack", "stop" } do
    t.assertErrorMsgContains("the session is closed", session[method], session, 1, 1)
  end
  t.assertErrorMsgContains("session expected", session.close, control_map())
end

function tests.test_nothing_is_left_open()
  needs_probes()
  local function once()
    local session, control = ring_session()
    session:stream(true)
    calls(10)
    session:close()
    control:close()
    core.program { type = "raw_tp", code = BAD, lines = { { 0, 1 } }, file = "x" }
    core.map { type = "hash", key_size = 0, value_size = 0, entries = 0 }
  end
  once()
  local before = open_files()
  for _ = 1, 20 do
    once()
  end
  t.assertEquals(open_files(), before)
end

t.run(tests)
