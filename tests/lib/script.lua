--- What every packaged script that traces ends with.
local json = require "dkjson"
local proc = require "proc"
local t = require "t"

local M = {}

local function out_of(...)
  local result = proc.run_shark(...)
  t.assertEquals({ result.status, result.signal, result.err }, { 0, 0, "" })
  return result.out
end

--- Runs a script as text and as JSON: both end with how it was attached and what was lost.
--- @param name string
function M.assert_ended(name)
  local out = out_of(name, "-d", "0.3")
  t.assertStrContains(out, "attached: ")
  t.assertStrContains(out, "lost: ")
  local last = json.decode(out_of(name, "-d", "0.3", "--json"):match("([^\n]+)\n$"))
  t.assertEquals(last.report, "total")
  local session = last.sessions and select(2, next(last.sessions)) or last
  t.assertNotNil(session.attached.way)
  t.assertNotNil(session.lost.map_full)
end

return M
