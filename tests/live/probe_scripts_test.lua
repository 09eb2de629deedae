-- The packaged scripts that are made of probes: on loads of known size, and beside bpftrace.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local disk_load = require "disk"
local json = require "dkjson"
local proc = require "proc"
local shell = require "shell"
local t = require "t"

local tests = {}

local function lines_of(text)
  local list = {}
  for line in text:gmatch("[^\n]+") do
    list[#list + 1] = line:find "^{" and json.decode(line) or nil
  end
  return list
end

local function quoted(words)
  local parts = {}
  for i, word in ipairs(words) do
    parts[i] = "'" .. word:gsub("'", "'\\''") .. "'"
  end
  return table.concat(parts, " ")
end

-- The script's JSON, by line, with a command of the shell as its load.
local function run(load, ...)
  t.needs("root", "tracing", "tracefs")
  local result = proc.run_shell(("$SHARK %s --json -- sh -c %s"):format(quoted { ... }, quoted { load }))
  t.assertEquals({ result.status, result.err }, { 0, "" })
  return lines_of(result.out)
end

local function rows_of(lines, field, value)
  local list = {}
  for _, row in ipairs(lines[#lines].rows) do
    list[#list + 1] = row[field] == value and row or nil
  end
  return list
end

-- A program of this test's own name, which nobody else runs.
local directory = proc.temporary_directory()
local NAME = "shprobe" .. require("uv").os_getpid()

local function own(program)
  local path = directory .. "/" .. NAME
  proc.run_shell(("cp $(command -v %s) %s"):format(program, path))
  return path
end

-- ---- exact counts ----

function tests.test_count_by_task()
  local dd = own "dd"
  local lines = run(dd .. " if=/dev/zero of=/dev/null bs=7 count=777 2>/dev/null", "count", "syscalls:sys_enter_write",
    "-k", "comm", "-k", "size:i64=r.count")
  local sizes = {}
  for _, row in ipairs(rows_of(lines, "comm", NAME)) do
    sizes[row.size] = row.count
  end
  t.assertEquals(sizes[7], 777)
  t.assertEquals(lines[#lines].attached.way, "tp")
end

function tests.test_count_only_where_something_is_true()
  local dd = own "dd"
  local lines = run(("%s if=/dev/zero of=/dev/null bs=7 count=77 2>/dev/null; " ..
    "%s if=/dev/zero of=/dev/null bs=9 count=99 2>/dev/null"):format(dd, dd),
    "count", "syscalls:sys_enter_write", "-k", "comm", "-k", "size:i64=r.count", "-w", "r.count == 9")
  for _, row in ipairs(lines[#lines].rows) do
    t.assertEquals(row.size, 9)
  end
  t.assertEquals(rows_of(lines, "comm", NAME)[1].count, 99)
end

function tests.test_trace_prints_stacks()
  local result = proc.run_shell('"$SHARK" trace sched_process_exec -f comm -f stack -- true')
  t.assertEquals({ result.status, result.err }, { 0, "" })
  t.assertStrMatches(result.out, ".*\n%S+ +true +[^\n]*do_syscall_64;[^\n]*execve[^\n]*\n.*")
end

function tests.test_count_by_the_name_of_the_probe()
  local dd = own "dd"
  local lines = run(dd .. " if=/dev/zero of=/dev/null bs=1 count=300 2>/dev/null", "count",
    "syscalls:sys_*_write", "-k", "comm")
  local by_probe = {}
  for _, row in ipairs(rows_of(lines, "comm", NAME)) do
    by_probe[row.probe] = row.count
  end
  t.assertTrue(by_probe["syscalls:sys_enter_write"] >= 300, "writes")
  t.assertEquals(by_probe["syscalls:sys_exit_write"], by_probe["syscalls:sys_enter_write"])
end

function tests.test_latency_has_each_call_once()
  local dd = own "dd"
  local lines = run(dd .. " if=/dev/zero of=/dev/null bs=1 count=400 2>/dev/null", "latency",
    "syscalls:sys_enter_write", "--to", "syscalls:sys_exit_write", "-k", "comm")
  local row = rows_of(lines, "comm", NAME)[1]
  local counts = 0
  for _, bucket in ipairs(row.hist) do
    counts = counts + bucket.count
  end
  t.assertTrue(row.count >= 400 and row.count < 420, row.count)
  t.assertEquals(counts, row.count)
  t.assertTrue(row.p50 > 0 and row.p50 <= row.p99)
end

function tests.test_latency_wants_to_know_where_it_ends()
  t.needs("root", "tracing")
  local result = proc.run_shark("latency", "sched_wakeup")
  t.assertEquals(result.status, 2)
  t.assertStrContains(result.err, "'--to' says where the time ends")
end

local function refused(message, ...)
  t.needs("root", "tracing", "tracefs")
  local result = proc.run_shark(...)
  t.assertNotEquals(result.status, 0)
  t.assertStrContains(result.err, message)
  t.assertNotStrContains(result.err, "traceback")
end

function tests.test_names_that_are_taken_are_refused()
  refused("a key cannot be named 'count'", "count", "sys_enter", "-k", "count=id", "-d", "1")
  refused("two keys are named 'x'", "count", "sys_enter", "-k", "x=id", "-k", "x=cpu()", "-d", "1")
  refused("two keys are named 'x'", "latency", "sys_enter", "--to", "sys_exit", "-k", "x=1", "-k", "x=2", "-d", "1")
  refused("a field cannot be named 'time'", "trace", "sys_enter", "-f", "time=id", "-d", "1")
  refused("a field cannot be named copy", "trace", "sys_enter", "-f", "copy=id", "-d", "1")
end

function tests.test_what_was_mistyped()
  refused("nearest: sched_switch", "count", "sched_swicth", "-d", "1")
  refused("nearest: sched_switch", "args", "sched_swicth")
end

-- Of filemap_fdatawrite_range(mapping, start, end) the last is a word of Lua; of sched_wake_idle_without_ipi(cpu)
-- the first is a builtin.
function tests.test_arguments_with_names_that_mean_something_else()
  local asked = require("shark.probe").describe
  t.needs("root", "tracing", "tracefs")
  local result = proc.run_shark("args", "filemap_fdatawrite_range()")
  t.assertStrContains(result.out, " end_ ")
  local handler = require("shark.probetable").handler
  local made = handler("test", "filemap_fdatawrite_range()", "if end_ then emit { x = 1 } end")
  t.assertEquals(debug.getlocal(made, 3), "end_")
  if asked "sched_wake_idle_without_ipi" then
    made = handler("test", "sched_wake_idle_without_ipi", "emit { cpu = cpu() }")
    t.assertEquals({ debug.getlocal(made, 1) }, {})
    made = handler("test", "sched_wake_idle_without_ipi", "emit { cpu = cpu }")
    t.assertEquals(debug.getlocal(made, 1), "cpu")
  end
end

function tests.test_trace_prints_what_was_asked_for()
  local cat = own "cat"
  local lines, sizes = run(cat .. " /etc/hostname >/dev/null", "trace", "syscalls:sys_enter_read", "-f", "comm",
    "-f", "size=r.count", "-w", "r.count > 4096"), 0
  for _, line in ipairs(lines) do
    t.assertTrue(line.report == "total" or line.size > 4096)
    sizes = sizes + (line.comm == NAME and 1 or 0)
  end
  t.assertTrue(sizes >= 2, "cat reads its file, and its end")
end

function tests.test_opens_and_what_came_of_them()
  local cat = own "cat"
  local missing = directory .. "/is\27not there"
  local lines = run(("%s /etc/hostname '%s' >/dev/null 2>&1; true"):format(cat, missing), "opens")
  local got = {}
  for _, line in ipairs(lines) do
    if line.comm == NAME and (line.path == "/etc/hostname" or line.path == missing) then
      got[#got + 1] = { line.path, line.ret >= 0 and "fd" or line.ret }
    end
  end
  t.assertEquals(got, { { "/etc/hostname", "fd" }, { missing, -2 } })
end

function tests.test_execs_in_their_order()
  local path = own "sleep"
  local lines, files = run(("for i in 1 2 3; do %s 0; done"):format(path), "execs"), {}
  for _, line in ipairs(lines) do
    if line.file == path then
      t.assertEquals(line.comm, NAME)
      t.assertTrue(line.pid > 0 and line.ppid > 0)
      files[#files + 1] = line.file
    end
  end
  t.assertEquals(files, { path, path, path })
end

function tests.test_tcpconnect_to_whom()
  t.skipIf(not shell.succeeds "command -v python3 >/dev/null", "no python3 here")
  local connect = [[python3 -c '
import socket
server = socket.create_server(("127.0.0.1", 0)); port = server.getsockname()[1]
client = socket.create_connection(("127.0.0.1", port))
print("port", port)' > %s/port]]
  local lines = run(connect:format(directory), "tcpconnect")
  local port = tonumber(io.open(directory .. "/port"):read("*a"):match("%d+"))
  local found = 0
  for _, line in ipairs(lines) do
    if line.port == port then
      t.assertEquals({ line.address, line.family, line.comm }, { "127.0.0.1", 4, "python3" })
      found = found + 1
    end
  end
  t.assertEquals(found, 1)
end

function tests.test_addresses_as_people_write_them()
  local probetable, ffi = require "shark.probetable", require "ffi"
  local function v6(...)
    local bytes, words = ffi.new("uint8_t[16]", ...), {}
    for i = 0, 3 do
      words[i + 1] = tonumber(ffi.cast("uint32_t *", bytes)[i])
    end
    return probetable.ipv6(unpack(words))
  end
  t.assertEquals(probetable.ipv4(0x0100007f), "127.0.0.1")
  t.assertEquals(v6(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1), "::1")
  t.assertEquals(v6(), "::")
  t.assertEquals(v6(0x20, 1, 0x0d, 0xb8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0xab), "2001:db8:0:1::ab")
  t.assertEquals(v6(0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 0, 3, 0, 4), "fe80::1:2:3:4")
  t.assertEquals(v6(0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8), "1:2:3:4:5:6:7:8")
end

function tests.test_runqlat_has_the_waits_of_a_task_that_yields()
  local sleep = own "sleep"
  local lines = run(("for i in 1 2 3 4 5; do %s 0.01; done"):format(sleep), "runqlat", "--tasks")
  local row = rows_of(lines, "comm", NAME)[1]
  t.assertTrue(row ~= nil and row.count >= 5, "each sleep waits for a CPU when it is over")
end

function tests.test_offcpu_has_the_time_and_the_stack_of_a_sleep()
  local sleep = own "sleep"
  local lines = run(sleep .. " 0.2", "offcpu")
  local slept, in_sleep = 0, false
  for _, row in ipairs(rows_of(lines, "comm", NAME)) do
    slept = slept + row.total
    for _, frame in ipairs(row.stack or {}) do
      in_sleep = in_sleep or frame.name:find "nanosleep" ~= nil
    end
  end
  t.assertTrue(slept >= 0.2e9, slept)
  t.assertTrue(in_sleep, "the stack of its sleep")
end

function tests.test_biosize_has_sizes_of_reads()
  local disk = t.needs("root", "tracing", "disk")
  local dd = own "dd"
  local before = disk_load.completed(disk)
  local lines = run(("%s if=%s of=/dev/null bs=4k count=50 iflag=direct 2>/dev/null"):format(dd, disk.path), "biosize")
  local row, now = rows_of(lines, "comm", NAME)[1], disk_load.completed(disk)
  -- Where memory is short it reads something of its own program, too.
  t.assertTrue(row.count >= 50 and row.count <= now.reads - before.reads + now.writes - before.writes, row.count)
  t.assertTrue(row.hist[1].lo == 4096 and row.hist[1].count >= 50, row.hist[1].count)
end

function tests.test_args_are_those_of_the_kernel()
  t.needs("root", "tracing", "tracefs")
  local out = json.decode(proc.run_shark("args", "sched_wakeup", "--json").out)
  t.assertEquals({ out.probes[1].arguments[1].type, out.probes[1].way }, { "struct task_struct *", "tp_btf" })
  t.assertStrContains(proc.run_shark("args", "syscalls:sys_enter_openat").out, ".filename")
end

-- ---- what cannot be ----

function tests.test_what_is_wrong_is_said_in_a_line()
  t.needs("root", "tracing")
  for _, case in ipairs {
    { { "count", "a b" }, "shark count: 'a b' is no probe" },
    { { "count", "no_such_thing" }, "shark count: there is no tracepoint no_such_thing" },
    { { "count", "sched_switch", "-k", "x=next.nope" }, "has no member nope" },
    { { "trace", "sched_switch", "-f", "x=(" }, "shark trace: " },
    { { "latency", "no_such_function()" }, "shark latency: " },
  } do
    local result = proc.run_shark(unpack(case[1]))
    t.assertEquals(result.status, 1)
    t.assertStrContains(result.err, case[2])
    t.assertNotStrContains(result.err, "traceback")
  end
end

-- ---- lines ----

-- A line of -e, interrupted after a second.
local function run_line(line)
  t.needs("root", "tracing", "tracefs")
  return proc.run_shell(("timeout --preserve-status -s INT 1 $SHARK -e %s"):format(quoted { line }))
end

function tests.test_a_line_prints_at_its_end_what_it_counted()
  local result = run_line [[n = probe.count(); probe.on("sched_switch", function() n:add() end)]]
  t.assertEquals({ result.status, result.err }, { 0, "" })
  t.assertTrue(tonumber(result.out:match "^n:\nCOUNT\n%s*(%d+)\n") > 0, result.out)
end

function tests.test_a_line_that_prints_itself_is_not_repeated()
  local result = run_line([[local n = probe.count(); probe.on("sched_switch", function() n:add() end)
    shark.on_end(function() print("seen", n:read()[1].count > 0) end)]])
  t.assertEquals(result.out, "seen\ttrue\n")
end

function tests.test_a_line_prints_what_is_sent()
  local result = run_line([[probe.on("sched_switch", function(_, _, next)
    emit { b = next.pid, a = str(next.comm) } end)]])
  t.assertStrMatches(result.out:match "^[^\n]*", "a=.*  b=%d+")
end

function tests.test_a_line_raises_where_the_machine_refuses()
  local result = run_line [[probe.on("no_such_thing", function() end) print "never"]]
  t.assertEquals({ result.status, result.out }, { 1, "" })
  t.assertStrContains(result.err, "no way to attach no_such_thing")
end

function tests.test_a_script_does_not_have_what_lines_have()
  local script = proc.write_file(directory .. "/plain.lua", "print(rawget(_G, 'probe'), probe)")
  t.assertEquals(proc.run_shell("$SHARK " .. script).out, "nil\tnil\n")
end

-- ---- beside bpftrace, on the same load ----

local function needs_bpftrace()
  t.needs("root", "tracing", "tracefs")
  t.skipIf(not shell.succeeds "command -v bpftrace >/dev/null", "no bpftrace here")
end

-- bpftrace says "Attaching" before it attaches, and prints what probes print when all of them are attached.
local IS_ATTACHED = 'interval:ms:100 { printf("attached\\n"); } '

-- Both run while the load does; the load begins when bpftrace has attached.
local function beside(program, load, ...)
  needs_bpftrace()
  local script = [[
cd %s; rm -f tool.out
bpftrace -e %s > tool.out 2> tool.err & tool=$!
for i in $(seq 600); do grep -q attached tool.out && break; kill -0 $tool || break; sleep 0.1; done
$SHARK %s --json -- sh -c %s > ours.out 2> ours.err; status=$?
kill -INT $tool
for i in $(seq 300); do kill -0 $tool 2>/dev/null || break; sleep 0.1; done
kill -KILL $tool 2>/dev/null; wait $tool
cat ours.err tool.err >&2; exit $status]]
  local theirs = quoted { IS_ATTACHED .. program }
  local result = proc.run_shell(script:format(directory, theirs, quoted { ... }, quoted { load }))
  local function text(name)
    local file = assert(io.open(directory .. "/" .. name))
    local all = file:read "*a"
    file:close()
    return all
  end
  local tool = text "tool.out"
  t.skipIf(not tool:find "attached", "bpftrace cannot trace here: " .. result.err)
  t.assertEquals(result.status, 0, result.err)
  return lines_of(text "ours.out"), tool
end

function tests.test_count_is_bpftrace_s()
  local dd = own "dd"
  local ours, theirs = beside(
    ('tracepoint:syscalls:sys_enter_write /comm == "%s"/ { @[args->count] = count(); }'):format(NAME),
    dd .. " if=/dev/zero of=/dev/null bs=3 count=1234 2>/dev/null", "count", "syscalls:sys_enter_write",
    "-k", "comm", "-k", "size=r.count")
  local ours_of_3
  for _, row in ipairs(rows_of(ours, "comm", NAME)) do
    ours_of_3 = row.size == 3 and row.count or ours_of_3
  end
  t.assertEquals(ours_of_3, 1234)
  t.assertEquals(tonumber(theirs:match "@%[3%]: (%d+)"), ours_of_3)
end

function tests.test_opens_is_bpftrace_s()
  local cat = own "cat"
  local ours, theirs = beside(
    ('tracepoint:syscalls:sys_enter_openat /comm == "%s"/ { printf("file %%s\\n", str(args->filename)); }')
      :format(NAME),
    ("%s /etc/passwd /etc/group /etc/hostname > /dev/null"):format(cat), "opens")
  local paths, their_paths = {}, {}
  for _, line in ipairs(ours) do
    paths[#paths + 1] = line.comm == NAME and line.path or nil
  end
  for path in theirs:gmatch("file ([^\n]*)") do
    their_paths[#their_paths + 1] = path
  end
  t.assertTrue(#paths >= 3)
  t.assertEquals(paths, their_paths)
end

function tests.test_execs_is_bpftrace_s()
  local path = own "sleep"
  local ours, theirs = beside('tracepoint:sched:sched_process_exec { printf("file %s\\n", str(args->filename)); }',
    ("for i in 1 2 3 4; do %s 0; done"):format(path), "execs")
  local n = 0
  for _, line in ipairs(ours) do
    n = n + (line.file == path and 1 or 0)
  end
  t.assertEquals(n, 4)
  t.assertEquals(select(2, theirs:gsub("file " .. path:gsub("%p", "%%%0") .. "\n", "")), n)
end

function tests.test_biosize_is_bpftrace_s()
  local disk = t.needs("root", "tracing", "disk")
  local dd = own "dd"
  local ours, theirs = beside(
    ('tracepoint:block:block_rq_issue /comm == "%s"/ { @[args->bytes] = count(); }'):format(NAME),
    ("%s if=%s of=/dev/null bs=8k count=30 iflag=direct 2>/dev/null"):format(dd, disk.path), "biosize")
  local row = rows_of(ours, "comm", NAME)[1]
  t.assertEquals({ row.count, row.hist[1].lo, tonumber(theirs:match "@%[8192%]: (%d+)") }, { 30, 8192, 30 })
end

-- runqlat.bt with the name of the task as a filter, and with those that are preempted, which the tool forgets: the
-- tracepoint's record has them as 256.
local RUNQLAT = [[
tracepoint:sched:sched_wakeup, tracepoint:sched:sched_wakeup_new { @since[args->pid] = nsecs; }
tracepoint:sched:sched_switch {
  if (args->prev_state == 0 || args->prev_state == 256) { @since[args->prev_pid] = nsecs; }
  $began = @since[args->next_pid];
  if ($began && args->next_comm == "%s") { @waits = count(); }
  delete(@since[args->next_pid]);
} END { clear(@since); }]]

function tests.test_runqlat_is_bpftrace_s()
  local sleep = own "sleep"
  local ours, theirs = beside(RUNQLAT:format(NAME), ("for i in $(seq 40); do %s 0.002; done"):format(sleep),
    "runqlat", "--tasks")
  local row = rows_of(ours, "comm", NAME)[1]
  t.assertTrue(row.count >= 40, "each sleep waits for a CPU when it is over")
  t.assertEquals(tonumber(theirs:match "@waits: (%d+)"), row.count)
end

function tests.test_count_by_task_is_syscount_of_bpftrace()
  local dd = own "dd"
  local ours, theirs = beside("tracepoint:raw_syscalls:sys_enter { @[comm] = count(); }",
    dd .. " if=/dev/zero of=/dev/null bs=1 count=2000 2>/dev/null", "count", "raw_syscalls:sys_enter", "-k", "comm")
  local row = rows_of(ours, "comm", NAME)[1]
  t.assertTrue(row.count >= 4000, "each byte is read and written")
  t.assertEquals(tonumber(theirs:match("@%[" .. NAME .. "%]: (%d+)")), row.count)
end

t.run(tests)
