-- Handlers that make no sense: every kind of value wherever a value may stand. Each is compiled to well-formed code,
-- or refused with file, line and a text; nothing of the compiler's own inside comes to light.
--
-- FUNCTIONS=N of them (default 1000), from SEED=S on; a failure names its seed and shows the function.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local compiled = require "compiled"
local senseless = require "senseless"
local t = require "t"

local tests = {}

local COUNT, SEED = tonumber(os.getenv "FUNCTIONS") or 1000, tonumber(os.getenv "SEED") or os.time()

local known = compiled.types { ["struct task"] = { size = 64, members = {} }, ["struct inner"] = { size = 8 } }
local task, inner = known.by_name["struct task"], known.by_name["struct inner"]
inner.members = { low = { 0, "i16" } }
task.members = {
  pid = { 0, "i32" }, weight = { 8, "u64" }, parent = { 16, compiled.pointer(task) }, yes = { 4, "bool" },
  comm = { 24, { kind = "array", element = { kind = "char", size = 1, signed = true }, count = 16, size = 16 } },
  rate = { 40, { kind = "float", name = "double", size = 8 } }, inside = { 32, inner },
  list = { 48, compiled.pointer(compiled.pointer(task)) }, bits = { bit = 450, bits = 3, type = "u32" },
  nothing = { 56, compiled.pointer { kind = "void" } },
}

local TYPES = { compiled.pointer(task), "i64", "u64" }

local function check(seed)
  local fn, text = senseless.handler(seed)
  if not fn then
    return false -- no Lua: `...` within a function, say
  end
  local ok, message = pcall(compiled.compile, fn,
    { types = TYPES, known = known, typed = seed % 2 == 0, loops = seed % 3 == 0 and "may_goto" or "none" })
  local fine = ok or type(message) == "string" and message:find "^random:%d+: %S" and not message:find "attempt to"
    and not message:find "lua/shark" and not message:find "random:0:" and not message:find "_test.lua"
  if not fine then
    error(("SEED=%d: %s\n%s"):format(seed, tostring(message), text), 0)
  end
  return ok
end

function tests.test_senseless_handlers_are_refused_or_compiled()
  local compiled_ones, refused = 0, 0
  for seed = SEED, SEED + COUNT - 1 do
    local ok, result = pcall(check, seed)
    t.assertTrue(ok, not ok and result or nil)
    compiled_ones, refused = compiled_ones + (result and 1 or 0), refused + (result and 0 or 1)
  end
  print(("# %d compiled, %d refused"):format(compiled_ones, refused))
  t.assertTrue(compiled_ones > 0 and refused > 0)
end

t.run(tests)
