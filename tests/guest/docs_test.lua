-- The code blocks of the documentation that need a guest: probes of functions, an IOMMU that remaps interrupts,
-- interrupts that move. What they print was printed in this guest. Of docs/guide.md also what the text says of it.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local blocks = require "blocks"
local documented = require "documented"
local t = require "t"
local uv = require "uv"

local tests = {}

-- ---- the guide ----

local guide, done

-- The steps, run once, in one shell.
local function steps()
  if not done then
    guide = {}
    for _, block in ipairs(blocks.of "docs/guide.md") do
      guide[#guide + 1] = block.needs.guide and block or nil
    end
    done = blocks.run_in_one_shell(guide)
  end
  return done
end

-- The row of a table, by the title of its columns: of the first line that the pattern matches.
local function row_of(out, first_title, pattern)
  local titles, row
  for line in out:gmatch "[^\n]+" do
    if not row and line:find("^%s*" .. first_title .. "%s") then
      titles = line
    elseif titles and not row and line:find(pattern) then
      row = line
    end
  end
  t.assertNotNil(row, out)
  local words, cells = {}, {}
  for word in row:gmatch "%S+" do
    words[#words + 1] = word
  end
  for title in titles:gmatch "%S+" do
    cells[title] = table.remove(words, 1)
  end
  return cells
end

local function stage(out, name)
  return tonumber((row_of(out, "DEVICE", "^vdf +read +" .. name).SHARE:gsub("%%", "")))
end

local function wait_us(out)
  local row = row_of(out, "IRQ", "^ *45 ")
  return tonumber(row["WAIT-US"]), tonumber(row["AVG-US"]), tonumber(row.CPU)
end

local function arrivals(out)
  return out:match "\n *45 [^\n]*" or out
end

function tests.test_guide_all_commands_succeed()
  for i, results in ipairs(steps()) do
    local out = ""
    for _, result in ipairs(results) do
      t.assertEquals(result.status, 0, ("%s\n%s"):format(guide[i].text, result.out))
      out = out .. result.out
    end
    t.assertTrue(guide[i].kind == "sh" or out:find "%w" ~= nil, guide[i].text)
    t.assertNil(guide[i].kind == "console" and blocks.missing_titles(guide[i], out) or nil, out)
  end
end

function tests.test_guide_1_the_time_is_in_the_stage_device()
  t.assertTrue(stage(steps()[2][1].out, "device") > 50, steps()[2][1].out)
end

function tests.test_guide_2_slow_requests_end_with_that_interrupt_on_cpu_1()
  t.assertStrMatches(steps()[3][1].out, ".*IRQ 45, CPU 0 %-> 1.*")
end

function tests.test_guide_3_the_thread_waits_longer_than_it_runs()
  local waits, runs, cpu = wait_us(steps()[4][1].out)
  t.assertTrue(waits > runs, steps()[4][1].out)
  t.assertEquals(cpu, 1)
end

function tests.test_guide_4_the_control_loop_has_cpu_1()
  local most, who = 0, nil
  for comm, count in steps()[5][1].out:gmatch "\n *1 +(%S+) +(%d+)" do
    if tonumber(count) > most and not comm:find "^swapper" then -- that is none
      most, who = tonumber(count), comm
    end
  end
  t.assertEquals(who, "control", steps()[5][1].out)
end

function tests.test_guide_5_it_goes_there_as_asked()
  local line = arrivals(steps()[6][1].out)
  t.assertStrMatches(line, ".* 1:%d+ .*")
  t.assertStrContains(line, "as asked")
  t.assertStrContains(steps()[7][1].out, "virtio6-virtqueues")
end

function tests.test_guide_6_the_entry_is_written()
  t.assertStrMatches(steps()[8][1].out, ".*IRTE dmar0/%d+: vector %d+ to CPU 1 %-> vector %d+ to CPU 0, .*")
end

function tests.test_guide_7_then_it_comes_on_cpu_0_and_no_longer_waits()
  local proof = steps()[9]
  t.assertStrMatches(arrivals(proof[1].out), ".* 0:%d+ .*")
  t.assertNil(arrivals(proof[1].out):find " 1:%d")
  local before, after = wait_us(steps()[4][1].out), wait_us(proof[2].out)
  t.assertEquals(select(3, wait_us(proof[2].out)), 0)
  t.assertTrue(after < before, ("%s us, and %s before"):format(after, before))
end

-- In which what is shown was printed: other kernels have other interrupts.
local function is_the_guest()
  local uname = uv.os_uname()
  return uname.release:find "^6%.12%." and uname.release:find "rt" and uv.fs_stat "/sys/class/iommu/dmar0"
end

if is_the_guest() then
  documented.run(function(block) return block.in_guest and not block.needs.guide end, tests)
else
  t.run { test_pages = function() t.skip "the pages were printed in another guest" end }
end
