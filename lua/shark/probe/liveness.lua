--- Where blocks of bytecode begin, where its loops are, and which slots are wanted there.
--
-- Slots are used again for values of other kinds, and dead ones meet where ways join: only those
-- that are wanted are merged.

jit.off(true, true)

local M = {}

-- What instructions read and write: r and w name operands that are slots.
local function spec(reads, writes)
  return { reads = reads, writes = writes }
end

local SIMPLE = {}
local function describe(names, reads, writes)
  for name in names:gmatch "%S+" do
    SIMPLE[name] = spec(reads, writes)
  end
end

describe("ISLT ISGE ISLE ISGT ISEQV ISNEV", { "a", "d" })
describe("ISEQS ISNES ISEQN ISNEN ISEQP ISNEP ITERL ISTYPE ISNUM GSET", { "a" })
describe("IST ISF USETV", { "d" })
describe("MOV NOT UNM LEN BNOT", { "d" }, "a")
describe("ADDVN SUBVN MULVN DIVVN MODVN ADDNV SUBNV MULNV DIVNV MODNV", { "b" }, "a")
describe("ADDVV SUBVV MULVV DIVVV MODVV POW IDIV BAND BOR BXOR BSHL BSHR BSAR", { "b", "c" }, "a")
describe("KSTR KCDATA KSHORT KNUM KPRI UGET FNEW TNEW TDUP GGET", {}, "a")
describe("TGETV TGETR", { "b", "c" }, "a")
describe("TGETS TGETB", { "b" }, "a")
describe("TSETV TSETR", { "a", "b", "c" })
describe("TSETS TSETB", { "a", "b" })

-- Those that read or write ranges: visit(live, proto, pc) turns what is wanted behind into what is wanted before.
local function want(live, from, to)
  for slot = from, to do
    live[slot] = true
  end
end

local function forget(live, from, to)
  for slot = from, to do
    live[slot] = nil
  end
end

local function call_arguments(live, p, pc, n)
  local a = p.a[pc]
  live[a] = true
  local first = a + (p.two and 2 or 1)
  want(live, first, first + n - 1)
end

local RANGES = {
  KNIL = function(live, p, pc) forget(live, p.a[pc], p.d[pc]) end,
  CAT = function(live, p, pc)
    live[p.a[pc]] = nil
    want(live, p.b[pc], p.c[pc])
  end,
  CALL = function(live, p, pc)
    local results = p.b[pc]
    forget(live, p.a[pc], p.a[pc] + (results == 0 and 0 or results - 2))
    call_arguments(live, p, pc, p.c[pc] - 1)
  end,
  CALLM = function(live, p, pc)
    local results = p.b[pc]
    forget(live, p.a[pc], p.a[pc] + (results == 0 and 0 or results - 2))
    call_arguments(live, p, pc, p.c[pc] + 1)
  end,
  CALLT = function(live, p, pc) call_arguments(live, p, pc, p.d[pc] - 1) end,
  CALLMT = function(live, p, pc) call_arguments(live, p, pc, p.d[pc] + 1) end,
  RET = function(live, p, pc) want(live, p.a[pc], p.a[pc] + p.d[pc] - 2) end,
  RETM = function(live, p, pc) want(live, p.a[pc], p.a[pc] + p.d[pc]) end,
  RET1 = function(live, p, pc) live[p.a[pc]] = true end,
  FORI = function(live, p, pc)
    live[p.a[pc] + 3] = nil
    want(live, p.a[pc], p.a[pc] + 2)
  end,
  FORL = function(live, p, pc)
    live[p.a[pc] + 3] = nil
    want(live, p.a[pc], p.a[pc] + 2)
  end,
  ITERC = function(live, p, pc)
    local a = p.a[pc]
    forget(live, a, a + p.b[pc] - 2)
    want(live, a - 3, a - 1)
  end,
  VARG = function(live, p, pc) forget(live, p.a[pc], p.a[pc] + math.max(p.b[pc], 2) - 2) end,
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
M.tests = TESTS

-- Where blocks begin, and for each start of a loop its last instruction; bodies of `for` apart: a `while` may
-- begin where the body it stands in does.
local function find_leaders(p)
  local leaders, loops, bodies = {}, {}, {}
  for pc = 1, p.n do
    local to, op = p.target[pc], p.op[pc]
    if to and op ~= "LOOP" and not (op == "UCLO" and to == pc + 1) then
      leaders[to], leaders[pc + 1] = true, true
      if to <= pc then
        local list = (op == "FORL" or op == "ITERL") and bodies or loops
        list[to] = math.max(list[to] or 0, pc)
      end
    elseif ENDS[op] then
      leaders[pc + 1] = true
    end
  end
  return leaders, loops, bodies
end

local function copy(set)
  local new = {}
  for slot in pairs(set) do
    new[slot] = true
  end
  return new
end

local function join(set, other)
  if other then
    for slot in pairs(other) do
      set[slot] = true
    end
  end
end

-- What is wanted before an instruction, of what is wanted behind it.
local function step(live, p, pc, op)
  local simple = SIMPLE[op]
  if simple then
    if simple.writes then
      live[p.a[pc]] = nil
    end
    local reads = simple.reads
    for i = 1, #reads do
      live[p[reads[i]][pc]] = true
    end
  elseif RANGES[op] then
    RANGES[op](live, p, pc)
  end
end

-- A copying test: its slot is written on the way of the jump only.
local function step_copy(live, p, pc, at_target)
  if at_target then
    local a = p.a[pc]
    for slot in pairs(at_target) do
      if slot ~= a then
        live[slot] = true
      end
    end
  end
  live[p.d[pc]] = true
end

local function sweep(p, leaders, live_in)
  local live, changed = {}, false
  for pc = p.n, 1, -1 do
    local op, to = p.op[pc], p.target[pc]
    local before = pc > 1 and p.op[pc - 1]
    if before == "ISTC" or before == "ISFC" then
      live = copy(live_in[pc + 1] or {})
    elseif op == "ISTC" or op == "ISFC" then
      step_copy(live, p, pc, live_in[p.target[pc + 1]])
    elseif TESTS[before] and TESTS[op] == nil then
      live = copy(live_in[pc + 1] or {})
      join(live, live_in[to])
    else
      if ENDS[op] then
        live = {}
      end
      if to and op ~= "LOOP" then
        join(live, live_in[to])
      end
      step(live, p, pc, op)
    end
    if leaders[pc] then
      local old = live_in[pc]
      if old then
        for slot in pairs(live) do
          if not old[slot] then changed = true end
        end
      end
      live_in[pc] = copy(live)
    end
  end
  return changed
end

-- For each loop, the slots that are assigned in it.
local function assigned(p, from, to)
  local set = {}
  for pc = from, to do
    local op = p.op[pc]
    local simple, a = SIMPLE[op], p.a[pc]
    if simple and simple.writes or op == "ISTC" or op == "ISFC" or op == "CALL" or op == "CALLM" then
      set[a] = true
    elseif op == "KNIL" then
      want(set, a, p.d[pc])
    elseif op == "FORI" then
      want(set, a, a + 3)
    elseif op == "ITERC" or op == "ITERN" then
      want(set, a - 1, a + p.b[pc] - 2)
    end
  end
  return set
end

--- Adds to a decoded function: leaders (where blocks begin), live (slots wanted at each of them, as a set),
--- wanted (the same as a list), loops (start -> last instruction), assigned (start -> slots assigned
--- within), assigned_in_body (the same of `for`).
function M.analyse(p)
  local leaders, loops, bodies = find_leaders(p)
  leaders[1] = true
  p.leaders, p.loops, p.live, p.wanted, p.assigned, p.assigned_in_body = leaders, loops, {}, {}, {}, {}
  local has_loop = next(loops) ~= nil or next(bodies) ~= nil
  local changed = sweep(p, leaders, p.live) or has_loop
  while changed do
    changed = sweep(p, leaders, p.live)
  end
  for from, to in pairs(loops) do
    p.assigned[from] = assigned(p, from, to)
  end
  for from, to in pairs(bodies) do
    p.assigned_in_body[from] = assigned(p, from, to)
  end
  for pc, live in pairs(p.live) do
    local list = {}
    for slot in pairs(live) do
      list[#list + 1] = slot
    end
    p.wanted[pc] = list
  end
  return p
end

return M
