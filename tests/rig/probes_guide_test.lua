-- The guide to probes: each example runs as it stands in docs/probes.md, and each line that stands beside one of
-- bpftrace; or this machine refuses the probe, and it is said why.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local proc = require "proc"
local shell = require "shell"
local t = require "t"

local tests = {}

-- Blocks of a language, each with the last line of text before it.
local function blocks(language)
  local list, heading, lines = {}, "", nil
  for line in io.lines "docs/probes.md" do
    if lines and line == "```" then
      list[#list + 1] = { heading = heading, text = table.concat(lines, "\n") }
      lines = nil
    elseif lines then
      lines[#lines + 1] = line
    elseif line == "```" .. language then
      lines = {}
    elseif line ~= "" and line ~= "```" then
      heading = line
    end
  end
  return list
end

local function name_of(i, block)
  return ("test_%02d_%s"):format(i, block.heading:gsub("[^%w]+", "_"):sub(1, 50))
end

-- Why the machine refuses, or nil.
local function refusal(result)
  return result.err:match "no way to attach[^\n]*" or result.err:match "there is no function[^\n]*"
end

local directory = proc.temporary_directory()

-- ---- examples ----

for i, block in ipairs(blocks "lua") do
  tests[name_of(i, block)] = function()
    t.needs("root", "tracing", "tracefs")
    local script = proc.write_file(directory .. "/example.lua", block.text)
    local result = proc.run_shell("$SHARK " .. script)
    t.skipIf(refusal(result), refusal(result))
    t.assertEquals({ result.status, result.err }, { 0, "" })
    t.assertStrMatches(result.out, ".*%w+.*\n")
  end
end

-- ---- lines ----

-- What happens on every machine all the time, or is done here meanwhile.
local LOAD = "(while :; do /bin/true; cat /etc/hostname; done) > /dev/null 2>&1 & load=$!; sleep 0.1; "

-- Of events that need not happen here.
local QUIET = { ["What a function of a program returns:"] = true, ["Signals, by number and sender:"] = true,
  ["Sizes of requests to disks:"] = true, ["Requests to disks, each:"] = true, ["One-liners"] = true }

-- Whether something was counted or seen: a line of figures, besides those that are always there.
local function tells(out)
  for line in out:gmatch "[^\n]+" do
    if line:find "%d" and not line:find ", [%d.]+ s$" and not line:find "^attached:" and not line:find "^lost:"
      and not line:find "^%s*0$" then
      return true
    end
  end
  return false
end

local function run_line(line)
  local command = line:gsub("^shark", '"$SHARK"')
  return proc.run_shell(("%stimeout --preserve-status -s INT 2 %s; status=$?; kill $load; exit $status")
    :format(LOAD, command))
end

for i, block in ipairs(blocks "sh") do
  if block.text:find "^shark" then
    tests[name_of(100 + i, block)] = function()
      t.needs("root", "tracing", "tracefs")
      local result = run_line(block.text)
      t.skipIf(refusal(result), refusal(result))
      t.assertEquals({ result.status, (result.err:gsub("shark: lost: [^\n]*\n", "")) }, { 0, "" })
      if not QUIET[block.heading] then
        t.assertTrue(tells(result.out) or result.out:find "block:block_rq_issue\n" ~= nil, result.out)
      end
    end
  end
end

-- What stands on the left is what bpftrace takes: it compiles it, and attaches nothing.
for i, block in ipairs(blocks "sh") do
  if block.text:find "^bpftrace %-e" then
    tests[name_of(200 + i, block)] = function()
      t.needs("root", "tracefs")
      t.skipIf(not shell.succeeds "command -v bpftrace >/dev/null", "no bpftrace here")
      local result = proc.run_shell((block.text:gsub("^bpftrace", "bpftrace -d")))
      t.skipIf(result.err:find "kprobe" or result.err:find "uprobe" or result.err:find "No such file",
        (result.err:match "[^\n]*"))
      t.assertEquals(result.status, 0, result.err)
    end
  end
end

function tests.test_there_are_thirty_pairs()
  local ours, theirs = 0, 0
  for _, block in ipairs(blocks "sh") do
    ours = ours + (block.text:find "^shark" and 1 or 0)
    theirs = theirs + (not block.text:find "^shark" and 1 or 0)
  end
  t.assertTrue(theirs >= 30 and ours >= theirs, ours .. " and " .. theirs)
end

t.run(tests)
