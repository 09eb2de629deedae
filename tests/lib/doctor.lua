--- What shark doctor says, for tests.
local proc = require "proc"
local strict_json = require "strict_json"
local t = require "t"

local M = {}

-- strict_json leaves words as they are written.
local function with_booleans(value)
  if type(value) ~= "table" then
    return value == "true" or value ~= "false" and value
  end
  for key, field in pairs(value) do
    value[key] = with_booleans(field)
  end
  return value
end

local function by_way(report)
  local list = {}
  for _, part in ipairs { "tracers", "probes", "reading" } do
    for _, answer in ipairs(report[part]) do
      for _, entry in ipairs(answer.tried) do
        list[answer.name .. " " .. (entry.way or "")] = entry
      end
    end
  end
  return list
end

--- What a run of it with --json printed: "irq.hardirq tp" -> what was tried, and the whole report.
function M.decode(result)
  t.assertEquals(result.err, "")
  local report = with_booleans(strict_json.decode(result.out))
  t.assertEquals(result.status, report.can_trace and 0 or 1)
  return by_way(report), report
end

local here

--- All that was tried here, as root: each way; in a guest, where that takes a minute, those up to the first that works.
function M.here()
  here = here or M.decode(proc.run_shark("doctor", "--json", not t.in_guest and "--all" or nil))
  return here
end

local AS_NOBODY = "/usr/bin/setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=%s --ambient-caps=%s " ..
  "$SHARK doctor --json"

--- As a user with these capabilities only: { CAP_BPF = true }.
function M.as_nobody(capabilities)
  local words = { "-all" }
  for name in pairs(capabilities) do
    words[#words + 1] = "+" .. name:sub(5):lower()
  end
  local set = table.concat(words, ",")
  return M.decode(proc.run_shell(AS_NOBODY:format(set, set)))
end

--- What root can do and this process could not: name of a capability -> what it was missing for.
function M.missing(list)
  local found = {}
  for what, entry in pairs(list) do
    local root = M.here()[what]
    if root and root.ok and not entry.ok then
      t.assertEquals({ what, entry.cause.kind }, { what, "capability" }, entry.reason)
      for name in entry.cause.name:gmatch("CAP_[%u_]+") do
        found[name] = what
      end
    end
  end
  return found
end

--- Gives what is named as missing until root can do no more: the set of capabilities.
function M.given_what_is_named()
  local given, missing = {}, M.missing((M.as_nobody {}))
  while next(missing) do
    for name, what in pairs(missing) do
      t.assertNil(given[name], ("%s was given, and is named again for %s"):format(name, what))
      given[name] = true
    end
    missing = M.missing((M.as_nobody(given)))
  end
  return given
end

return M
