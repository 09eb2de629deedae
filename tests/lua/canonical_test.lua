-- core/host/canonical.lua: the bytecode that is linked in depends on nothing but its source.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local canonical = dofile "core/host/canonical.lua"
local proc = require "proc"
local t = require "t"

local tests = {}

-- Every kind of constant and of field, and functions within functions.
local SOURCE = [[
local fields = { 1, "two", 3.5, nil, true, a = 1, b = -1, c = 2^40, d = 0.5, e = "text", f = true, g = false, h = "",
  [0.25] = "quarter", [-7] = "seven", [true] = "yes", ["end"] = "word", long = ("x"):rep(3) }
local function outer(...)
  local up = 5000000000
  return function() up = up + 1 return { x = 1, y = 2, z = 3, up = up, i64 = 7LL, u64 = 9ULL, i = 2i } end, ...
end
return fields, outer(1)()
]]

local function value_of(chunk)
  local fields, inner = chunk()
  inner.i64, inner.u64, inner.i = tostring(inner.i64), tostring(inner.u64), tostring(inner.i)
  return { fields, inner }
end

function tests.test_it_means_the_same()
  local dump = string.dump(assert(loadstring(SOURCE)))
  for _, text in ipairs { dump, string.dump(assert(loadstring(SOURCE)), true) } do
    t.assertEquals(#canonical(text), #text)
    t.assertEquals(value_of(assert(loadstring(canonical(text)))), value_of(assert(loadstring(SOURCE))))
  end
end

-- Each process seeds its hashes anew.
function tests.test_processes_agree()
  local command = ([[io.write(dofile "core/host/canonical.lua"(string.dump(assert(loadstring(%q)))))]]):format(SOURCE)
  local first = proc.run_shark("-e", command)
  t.assertEquals({ first.status, first.err }, { 0, "" })
  t.assertTrue(#first.out > 300)
  for _ = 1, 5 do
    t.assertEquals(proc.run_shark("-e", command).out, first.out)
  end
end

t.run(tests)
