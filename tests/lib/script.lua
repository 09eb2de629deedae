--- Packaged scripts, as a user runs them.
local json = require "dkjson"
local proc = require "proc"
local t = require "t"

local M = {}

--- What a run of shark printed; without complaints, and ended with 0.
--- @return string
function M.out_of(...)
  local result = proc.run_shark(...)
  t.assertEquals({ result.status, result.signal, result.err }, { 0, 0, "" })
  return result.out
end

--- Runs a script as text and as JSON: both end with how it was attached and what was lost.
--- @param name string
function M.assert_ended(name)
  local out = M.out_of(name, "-d", "0.3")
  t.assertStrContains(out, "attached: ")
  t.assertStrContains(out, "lost: ")
  local last = json.decode(M.out_of(name, "-d", "0.3", "--json"):match("([^\n]+)\n$"))
  t.assertEquals(last.report, "total")
  local session = last.sessions and select(2, next(last.sessions)) or last
  t.assertNotNil(session.attached.way)
  t.assertNotNil(session.lost.map_full)
end

return M
