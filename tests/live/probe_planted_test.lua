-- Faults planted into the compiler are found by the tests with random functions and handlers.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local planted = require "planted"
local t = require "t"

local tests = {}

local BACK = { "shark.probe.ir", "shark.probe.lifetimes", "shark.probe.registers", "shark.probe.inline",
  "shark.probe.encode" }
local FRONT = { "shark.probe.lower" }
for _, name in ipairs { "bytecode", "values", "liveness", "lower_base", "lower_flow", "lower_compare", "lower_arith",
  "lower_calls", "lower_join", "lower_loops", "lower_members", "lower_tables", "lower_texts", "aggregates", "counting",
  "emission", "builtins" } do
  FRONT[#FRONT + 1] = "shark.probe." .. name
end

local BACK_FAULTS = {
  { "shark.probe.encode", "arsh = 0xc7", "arsh = 0x77" },
  { "shark.probe.encode", "slt = 0xc5", "slt = 0xa5" },
  { "shark.probe.encode", 'sle = "sgt"', 'sle = "sge"' },
  { "shark.probe.encode", "-(out.areas_size + 8 * -place)", "-(out.areas_size + 8 * -place - 8)" },
  { "shark.probe.encode", "return put(out, MOV32, dst, 0, 0, low)", "return put(out, MOV, dst, 0, 0, low)" },
  { "shark.probe.registers", "if to ~= source and not readers[to] then", "if to ~= source then" },
  { "shark.probe.encode", "signed and ALU.arsh or ALU.rsh", "ALU.rsh" },
  { "shark.probe.inline", "list { RSH, 2, 0, 1 }", "list { RSH, 2, 0, 2 }" },
  { "shark.probe.inline", "if k == 32 then", "if k == 64 then" },
  { "shark.probe.inline", "{ LESS_OR_EQUAL, 2, 0, 0, 3 + left + 2 }", "{ LESS_OR_EQUAL, 2, 0, 0, 3 + left }" },
  { "shark.probe.registers", "if holder.last <= begin then", "if holder.last <= begin + 2 then" },
  { "shark.probe.registers", "if to[other] > begin and", "if to[other] > begin + 2 and" },
  { "shark.probe.registers", "elseif other[j] <= one[i + 1] then", "elseif other[j] <= one[i + 1] + 2 then" },
  { "shark.probe.lifetimes", "late and at + 2 or at", "at" },
  { "shark.probe.lifetimes", "if l.last_call < to then", "if l.last_call + 2 < to then" },
  { "shark.probe.lifetimes", "if not s.twice[dst] and not s.twice[src] then", "if not s.twice[dst] then" },
  { "shark.probe.lifetimes", "for n = 1, #list do\n      local number", "for n = 1, 1 do\n      local number" },
  { "shark.probe.lifetimes", "(many and many[number])", "many" },
  { "shark.probe.ir", "return PURE[instr.op] or", "return PURE[instr.op] or instr.op == 'call' or" },
}

local FRONT_FAULTS = {
  { "shark.probe.liveness", 'describe("MOV NOT UNM LEN BNOT", { "d" }', 'describe("MOV NOT UNM LEN BNOT", {}' },
  { "shark.probe.liveness", "into[from] ~= slot and", "i == 1 and into[from] ~= slot and" },
  { "shark.probe.lower_loops", 'up and "sle" or "sge"', 'up and "slt" or "sgt"' },
  { "shark.probe.lower_join", "if reads_any(pair[2], written) then", "if reads_any(pair[2], {}) then" },
  { "shark.probe.lower_compare", 'gt = "sgt" }', 'gt = "sge" }' },
  { "shark.probe.lower_compare", "a, b, how = b, a, SWAPPED[how]", "a, b = b, a" },
  { "shark.probe.lower_flow", "local to, behind = jump_if and yes or no, jump_if and no or yes",
    "local to, behind = yes, no" },
  { "shark.probe.lower_arith", 'c:alu("sub", c:alu("xor", reg, sign), sign)',
    'c:alu("add", c:alu("xor", reg, sign), sign)' },
  { "shark.probe.lower_arith", "sign_of(c, a), nil, 64 - k", "sign_of(c, a), nil, 63 - k" },
  { "shark.probe.lower_arith", 'if fn == "div" and n < 0 then', "if n < 0 then" },
  { "shark.probe.lower_arith", 'c:alu("and", by.reg, nil, 63)', 'c:alu("and", by.reg, nil, 31)' },
  { "shark.probe.lower_arith", "return c:number(c:alu(NAMES[fn], reg, other, imm), unsigned)",
    "return c:number(c:alu(NAMES[fn], reg, other, imm), flow.is_unsigned(a))" },
}

-- The first seed that shows a fault, of at most `most`.
local function first(differ, most)
  for seed = 1, most do
    if differ:try(seed) then
      return seed
    end
  end
end

local function in_ir()
  return first(require("irdiffer").new(require "shark.probe.encode"), 300)
end

local function in_lua()
  return first(require("luadiffer").new { lower = require "shark.probe.lower" }, 300)
end

local function all_are_found(modules, faults, find)
  for _, fault in ipairs(faults) do
    local seed = planted.with(modules, fault, find)
    t.assertNotNil(seed, fault[1] .. ": " .. fault[3] .. ": no function shows it")
    print(("# function %d shows: %s"):format(seed, fault[3]:gsub("%s+", " ")))
  end
end

function tests.test_faults_of_the_back_end_are_found()
  t.needs "root"
  all_are_found(BACK, BACK_FAULTS, in_ir)
end

function tests.test_faults_of_the_front_end_are_found()
  t.needs "root"
  all_are_found(FRONT, FRONT_FAULTS, in_lua)
end

function tests.test_without_a_fault_nothing_is_found()
  t.needs "root"
  t.assertNil(planted.with(BACK, { "shark.probe.encode", "arsh = 0xc7", "arsh = 0xc7" }, in_ir))
  t.assertNil(planted.with(FRONT, { "shark.probe.lower_compare", 'gt = "sgt" }', 'gt = "sgt" }' }, in_lua))
end

t.run(tests)
