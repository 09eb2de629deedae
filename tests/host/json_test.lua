-- What packaged scripts print with --json is JSON to others, too.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local proc = require "proc"
local t = require "t"

local tests = {}

function tests.test_hardirqs()
  t.needs("root", "tracing")
  local result = proc.run_shell("$SHARK hardirqs -d 0.2 --json | python3 -m json.tool")
  t.assertEquals({ result.status, result.err }, { 0, "" })
  result = proc.run_shell("$SHARK hardirqs -d 0.5 -n 0.2 --json | python3 -m json.tool --json-lines")
  t.assertEquals({ result.status, result.err }, { 0, "" })
end

t.run(tests)
