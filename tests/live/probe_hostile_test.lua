-- Handlers of random parts, most of them senseless: what the compiler takes, this kernel's verifier takes, too.
--
-- FUNCTIONS=N of them (default 300), from SEED=S on; a failure names its seed and shows the function.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local loading = require "loading"
local senseless = require "senseless"
local t = require "t"

local tests = {}

local COUNT, SEED = tonumber(os.getenv "FUNCTIONS") or 300, tonumber(os.getenv "SEED") or os.time()

-- Members that this kernel has in place of those of the handlers' made-up type.
local HEAD = "(_, p)\nlocal a, u = p.pid, p.start_time"
local REAL = { { "p%.parent", "p.real_parent" }, { "p%.weight", "p.start_time" }, { "p%.yes", "(p.pid > 3)" },
  { "p%.inside%.low", "p.se.load.weight" }, { "p%.inside", "p.se.load" }, { "p%.list%[0%]", "p.group_leader" },
  { "p%.list", "p.thread_pid" }, { "p%.bits", "p.sched_reset_on_fork" }, { "p%.nothing", "p.stack" } }

local function real(text)
  for _, pair in ipairs(REAL) do
    text = text:gsub(pair[1], pair[2])
  end
  return text
end

-- Too long for the verifier, or for the stack: said so, and no fault of the code.
local LIMITS = { "too complex", "too large", "bytes of stack", "at most %d+ constants", "combined stack size" }

local function is_limit(message)
  for _, limit in ipairs(LIMITS) do
    if message:find(limit) then return true end
  end
end

local function check(seed)
  local fn, text = senseless.handler(seed, HEAD, real)
  local way = seed % 2 == 0 and "tp_btf" or "raw_tp"
  if not fn then
    return false
  end
  local ok, message = pcall(loading.load, fn, { on = "sched_switch", way = way })
  if ok then
    message.program:close()
  elseif not message:find "^random:%d+: %S" and not is_limit(message) then
    error(("SEED=%d, %s: %s\n%s"):format(seed, way, message, text), 0)
  end
  return ok
end

function tests.test_what_is_compiled_is_taken_by_the_kernel()
  local taken = 0
  for seed = SEED, SEED + COUNT - 1 do
    local ok, result = pcall(check, seed)
    t.assertTrue(ok, not ok and result or nil)
    taken = taken + (result and 1 or 0)
  end
  print(("# %d of %d taken"):format(taken, COUNT))
  t.assertTrue(taken > 0)
end

t.run(tests, "root", "tracing")
