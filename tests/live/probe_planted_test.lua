-- Faults planted into the compiler are found by the tests with random functions.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local planted = require "planted"
local t = require "t"

local tests = {}

local MODULES = { "shark.probe.ir", "shark.probe.lifetimes",
  "shark.probe.registers", "shark.probe.encode" }

local FAULTS = {
  { "shark.probe.encode", "arsh = 0xc7", "arsh = 0x77" },
  { "shark.probe.encode", "slt = 0xc5", "slt = 0xa5" },
  { "shark.probe.encode", 'sle = "sgt"', 'sle = "sge"' },
  { "shark.probe.encode", "-(out.areas_size + 8 * -place)", "-(out.areas_size + 8 * -place - 8)" },
  { "shark.probe.encode", "return put(out, MOV32, dst, 0, 0, low)", "return put(out, MOV, dst, 0, 0, low)" },
  { "shark.probe.registers", "if to ~= source and not readers[to] then", "if to ~= source then" },
  { "shark.probe.registers", "if holder.last <= life[#life] then", "if holder.last <= life[#life] + 2 then" },
  { "shark.probe.registers", "elseif other[j] <= one[i + 1] then", "elseif other[j] <= one[i + 1] + 2 then" },
  { "shark.probe.lifetimes", "late and at + 2 or at", "at" },
  { "shark.probe.lifetimes", "if l.last_call < to then", "if l.last_call + 2 < to then" },
  { "shark.probe.lifetimes", "if not s.twice[dst] and not s.twice[src] then", "if not s.twice[dst] then" },
  { "shark.probe.lifetimes", "for n = 1, #list do\n        local number", "for n = 1, 1 do\n        local number" },
  { "shark.probe.lifetimes", "many and many[number] or", "many or" },
  { "shark.probe.ir", "return PURE[instr.op] or", "return PURE[instr.op] or instr.op == 'call' or" },
}

-- The first seed whose function shows a fault, of at most 300.
local function found_at()
  local differ = require("irdiffer").new()
  for seed = 1, 300 do
    if differ:try(seed) then
      return seed
    end
  end
end

function tests.test_faults_of_the_back_end_are_found()
  t.needs "root"
  for _, fault in ipairs(FAULTS) do
    local kept = package.loaded.irrandom
    local seed = planted.with(MODULES, fault, found_at)
    package.loaded.irrandom = kept
    t.assertNotNil(seed, fault[1] .. ": " .. fault[3] .. ": no function shows it")
    print(("# function %d shows: %s"):format(seed, fault[3]))
  end
end

function tests.test_without_a_fault_nothing_is_found()
  t.needs "root"
  local seed = planted.with(MODULES, { "shark.probe.encode", "arsh = 0xc7", "arsh = 0xc7" }, found_at)
  t.assertNil(seed)
end

t.run(tests)
