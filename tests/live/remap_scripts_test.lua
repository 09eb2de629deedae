-- remap-trace and affinity, as a user runs them: of interrupts that are remapped, in guests.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local json = require "dkjson"
local remap_trace = require "shark.remap.trace"
local script = require "script"
local t = require "t"

local out_of = script.out_of
local tests = {}

for _, name in ipairs { "remap-trace", "affinity" } do
  tests["test_" .. name .. "_ends_with_its_ledger"] = function()
    t.needs("root", "tracing")
    script.assert_ended(name)
  end
end

-- What this machine does not let be seen is said first, not shown as nothing.
function tests.test_remap_trace_says_what_it_traces()
  t.needs("root", "tracing")
  local out = out_of("remap-trace", "-d", "0.3")
  local traced = out:match("\ntracing: ([^\n]+)\n") or out:match("^tracing: ([^\n]+)\n")
  for _, kind in ipairs { "irte", "affinity", "vector", "fault" } do
    local is_traced = (", " .. traced .. ","):find(", " .. kind .. ",", 1, true) ~= nil
    local is_refused = out:find("not traced: " .. kind .. ": ", 1, true) ~= nil
    t.assertEquals(is_traced, not is_refused, kind)
  end
  t.assertStrContains(traced, "vector")
  t.assertEquals(traced:find("irte", 1, true) ~= nil, remap_trace.remapping() ~= nil, out)
end

function tests.test_affinity_has_a_verdict_for_every_interrupt()
  t.needs("root", "tracing")
  local report = assert(json.decode(out_of("affinity", "-d", "0.3", "--json")))
  t.assertTrue(#report.rows > 0)
  for _, row in ipairs(report.rows) do
    t.assertNotNil(row.asked)
    t.assertNotNil(row.verdict)
    t.assertNotNil(row.text)
  end
end

function tests.test_remap_trace_has_an_object_of_events()
  t.needs("root", "tracing")
  t.assertStrContains(out_of("remap-trace", "-d", "0.3", "--json"), '"events":{')
end

t.run(tests)
