--- Packaged scripts, run where all names are hostile: what they may print then.
local proc = require "proc"
local strict_json = require "strict_json"
local t = require "t"

local M = {}

local LIBRARIES = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;")
local INJECT = ("package.path = %q .. package.path; require('hostile').start(%%s)"):format(LIBRARIES)

-- Options, and whether this machine always has a name to show.

--- What traces; given a command to trace.
M.TRACES = {
  { "hardirqs", "--hist", named = true }, { "irqthreads" }, { "softirqs" }, { "sysvecs" }, { "ipis" },
  { "irqslow", "-u", "0", "--kind", "hardirq", named = true }, { "irqheat" }, { "irqstorm", named = true },
  { "affinity", "-a", named = true },
  { "virtblk", "--hist", "-k", "queue", named = true }, { "virtblk-slow", "-u", "0", named = true },
  { "count", "syscalls:sys_enter_read", "-k", "comm", named = true },
  { "trace", "sched:sched_process_exec", named = true }, { "execs", named = true }, { "opens", named = true },
  { "offcpu", named = true }, { "runqlat", "--tasks", named = true }, { "biosize", named = true }, { "tcpconnect" },
  { "latency", "syscalls:sys_enter_read", "--to", "syscalls:sys_exit_read", "-k", "comm", named = true },
  { "virtblk-heat" }, { "virtblk-stack", named = true }, { "virtblk-stack", "--folded", named = true },
}

--- What shows how things are, and traces of what is shown: of an IOMMU, where there is one.
M.MAPS = {
  { "irqmap", named = true }, { "irqmap", "--all", named = true }, { "irqmap", "--dot", named = true },
  { "irqmap", "--svg", "-", named = true },
  { "vectors" }, { "vectors", "--used", named = true }, { "vectors", "--system" },
  { "remap" }, { "remap-trace", "--stack", "--matrix", "-d", "0.2" }, { "iommu" }, { "iommu", "--tables" },
  { "virtblk", "--disks", named = true },
  { "args", "sched_switch" }, { "args", "sched:sched_switch" }, { "pipeline" },
}

--- What fills a terminal's screen (tests/host/top_test.lua has that), and else has JSON only.
M.SCREENS = { { "top", "--json", "-d", "0.3", named = true } }

--- What tries all traces.
M.TRIES = { { "doctor" } }

--- Runs a script so. @return string what it printed
function M.run(name, ...)
  local with_symbols = name ~= "irqmap" and name ~= "vectors"
  local result = proc.run_shark("-e", INJECT:format(tostring(with_symbols)), name, ...)
  local err = result.err:gsub("^shark [%w-]+: nothing matched [^\n]+\n$", "")
  t.assertEquals({ result.status, result.signal, err }, { 0, 0, "" })
  return result.out
end

--- Fails for what terminals obey, and for lines that are none of ours.
function M.assert_fit(out, what)
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

-- These have no JSON of their own.
local PICTURES = { ["--dot"] = true, ["--svg"] = true, ["--folded"] = true, ["--tables"] = true, ["--used"] = true }

-- As people see it, and as JSON has it.
local SEEN, IN_JSON = "\\x1b]0;pwn\\x07\\x9b", "\\u001b]0;pwn\\u0007\\\\x9b"
local IN_DOT = SEEN:gsub("\\", "\\\\")

local function assert_named(entry, out, name)
  t.assertTrue(not entry.named or out:find(name, 1, true) ~= nil, "no hostile name in: " .. out:sub(1, 2000))
end

local function check_json(entry, what, words)
  local out = M.run(unpack(words))
  M.assert_fit(out, what)
  assert_json(out, what)
  assert_named(entry, out, IN_JSON)
end

--- Runs an entry of SCREENS.
--- @param entry table
function M.check_screen(entry)
  check_json(entry, table.concat(entry, " "), entry)
end

--- Runs an entry of the other lists above as text and as JSON.
--- @param entry table @param command string[]? from "--" on
function M.check(entry, command)
  local what, words, json_words = table.concat(entry, " "), { unpack(entry) }, { unpack(entry) }
  json_words[#json_words + 1] = "--json"
  for _, word in ipairs(command or {}) do
    words[#words + 1], json_words[#json_words + 1] = word, word
  end
  local out = M.run(unpack(words))
  M.assert_fit(out, what)
  assert_named(entry, out, entry[2] == "--dot" and IN_DOT or SEEN)
  if not PICTURES[entry[2] or ""] then
    check_json(entry, what, json_words)
  end
end

return M
