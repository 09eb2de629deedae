--- Where blocks of bytecode begin, where its loops are, and which slots are wanted there.
--
-- Slots are used again for values of other kinds, and dead ones meet where ways join: only those
-- that are wanted are merged.

local sized = require "table.new"

jit.off(true, true)

local M = {}

-- Which operands of an instruction are slots that it reads (a, b, c, d), and whether it writes slot A.
local function spec(reads, writes)
  local simple = { writes = writes ~= nil }
  for _, operand in ipairs(reads) do
    simple[operand] = true
  end
  return simple
end

local SIMPLE = {}
local function describe(names, reads, writes)
  for name in names:gmatch "%S+" do
    SIMPLE[name] = spec(reads, writes)
  end
end

describe("ISLT ISGE ISLE ISGT ISEQV ISNEV", { "a", "d" })
describe("ISEQS ISNES ISEQN ISNEN ISEQP ISNEP ITERL ISTYPE ISNUM GSET RET1", { "a" })
describe("IST ISF ISTC ISFC USETV", { "d" })
describe("MOV NOT UNM LEN BNOT", { "d" }, "a")
describe("ADDVN SUBVN MULVN DIVVN MODVN ADDNV SUBNV MULNV DIVNV MODNV", { "b" }, "a")
describe("ADDVV SUBVV MULVV DIVVV MODVV POW IDIV BAND BOR BXOR BSHL BSHR BSAR", { "b", "c" }, "a")
describe("KSTR KCDATA KSHORT KNUM KPRI UGET FNEW TNEW TDUP GGET", {}, "a")
describe("TGETV TGETR", { "b", "c" }, "a")
describe("TGETS TGETB", { "b" }, "a")
describe("TSETV TSETR", { "a", "b", "c" })
describe("TSETS TSETB", { "a", "b" })

-- Those that read or write ranges: two slots from and to which, of what is read and of what is written then.
local function call_arguments(p, pc, n)
  local a = p.a[pc]
  local first = a + (p.two and 2 or 1)
  return first, first + n - 1, a
end

local function call(further)
  return function(p, pc)
    local first, last, a = call_arguments(p, pc, p.c[pc] + further)
    local results = p.b[pc]
    return first, last, a, a + (results == 0 and 0 or results - 2), a
  end
end

local function tail_call(further)
  return function(p, pc)
    local first, last, a = call_arguments(p, pc, p.d[pc] + further)
    return first, last, 0, -1, a
  end
end

local function for_loop(p, pc)
  local a = p.a[pc]
  return a, a + 2, a + 3, a + 3
end

-- name -> function: reads from, to, writes from, to, and one more slot that is read
local RANGES = {
  KNIL = function(p, pc) return 0, -1, p.a[pc], p.d[pc] end,
  CAT = function(p, pc) return p.b[pc], p.c[pc], p.a[pc], p.a[pc] end,
  CALL = call(-1), CALLM = call(1), CALLT = tail_call(-1), CALLMT = tail_call(1),
  RET = function(p, pc) return p.a[pc], p.a[pc] + p.d[pc] - 2, 0, -1 end,
  RETM = function(p, pc) return p.a[pc], p.a[pc] + p.d[pc], 0, -1 end,
  FORI = for_loop, FORL = for_loop,
  ITERC = function(p, pc)
    local a = p.a[pc]
    return a - 3, a - 1, a, a + p.b[pc] - 2
  end,
  VARG = function(p, pc) return 0, -1, p.a[pc], p.a[pc] + math.max(p.b[pc], 2) - 2 end,
}
RANGES.ITERN = RANGES.ITERC

-- ---- order of control ----

-- Behind these nothing follows.
local ENDS = { RET = true, RETM = true, RET0 = true, RET1 = true, CALLT = true, CALLMT = true, JMP = true,
  ISNEXT = true, UCLO = true }
-- A test and the jump behind it are one.
local TESTS = {}
for name in ("ISLT ISGE ISLE ISGT ISEQV ISNEV ISEQS ISNES ISEQN ISNEN ISEQP ISNEP ISTC ISFC IST ISF"):gmatch "%S+" do
  TESTS[name] = true
end

-- Where blocks begin, and for each start of a loop its last instruction; bodies of `for` apart: a `while` may
-- begin where the body it stands in does.
local function find_leaders(p)
  local leaders, loops, bodies = sized(p.n + 1, 0), {}, {}
  local ops, target = p.op, p.target
  leaders[1] = true
  for pc = 1, p.n do
    local to, op = target[pc], ops[pc]
    if to then
      if op ~= "LOOP" then
        leaders[to], leaders[pc + 1] = true, true
        if to <= pc then
          local list = (op == "FORL" or op == "ITERL") and bodies or loops
          list[to] = math.max(list[to] or 0, pc)
        end
      end
    elseif ENDS[op] then
      leaders[pc + 1] = true
    end
  end
  return leaders, loops, bodies
end

-- ---- what is read before it is assigned, in each block ----

local function note_read(s, block, slot)
  local at = s.read_in[slot]
  if at then
    at[#at + 1] = block
  else
    s.read_in[slot] = { block }
  end
  s.seen[slot] = block
end

local function note_write(s, block, slot)
  local blocks = s.written_in[slot]
  if blocks then
    blocks[block] = true
  else
    s.written_in[slot] = { [block] = true }
  end
  s.seen[slot] = block
end

local function note_ranges(s, p, pc, block, range)
  local seen = s.seen
  local from, to, first, last, further = range(p, pc)
  if further and seen[further] ~= block then note_read(s, block, further) end
  for slot = from, to do
    if seen[slot] ~= block then note_read(s, block, slot) end
  end
  for slot = first, last do
    note_write(s, block, slot)
  end
end

-- Of a slot that is in `seen` for the block it is known already what the block wants of it.
local function survey(p)
  local s = { read_in = {}, written_in = {}, seen = {} }
  local seen, leaders, ops, block = s.seen, p.leaders, p.op, 1
  local a, b, c, d = p.a, p.b, p.c, p.d
  for pc = 1, p.n do
    local op = ops[pc]
    local simple = SIMPLE[op]
    if leaders[pc] then block = pc end
    if simple then
      if simple.a and seen[a[pc]] ~= block then note_read(s, block, a[pc]) end
      if simple.b and seen[b[pc]] ~= block then note_read(s, block, b[pc]) end
      if simple.c and seen[c[pc]] ~= block then note_read(s, block, c[pc]) end
      if simple.d and seen[d[pc]] ~= block then note_read(s, block, d[pc]) end
      if simple.writes then note_write(s, block, a[pc]) end
    elseif RANGES[op] then
      note_ranges(s, p, pc, block, RANGES[op])
    end
  end
  return s
end

-- ---- who leads where ----

local function lead(before, to, block, slot)
  local list = before[to]
  if list then
    local n = #list
    list[n + 1], list[n + 2] = block, slot
  else
    before[to] = { block, slot }
  end
end

-- The ways out of a block by its last instruction. Copying tests write a slot on the way of the jump only.
local function lead_on(p, before, block, last)
  local op, to, test = p.op[last], p.target[last], p.op[last - 1]
  if to and op ~= "LOOP" then
    lead(before, to, block, (test == "ISTC" or test == "ISFC") and p.a[last - 1])
  end
  if not ENDS[op] or TESTS[test] and op == "JMP" then
    lead(before, last + 1, block, false)
  end
end

-- Who leads to each block: { block, slot that is written on the way or false, ... }
local function find_ways(p)
  local before, block = {}, 1
  for pc = 2, p.n + 1 do
    if p.leaders[pc] or pc > p.n then
      lead_on(p, before, block, pc - 1)
      block = pc
    end
  end
  return before
end

-- ---- what is wanted where ----

-- From the blocks that read a slot back to those that write it.
local function spread(p, slot, readers, writers, before, into)
  local wanted, stack, depth = p.wanted, {}, #readers
  for i = 1, depth do
    stack[i], into[readers[i]] = readers[i], slot
  end
  while depth > 0 do
    local block = stack[depth]
    local list, slots = before[block], wanted[block]
    depth = depth - 1
    if slots then
      slots[#slots + 1] = slot
    else
      wanted[block] = { slot }
    end
    for i = 1, list and #list or 0, 2 do
      local from = list[i]
      if into[from] ~= slot and list[i + 1] ~= slot and not (writers and writers[from]) then
        depth = depth + 1
        stack[depth], into[from] = from, slot
      end
    end
  end
end

-- For each loop, the slots that are assigned in it.
local function assigned(p, from, to)
  local set = {}
  for pc = from, to do
    local op = p.op[pc]
    local simple, range = SIMPLE[op], RANGES[op]
    if simple and simple.writes or op == "ISTC" or op == "ISFC" then
      set[p.a[pc]] = true
    elseif range then
      local _, _, first, last = range(p, pc)
      for slot = first, last do
        set[slot] = true
      end
    end
  end
  return set
end

local function assigned_in(p, loops)
  local sets = {}
  for from, to in pairs(loops) do
    sets[from] = assigned(p, from, to)
  end
  return sets
end

--- Is a slot wanted where a block begins?
function M.wants(p, pc, slot)
  local list = p.wanted[pc]
  for i = 1, list and #list or 0 do
    if list[i] == slot then
      return true
    end
  end
  return false
end

--- Adds to a decoded function: leaders (where blocks begin), wanted (the slots wanted at each of them),
--- loops (start -> last instruction), assigned (start -> slots assigned within), assigned_in_body (the same of `for`).
function M.analyse(p)
  local bodies
  p.leaders, p.loops, bodies = find_leaders(p)
  local s, before, into = survey(p), find_ways(p), sized(p.n + 1, 0)
  p.wanted = sized(p.n + 1, 0)
  for slot = 0, p.slots - 1 do
    if s.read_in[slot] then
      spread(p, slot, s.read_in[slot], s.written_in[slot], before, into)
    end
  end
  p.assigned, p.assigned_in_body = assigned_in(p, p.loops), assigned_in(p, bodies)
  return p
end

return M
