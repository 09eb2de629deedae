-- The reference and the editor's types are what the tracers say of themselves.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local proc = require "proc"
local t = require "t"

local tests = {}

function tests.test_nothing_is_stale()
  local result = proc.run_shell('"$SHARK" docs/reference.lua --check')
  t.assertEquals({ result.status, result.err }, { 0, "" })
end

-- In a copy, with a line changed, the check fails and says what to do.
function tests.test_a_changed_line_is_noticed()
  local copy = proc.temporary_directory()
  local result = proc.run_shell(([[
    mkdir -p %s/lua/shark && cp -r docs %s && cp -r lua/shark/_meta %s/lua/shark &&
    cd %s && sed -i 's/IRQ_NONE/IRQ_MANY/' docs/reference.md && "$SHARK" docs/reference.lua --check]])
    :format(copy, copy, copy, copy))
  t.assertEquals({ result.status, result.err },
    { 1, "docs/reference.md: not what the tracers say of themselves; make reference\n" })
end

function tests.test_every_tracer_says_what_it_has()
  local providers = shark.providers()
  t.assertTrue(#providers >= 12, #providers)
  for _, provider in ipairs(providers) do
    t.assertTrue(#provider.about > 10 and #provider.source > 10, provider.name)
    t.assertTrue(#provider.ways > 0 and #provider.rows > 0 and #provider.events > 0, provider.name)
    for _, field in ipairs(provider.rows) do
      t.assertTrue(type(field.text) == "string" and #field.text > 3, provider.name .. "." .. field.name)
    end
  end
end

t.run(tests)
