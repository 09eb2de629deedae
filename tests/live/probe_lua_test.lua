-- Random handlers in Lua: what the kernel computes is what LuaJIT computes. PROBE_SEED and PROBE_FUNCTIONS in the
-- environment choose others.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local t = require "t"

local tests = {}

local FUNCTIONS = tonumber(os.getenv "PROBE_FUNCTIONS") or (t.in_guest and 60 or 1000)
local SEED = tonumber(os.getenv "PROBE_SEED") or os.time() % 1000000 * 1000

function tests.test_random_handlers_compute_the_same_in_the_kernel()
  t.needs "root"
  local differ = require("luadiffer").new()
  for seed = SEED, SEED + FUNCTIONS - 1 do
    t.assertNil(differ:try(seed), "PROBE_SEED=" .. SEED)
  end
  t.assertTrue(differ.refused <= FUNCTIONS / 100, differ.refused .. " were too long for the verifier")
  t.assertEquals(differ.runs, 4 * (FUNCTIONS - differ.refused))
  print(("# %d runs from seed %d on, %d handlers too long"):format(differ.runs, SEED, differ.refused))
end

t.run(tests)
