-- Every packaged script in every output, where all names are hostile.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local hostile = require "hostile"
local proc = require "proc"
local strict_json = require "strict_json"
local t = require "t"

local LIBRARIES = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;")
local INJECT = ("package.path = %q .. package.path; require('hostile').start(%%s)"):format(LIBRARIES)
local tests = {}

local function hostile_shark(name, ...)
  local with_symbols = name ~= "irqmap" and name ~= "vectors"
  local result = proc.run_shark("-e", INJECT:format(tostring(with_symbols)), name, ...)
  t.assertEquals({ result.status, result.signal, result.err }, { 0, 0, "" })
  return result.out
end

-- What terminals obey, and lines that are none of ours.
local function assert_fit(out, what)
  local found = out:match("[%z\1-\8\11-\31\127]") or out:match("\226\128\174") or out:match("[\155\255]")
    or out:match("\nINJECTED[^\n]*")
  t.assertNil(found, ("%s: %q"):format(what, found or ""))
end

local function assert_json(out, what)
  local lines = 0
  for line in out:gmatch("[^\n]+") do
    local ok, message = pcall(strict_json.decode, line)
    t.assertTrue(ok, ("%s: %s"):format(what, tostring(message)))
    lines = lines + 1
  end
  t.assertTrue(lines > 0, what .. ": nothing was printed")
end

-- Options, and whether this machine always has a name to show.
local TRACES = {
  { "hardirqs", "--hist", named = true }, { "irqthreads" }, { "softirqs" }, { "sysvecs" }, { "ipis" },
  { "irqslow", "-u", "0", "-k", "hardirq", named = true }, { "irqheat" }, { "irqstorm", named = true },
  { "remap-trace", "--stack", "--matrix" }, { "affinity", "-a", named = true },
  { "virtblk", "--hist", "-b", "queue", named = true }, { "virtblk-slow", "-u", "0", named = true },
  { "count", "syscalls:sys_enter_read", "-k", "comm" }, { "trace", "sched:sched_process_exec" },
  { "execs" }, { "opens" }, { "offcpu" }, { "runqlat" }, { "biosize" }, { "tcpconnect" },
  { "latency", "syscalls:sys_enter_read", "--to", "syscalls:sys_exit_read", "-k", "comm" },
  { "virtblk-heat" }, { "virtblk-stack", named = true }, { "virtblk-stack", "--folded", named = true },
}
local MAPS = {
  { "args", "sched_switch" }, { "args", "sched:sched_switch" },
  { "irqmap", named = true }, { "irqmap", "--all", named = true }, { "irqmap", "--dot", named = true },
  { "irqmap", "--svg", named = true }, { "vectors" }, { "vectors", "--used", named = true }, { "vectors", "--system" },
  { "remap" }, { "iommu" }, { "iommu", "--tables" }, { "virtblk", "--disks", named = true },
}
-- These have no JSON of their own.
local PICTURES = { ["--dot"] = true, ["--svg"] = true, ["--folded"] = true, ["--tables"] = true, ["--used"] = true }

-- As people see it, and as JSON has it.
local SEEN, IN_JSON = "\\x1b]0;pwn\\x07\\x9b", "\\u001b]0;pwn\\u0007\\\\x9b"
local IN_DOT = SEEN:gsub("\\", "\\\\")

local function assert_named(entry, out, name)
  t.assertTrue(not entry.named or out:find(name, 1, true) ~= nil, "no hostile name in: " .. out:sub(1, 2000))
end

local function check(entry, command)
  local what, words, json_words = table.concat(entry, " "), { unpack(entry) }, { unpack(entry) }
  json_words[#json_words + 1] = "--json"
  for _, word in ipairs(command or {}) do
    words[#words + 1], json_words[#json_words + 1] = word, word
  end
  local out = hostile_shark(unpack(words))
  assert_fit(out, what)
  assert_named(entry, out, entry[2] == "--dot" and IN_DOT or SEEN)
  if not PICTURES[entry[2] or ""] then
    out = hostile_shark(unpack(json_words))
    assert_fit(out, what)
    assert_json(out, what)
    assert_named(entry, out, IN_JSON)
  end
end

for _, entry in ipairs(TRACES) do
  tests["test_" .. table.concat(entry, "_")] = function()
    local disk = t.needs("root", "tracing", "disk")
    check(entry, { "--", "dd", "if=" .. disk.path, "of=/dev/null", "bs=4k", "count=20", "iflag=direct",
      "status=none" })
  end
end

for _, entry in ipairs(MAPS) do
  tests["test_" .. table.concat(entry, "_")] = function()
    t.needs("root", "disk")
    check(entry)
  end
end

-- A script that is new is to be listed above.
function tests.test_every_packaged_script_is_among_them()
  local tested = { hello = true, ticks = true }
  for _, entries in ipairs { TRACES, MAPS } do
    for _, entry in ipairs(entries) do
      tested[entry[1]] = true
    end
  end
  for name in proc.run_shark("--list").out:gmatch("(%S+)[^\n]*\n") do
    t.assertTrue(tested[name] == true, name)
  end
end

function tests.test_a_heat_map_as_a_picture()
  t.needs("root", "tracing", "disk")
  local path = proc.temporary_directory() .. "/map.svg"
  hostile_shark("virtblk-heat", "-d", "0.2", "--svg", path, "--op", "<&\27'\"")
  local file = assert(io.open(path, "rb"))
  assert_fit(file:read("*a"), "virtblk-heat --svg")
  file:close()
end

-- Argument and option values come back in messages.
local BAD = "x" .. hostile.SUFFIX

local function assert_named_in_message(...)
  local result, name = proc.run_shark(...), (...)
  t.assertNotEquals(result.status, 0)
  assert_fit(result.out, name)
  assert_fit(result.err:gsub("\nINJECTED", ""), name) -- a message may have lines
  t.assertStrContains(result.err, "pwn")
end

function tests.test_arguments_in_messages()
  assert_fit(proc.run_shark("hello", BAD).out, "hello")
  for _, words in ipairs { { BAD }, { "./" .. BAD }, { "hardirqs", "--" .. BAD },
    { "softirqs", "-s", BAD }, { "irqmap", BAD }, { "-e", "error(" .. ("%q"):format(BAD) .. ")" } } do
    assert_named_in_message(unpack(words))
  end
end

function tests.test_arguments_in_messages_of_filters()
  t.needs("root", "tracing")
  assert_named_in_message("hardirqs", "-i", BAD)
  assert_named_in_message("virtblk", "-D", BAD)
end

-- Looked at once the trace runs.
function tests.test_arguments_in_messages_of_traces()
  t.needs("root", "tracing")
  assert_named_in_message("hardirqs", "--", "./" .. BAD)
  assert_named_in_message("virtblk-heat", "--svg", "/none/" .. BAD)
end

-- No injection: a task really has that name.
function tests.test_a_task_with_a_hostile_name()
  local disk = t.needs("root", "tracing", "disk")
  local work = ([[package.path = %q .. package.path
    local ffi, load = require "ffi", require "load"
    ffi.cdef "int prctl(int option, const char *name);"
    ffi.C.prctl(15, "\27]0;p\7\155\nX\255")
    load.pin(0)
    require("disk").direct_reads({ path = %q, irqs = { %d } }, 30)]]):format(LIBRARIES, disk.path, disk.irq)
  for _, format in ipairs { "--json", "--way=tp_btf" } do
    local result = proc.run_shark("virtblk-slow", "-u", "0", format, "--", proc.shark, "-e", work)
    if result.status ~= 0 and result.err:find("tp_btf") then
      result = proc.run_shark("virtblk-slow", "-u", "0", "--", proc.shark, "-e", work)
    end
    t.assertEquals({ result.status, result.err }, { 0, "" })
    assert_fit(result.out, "virtblk-slow")
    t.assertStrContains(result.out, format == "--json" and [["\u001b]0;p\u0007\\x9b\u000aX\\xff"]]
      or [[\x1b]0;p\x07\x9b\x0aX\xff]])
  end
end

t.run(tests)
