-- shark.decode.idt, shark.map.idt: gates, and whether the CPUs use them.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local gates = require "shark.decode.idt"
local idt = require "shark.map.idt"
local register = require "shark.decode.register"
local t = require "t"

local tests = {}

function tests.test_a_gate()
  local gate = gates.decode("\16\0\16\0\2\142\32\129\255\255\255\255\0\0\0\0")
  t.assertEquals({ register.hex(gate.address), gate.segment, gate.ist, gate.type, gate.dpl, gate.present },
    { "0xffffffff81200010", 16, 2, 14, 0, true })
end

function tests.test_cpus_with_fred_use_no_idt()
  t.assertTrue(idt.is_fred("processor\t: 0\nflags\t\t: fpu lkgs fred\nbugs\t\t:\n"))
  t.assertTrue(idt.is_fred("processor\t: 0\nflags\t\t: fpu fred lam\n"))
  t.assertFalse(idt.is_fred("processor\t: 0\nflags\t\t: fpu alfred fredx\nbugs\t\t: fred\n"))
  t.assertFalse(idt.is_fred(""))
end

t.run(tests)
