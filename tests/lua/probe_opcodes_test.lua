-- shark.probe.opcodes: the names are those of the LuaJIT that runs here, whatever was there at build time.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local bit = require "bit"
local opcodes = require "shark.probe.opcodes"
local t = require "t"
local util = require "jit.util"

local tests = {}

-- The names of a function's instructions, but its first, which says how it is called.
local function names_of(source)
  local fn, list = assert(loadstring(source)), {}
  local pc = 1
  while util.funcbc(fn, pc) do
    list[pc] = opcodes[bit.band(util.funcbc(fn, pc), 0xff)]
    pc = pc + 1
  end
  return list
end

-- From both sides of where instructions have been added.
function tests.test_instructions_have_their_names()
  t.assertEquals(names_of "local a = x; return a", { "GGET", "RET1" })
  t.assertEquals(names_of "local a, b = x, y; if a < b then return a + b end",
    { "GGET", "GGET", "ISGE", "JMP", "ADDVV", "RET1", "RET0" })
  t.assertEquals(names_of "for i = 1, 8 do x(i) end",
    { "KSHORT", "KSHORT", "KSHORT", "FORI", "GGET", "MOV", "CALL", "FORL", "RET0" })
  t.assertEquals(names_of "t.x = { 1, 2 }; return f(...)", { "GGET", "TDUP", "TSETS", "GGET", "VARG", "CALLMT" })
end

function tests.test_each_name_once_and_none_is_missing()
  local seen, n = {}, 0
  for number = 0, 255 do
    local name = opcodes[number]
    if name then
      t.assertNil(seen[name], name)
      seen[name], n = number, n + 1
    end
  end
  t.assertTrue(n >= 97, n)
  t.assertNotNil(opcodes[n - 1])
  t.assertNotNil(seen.FUNCCW)
end

t.run(tests)
