-- tests/run: what it calls a failure, and what it says of guests.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local proc = require "proc"
local t = require "t"

local tests = {}

-- A build in which guests printed these: { ["GUEST/TEST"] = { text, status? } }.
local function build_with(results)
  local build = proc.temporary_directory()
  for name, result in pairs(results) do
    local path = ("%s/vm/results/%s"):format(build, name)
    os.execute(("mkdir -p '%s'"):format(path:match("^(.*)/")))
    proc.write_file(path .. ".tap", result[1])
    proc.write_file(path .. ".status", ("%d 2.0 1.0 4.0\n"):format(result[2] or 0))
  end
  return build
end

local function run(results, options)
  local build, names = build_with(results), {}
  for name in pairs(results) do
    names[#names + 1] = "vm/" .. name
  end
  table.sort(names)
  local skips = proc.write_file(build .. "/skips",
    "# expected\n.*-none  needs iommu: none here$\nhere  nothing\n5|nowhere  rare thing\n")
  local result = proc.run_shell(("tests/run %s --skips %s %s %s"):format(options or "", skips, build,
    table.concat(names, " ")))
  result.last = result.out:match("([^\n]*)\n$")
  return result, build
end

local function assert_fails(result, last, text)
  t.assertEquals({ result.status, result.last }, { 1, last }, result.out .. result.err)
  t.assertStrContains(result.out, text)
end

function tests.test_what_passes_passes()
  local result = run { ["a/x"] = { "1..2\nok 1 - one\nok 2 - two\n" } }
  t.assertEquals({ result.status, result.last }, { 0, "2 passed, 0 failed, 0 skipped" })
end

function tests.test_the_exit_status_counts_behind_a_kept_plan()
  assert_fails(run { ["a/x"] = { "1..1\nok 1 - one\n", 1 } }, "1 passed, 1 failed, 0 skipped",
    "FAILED: vm/a/x: FAILED exit status 1")
  assert_fails(run { ["a/x"] = { "1..1\nok 1 - one\n", 139 } }, "1 passed, 1 failed, 0 skipped", "exit status 139")
end

function tests.test_a_plan_that_is_not_kept()
  assert_fails(run { ["a/x"] = { "1..3\nok 1 - one\n" } }, "1 passed, 1 failed, 0 skipped", "planned 3")
  assert_fails(run { ["a/x"] = { "" } }, "0 passed, 1 failed, 0 skipped", "No plan")
end

function tests.test_a_failed_test_is_counted_once()
  assert_fails(run { ["a/x"] = { "1..2\nok 1 - one\nnot ok 2 - two\n#   because\n", 1 } },
    "1 passed, 1 failed, 0 skipped", "#   because")
end

function tests.test_failures_are_named_at_the_end()
  assert_fails(run { ["a/x"] = { "1..1\nnot ok 1 - one\n", 1 }, ["a/y"] = { "1..1\nok 1 - one\n" } },
    "1 passed, 1 failed, 0 skipped", "FAILED: vm/a/x: one\n1 passed")
end

function tests.test_an_expected_skip()
  local result = run { ["6.1-none/x"] = { "1..2\nok 1 - one # SKIP needs iommu: none here\nok 2 - two\n" } }
  t.assertEquals({ result.status, result.last }, { 0, "1 passed, 0 failed, 1 skipped" })
  t.assertStrContains(result.out, "skipped: vm/6.1-none/x: one: needs iommu: none here\n")
end

function tests.test_a_skip_that_nobody_expects_is_a_failure()
  assert_fails(run { ["6.1-intel/x"] = { "1..2\nok 1 - one # SKIP needs iommu: none here\nok 2 - two\n" } },
    "1 passed, 1 failed, 0 skipped", "does not expect it: vm/6.1-intel/x: one: needs iommu: none here\n")
  assert_fails(run { ["6.1-none/x"] = { "1..0 # SKIP no reason\n" } }, "0 passed, 1 failed, 0 skipped",
    "does not expect it: vm/6.1-none/x: no reason\n")
end

function tests.test_no_tests_at_all_are_no_pass()
  assert_fails(run { ["a/x"] = { "1..0\n" } }, "0 passed, 1 failed, 0 skipped", "no tests")
end

function tests.test_a_test_must_pass_somewhere()
  local skipped = "1..1\nok 1 - one # SKIP needs iommu: none here\n"
  assert_fails(run({ ["5-none/x"] = { skipped }, ["6-none/x"] = { skipped } }, "--complete"),
    "0 passed, 1 failed, 2 skipped", "FAILED: passed nowhere: x: one: needs iommu: none here\n")
  local result = run({ ["5-none/x"] = { skipped }, ["6-none/x"] = { "1..1\nok 1 - one\n" } }, "--complete")
  t.assertEquals({ result.status, result.last }, { 0, "1 passed, 0 failed, 1 skipped" })
end

function tests.test_what_need_not_pass_anywhere()
  local result = run({ ["5/x"] = { "1..2\nok 1 - one # SKIP needs a rare thing\nok 2 - two\n" } }, "--complete")
  t.assertEquals({ result.status, result.last }, { 0, "1 passed, 0 failed, 1 skipped" }, result.out)
end

function tests.test_the_first_failure_of_a_guest_is_told()
  local build = build_with { ["a/x"] = { "1..1\nok 1 - one\n" } }
  proc.write_file(build .. "/vm/results/a/failures", "start 1, in x: the guest failed: Kernel panic\n")
  local result = proc.run_shell(("tests/run %s vm/a/x"):format(build))
  t.assertEquals(result.status, 0)
  t.assertStrContains(result.out, "started again: a: start 1, in x: the guest failed: Kernel panic\n")
end

function tests.test_what_took_longest_is_told()
  local result = run { ["a/x"] = { "1..1\nok 1 - one\n" } }
  t.assertStrContains(result.out, "slow:     3 s  vm/a/x (2 s of it computing)\n")
end

t.run(tests)
