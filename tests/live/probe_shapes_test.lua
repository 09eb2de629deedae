-- Fifty handlers load on this kernel, and the verifier looks at as many instructions as it did: if at more, there
-- are paths that multiply. The numbers are in tests/lib/probe_shapes.lua, by kernel; PROBE_RECORD=1 prints this one's.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local handlers = require "probe_handlers"
local loading = require "loading"
local t = require "t"
local uv = require "uv"

local tests = {}

local release = uv.os_uname().release:match "^%d+%.%d+"

-- name -> instructions looked at; empty where the kernel does not tell.
local function verified()
  local counts, told = {}, false
  for _, handler in ipairs(handlers) do
    local ok, loaded = pcall(loading.load, handler.fn, { on = "sched_switch" })
    t.assertTrue(ok, ok or handler.name .. ": " .. tostring(loaded))
    counts[handler.name] = loaded.program:info().verified
    told = told or counts[handler.name] ~= nil
    loaded.program:close()
    loaded.maps:close()
  end
  return counts, told
end

local function record(counts)
  print(("  [%q] = {"):format(release))
  for _, handler in ipairs(handlers) do
    print(("    [%q] = %d,"):format(handler.name, counts[handler.name]))
  end
  print "  },"
end

-- Of kernels that nobody has recorded: as many as the others look at, and a quarter more.
local function most(known, name)
  local highest = 0
  for _, counts in pairs(known) do
    highest = math.max(highest, counts[name])
  end
  return highest * 1.25
end

function tests.test_there_are_fifty()
  t.assertEquals(#handlers, 50)
end

function tests.test_no_handler_takes_more_than_it_did()
  t.needs "root"
  local counts, told = verified()
  if not told then
    print "# loaded all; this kernel does not tell how many instructions it looked at"
    return
  elseif os.getenv "PROBE_RECORD" then
    return record(counts)
  end
  local known = require "probe_shapes"
  for _, handler in ipairs(handlers) do
    local name = handler.name
    if known[release] then
      t.assertEquals(counts[name], known[release][name], name)
    else
      t.assertTrue(counts[name] <= most(known, name), ("%s: %d"):format(name, counts[name]))
    end
  end
end

t.run(tests)
