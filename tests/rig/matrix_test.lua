-- tests/vm/matrix.lua: tests that hang, die or take the guest with them lose nothing else.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local patience = require "patience"
local proc = require "proc"
local t = require "t"
local uv = require "uv"

local tests = {}

local GUEST = "6.12-amd64-intel"

local function read(path)
  local file = io.open(path)
  local text = file and file:read("*a")
  if file then
    file:close()
  end
  return text
end

local function run(...)
  local names = {}
  for i, name in ipairs { ... } do
    names[i] = ("rig/faulty/%s_test.lua"):format(name)
  end
  local directory = proc.temporary_directory() .. "/results"
  local result = proc.run_shell(("$SHARK tests/vm/matrix.lua --guest %s --silence 10 --results %s %s")
    :format(GUEST, directory, table.concat(names, " ")))
  t.assertEquals(result.status, 0, result.err)
  local function of(name)
    local path = ("%s/%s/rig/faulty/%s_test.lua"):format(directory, GUEST, name)
    local text, status = read(path .. ".tap"), (read(path .. ".status") or ""):match("^%d+")
    return text, tonumber(status), read(path .. ".first.tap")
  end
  return of, result.err, read(("%s/%s/failures"):format(directory, GUEST)), directory
end

local function assert_passed(of)
  local text, status = of "passes"
  t.assertEquals({ text, status }, { "1..1\nok 1 - passes\n", 0 })
end

function tests.test_a_test_that_hangs_is_ended_and_keeps_what_it_printed()
  local of, said, failures = run("hangs", "computes", "dies", "passes")
  local text, status = of "hangs"
  t.assertStrMatches(text, "1%.%.2\nok 1 %- before it hangs\nnot ok 2 %- it hangs: it was idle for %d+ s without .*\n")
  t.assertEquals(status, 137)
  text, status = of "computes"
  t.assertStrMatches(text, "1%.%.1\nnot ok 1 %- it hangs: it computed for %d+ s without printing a line\n")
  t.assertEquals(status, 137)
  text, status = of "dies"
  t.assertEquals({ text, status }, { "1..1\nok 1 - all is well\n", 3 })
  assert_passed(of)
  t.assertEquals(failures, nil)
  t.assertNotStrContains(said, "started")
end

function tests.test_a_panic_loses_its_own_test_only_and_is_told()
  local of, said, failures, directory = run("panics", "passes")
  local text, status, first = of "panics"
  t.assertStrMatches(text, "1%.%.2\nok 1 %- before the panic\nnot ok 2 %- the guest failed: Kernel panic[^\n]*\n")
  t.assertEquals({ status, first }, { 1, "1..2\nok 1 - before the panic\n" })
  assert_passed(of)
  t.assertStrContains(failures, "start 1, in rig/faulty/panics_test.lua: the guest failed: Kernel panic")
  t.assertStrContains(failures, "start 2, in rig/faulty/panics_test.lua: the guest failed: Kernel panic")
  t.assertStrContains(said, "started 3 times; first failure: start 1, in rig/faulty/panics_test.lua")
  t.assertStrContains(read(("%s/%s/console.1"):format(directory, GUEST)), "Kernel panic")
end

function tests.test_a_second_start_that_passes_hides_nothing()
  local of, said, failures = run("passes", "panics_once")
  assert_passed(of)
  local text, status, first = of "panics_once"
  t.assertEquals({ text, status, first }, { "1..1\nok 1 - the second time\n", 0, "1..1\n" })
  t.assertStrMatches(failures, "start 1, in rig/faulty/panics_once_test.lua: the guest failed: Kernel panic[^\n]*\n")
  t.assertStrContains(said, "started 2 times; first failure: start 1")
end

function tests.test_one_that_is_interrupted_leaves_no_guest_behind()
  local directory = proc.temporary_directory() .. "/results"
  local build = uv.fs_realpath(proc.shark):match("^(.*)/shark$")
  local function qemus()
    -- The brackets keep grep from finding itself.
    return proc.run_shell(("grep -la '%s/vm/%s/[q]mp' /proc/[0-9]*/cmdline 2>/dev/null"):format(build, GUEST)).out
  end
  t.assertEquals(qemus(), "")
  local child = proc.start(proc.shark, { "tests/vm/matrix.lua", "--guest", GUEST, "--results", directory,
    "rig/faulty/hangs_test.lua" })
  patience.wait_until("a guest", function() return qemus() ~= "" end)
  child.kill "sigterm"
  child.wait()
  patience.wait_until("the guest to be gone", function() return qemus() == "" end)
end

t.run(tests)
