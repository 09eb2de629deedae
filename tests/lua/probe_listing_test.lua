-- shark.probe.listing: instructions as text, and a handler with its lines.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local encode = require "shark.probe.encode"
local ir = require "shark.probe.ir"
local irrandom = require "irrandom"
local listing = require "shark.probe.listing"
local t = require "t"

local tests = {}

local function handler()
  local f = ir.new("handler of sys_enter", "count.lua")
  local entry, big, done = f:block(), f:block(), f:block()
  local x, at = f:reg(), f:reg()
  f:area(8)
  f.line = 4
  f:emit(entry, { op = "ctx", dst = x })
  f:emit(entry, { op = "load", dst = x, base = x, off = 8, size = 8 })
  f:emit(entry, { op = "branch", cond = "sgt", a = x, imm = 59, yes = big, no = done })
  f.line = 5
  f:emit(big, { op = "store", area = 1, off = 0, size = 8, src = x })
  f:emit(big, { op = "call", dst = at, helper = 1, args = { { map = 2 }, { area = 1, off = 0 } } })
  f:emit(big, { op = "mapvalue", dst = at, map = 1, off = 16 })
  f:emit(big, { op = "xadd", base = at, off = 0, size = 8, src = at })
  f:emit(big, { op = "jump", to = done })
  f.line = nil
  f:emit(done, { op = "exit" })
  return ir.check(f)
end

local WANTED = [[
handler of sys_enter, count.lua, 13 instructions, 17 verified, 8 bytes of stack
      v3 = ctx
4  if nr > 59 then
    b1:
      v1 = v3
      v1 = u64 [v1+8]
           0  r1 = *(u64 *)(r1 +8)
      if v1 s> 59 goto b2 else b3
           1  if r1 s<= 59 goto +9
5
    b2:
      u64 [area1+0] = v1
           2  *(u64 *)(r10 -8) = r1
      helper1(map2, area1+0)
           3  r1 = map2
           5  r2 = r10
           6  r2 += -8
           7  call map_lookup_elem#1
      v2 = value of map1+16
           8  r5 = map1 value+16
      u64 [v2+0] += v2 (atomic)
          10  lock *(u64 *)(r5 +0) += r5
      goto b3
    b3:
      return 0
          11  r0 = 0
          12  exit
machine code: 18 bytes
    0000  00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f
    0010  10 11
]]

function tests.test_a_handler_has_its_lines()
  local func = handler()
  local encoded = assert(encode.func(func))
  local code = {}
  for byte = 0, 17 do
    code[byte + 1] = string.char(byte)
  end
  local program = {
    info = function() return { verified = 17, jited = 18 } end,
    jited = function() return table.concat(code) end,
  }
  local text = listing.text { func = func, encoded = encoded, program = program, text = { [4] = "  if nr > 59 then" } }
  t.assertEquals((text:gsub("[ ]+\n", "\n")), WANTED)
end

function tests.test_what_the_kernel_does_not_tell_is_said()
  local func = handler()
  local program = {
    info = function() return {} end,
    jited = function() return nil, "reading the code needs CAP_SYS_ADMIN" end,
  }
  local text = listing.text { func = func, encoded = assert(encode.func(func)), program = program }
  t.assertStrContains(text, "verified: this kernel does not tell")
  t.assertStrContains(text, "machine code: reading the code needs CAP_SYS_ADMIN")
end

-- Each instruction, and each byte of the code, of whatever function.
function tests.test_everything_is_listed()
  for seed = 1, 30 do
    local func = irrandom.func(seed)
    local encoded = assert(encode.func(func))
    local lines, n = listing.disassemble(encoded.code, encoded.map_at)
    local text = listing.text { func = func, encoded = encoded }
    t.assertEquals(n, encoded.n)
    for at = 0, n - 1 do
      t.assertNil(lines[at] and lines[at]:match "%?", lines[at])
      t.assertTrue(not lines[at] or text:find(("%4d  %s\n"):format(at, lines[at]), 1, true) ~= nil, lines[at])
    end
  end
end

t.run(tests)
