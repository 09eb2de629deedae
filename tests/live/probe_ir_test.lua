-- Random functions of the compiler's IR: what the kernel computes is what the IR says. PROBE_SEED and
-- PROBE_FUNCTIONS in the environment choose others.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local t = require "t"

local tests = {}

local FUNCTIONS = tonumber(os.getenv "PROBE_FUNCTIONS") or (t.in_guest and 150 or 1500)
local SEED = tonumber(os.getenv "PROBE_SEED") or os.time() % 1000000 * 1000

function tests.test_random_functions_compute_the_same_in_the_kernel()
  t.needs "root"
  local differ = require("irdiffer").new()
  for seed = SEED, SEED + FUNCTIONS - 1 do
    t.assertNil(differ:try(seed), "PROBE_SEED=" .. SEED)
  end
  t.assertEquals(differ.runs, 3 * FUNCTIONS)
  print(("# %d runs from seed %d on"):format(differ.runs, SEED))
end

t.run(tests)
