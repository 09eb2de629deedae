--- What can be traced on this machine, and what refuses the rest. All of it is found out by trying:
-- programs are loaded, attached and detached again at once.

local M = {}

local function some(answers)
  for _, answer in ipairs(answers) do
    if answer.ok then
      return true
    end
  end
  return false
end

--- Tries everything; takes a second or two.
--- @param options? table all = true: ways after the first that succeeds, too
--- @return table report { kernel, rights = of shark.system.rights, can_trace, tracers, probes, reading } of answers
---   { name, title, ok, way?, tried = {{ way, ok, skipped?, reason?, error?, cause? = { kind, name, remedy? } }} }
function M.examine(options)
  if options ~= nil and (type(options) ~= "table" or next(options, next(options) == "all" and "all" or nil)) then
    error("bad argument #1 to 'examine' (table with all expected)", 2)
  end
  local all = options and options.all
  local report = {
    kernel = require("uv").os_uname().release, rights = require("shark.system.rights").read(),
    tracers = require("shark.doctor.tracers").answers(all), probes = require("shark.doctor.probes").answers(all),
    reading = require("shark.doctor.reading").answers(),
  }
  report.can_trace = some(report.tracers) or some(report.probes)
  return report
end

local function note(known, list, title, entry)
  local cause = entry.cause
  local found = known[cause.name]
  if not found then
    found = { kind = cause.kind, name = cause.name, remedy = cause.remedy, reason = entry.reason, refused = {} }
    known[cause.name], list[#list + 1] = found, found
  end
  local last = found.refused[#found.refused]
  if not last or last.title ~= title then
    last = { title = title, ways = {} }
    table.insert(found.refused, last)
  end
  table.insert(last.ways, entry.way)
end

--- What refuses, each once, in the order in which it was met.
--- @param report table of examine()
--- @return table[] causes {{ kind, name, remedy?, reason = the first that was met, refused = {{ title, ways }} }}
function M.causes(report)
  local list, known = {}, {}
  for _, part in ipairs { report.tracers, report.probes, report.reading } do
    for _, answer in ipairs(part) do
      for _, entry in ipairs(answer.tried) do
        if entry.cause then
          note(known, list, answer.title, entry)
        end
      end
    end
  end
  return list
end

return M
