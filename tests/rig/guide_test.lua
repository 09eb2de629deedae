-- The guide's example of each trace runs as it stands in docs/scripting.md, and prints what that
-- trace has to tell; or this machine refuses the trace, and the example says why.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local disk = require "disk"
local proc = require "proc"
local t = require "t"

local tests = {}

-- call of a trace -> the first example of its section
local function examples()
  local list, call, lines = {}, nil, nil
  for line in io.lines "docs/scripting.md" do
    call = line:match "^### `([%w.]+)`:" or not line:find "^##" and call or nil
    if lines and line == "```" then
      list[call], lines = list[call] or table.concat(lines, "\n"), nil
    elseif lines then
      lines[#lines + 1] = line
    elseif call and line == "```lua" then
      lines = {}
    end
  end
  return list
end

local directory = proc.temporary_directory()

-- What moves an interrupt is for guests: here such an example is opened, and does nothing.
local MOVES = 'shark%.exec%("sh", "%-c", "echo %d+ > /proc/irq/[^\n]*%)'

-- The examples read "file"; and nobody waits for a minute here.
local function run(text)
  proc.run_shell(("head -c 4000000 /dev/urandom > %s/file"):format(directory))
  text = text:gsub("60000", "500"):gsub(MOVES, 'shark.exec "true"')
  t.assertNil(text:find("/proc/irq", 1, true))
  local script = proc.write_file(directory .. "/example.lua", text)
  return proc.run_shell(("cd %s && $SHARK %s"):format(directory, script))
end

-- Why the machine refuses, or nil.
local function refusal(result)
  return result.status == 1 and
    (result.err:match "no way to attach[^\n]*" or result.err:match "no IOMMU[^\n]*" or
      result.err:match "not remapped[^\n]*" or result.err:match "no such IRQ[^\n]*")
end

-- What happens on every machine all the time, or by the load of the example; with a disk whose
-- interrupts can be seen also what is in WITH_DISK.
local ALWAYS = { ["irq.softirq"] = "%d+\t%d+\t%d+\t%d+\n", ["irq.vector"] = "236\tlocal timer\t%d+\t%d+\n" }
local WITH_DISK = { ["irq.hardirq"] = "%d+\t[^\t\n]+\t%d+\t%d+\t" }

local function expected(call)
  return ALWAYS[call] or disk.find() and WITH_DISK[call]
end

for call, text in pairs(examples()) do
  tests["test_" .. call:gsub("%.", "_")] = function()
    t.needs("root", "tracing")
    local result = run(text)
    t.skipIf(refusal(result), refusal(result))
    t.assertEquals({ result.status, (result.err:gsub("dd: [^\n]*\n", "")) }, { 0, "" })
    t.assertStrMatches(result.out, ".*" .. (expected(call) or "") .. ".*")
  end
end

function tests.test_every_trace_has_one()
  local list = examples()
  for _, provider in ipairs(shark.providers()) do
    t.assertTrue(list[provider.call] ~= nil or provider.call:find "^shark%.trace" ~= nil, provider.call)
  end
end

t.run(tests)
