-- Random functions of the compiler's IR and random handlers in Lua, in the kernel and beside it, for
-- so many seconds: usage: shark tests/fuzz/probe.lua SECONDS [FIRST-SEED]. As root; part of make fuzz.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local uv = require "uv"

local seconds, seed = tonumber(arg[1]) or 60, tonumber(arg[2]) or os.time() % 1000000 * 10000
local differs = { require("irdiffer").new(), require("luadiffer").new() }
local sizes = { 4, 8, 14, 24 }
local until_ = uv.hrtime() + seconds * 1e9

local function check(difference)
  if difference then
    io.stderr:write(difference, "\n")
    os.exit(1)
  end
end

while uv.hrtime() < until_ do
  for _, differ in ipairs(differs) do
    check(differ:try(seed, sizes[seed % #sizes + 1]))
  end
  seed = seed + 1
end
print(("  %d functions and %d handlers (%d too long for the verifier), %d runs, up to seed %d: no difference")
  :format(differs[1].functions, differs[2].functions, differs[2].refused, differs[1].runs + differs[2].runs, seed - 1))
