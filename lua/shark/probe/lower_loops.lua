--- Lowers loops: `for` with constant bounds, which the verifier walks turn by turn; loops with an end that is
-- known at run time only, where the kernel counts the turns (may_goto); ipairs over a constant table, unrolled.

local base = require "shark.probe.lower_base"
local join = require "shark.probe.lower_join"
local values = require "shark.probe.values"

jit.off(true, true)

local M = { ops = {} }
local ops = M.ops

-- "The sequence of 8193 jumps is too complex" comes before the limit on instructions.
local MOST_BRANCHES = 4096
local MOST_UNROLLED = 64

local FORM = "for i = 1, 64 do if i > n then break end ... end"

local function key_of(c, pc)
  return c.frame.path .. "@" .. pc .. "#"
end

-- ---- while, repeat, goto backward ----

--- At the head of a loop that is no `for`: its variables get registers.
function base:head(pc)
  local p = self.frame.proto
  if self.context.loops ~= "may_goto" then
    self:refuse("a loop without a constant end is not possible on this kernel: %s", FORM)
  end
  local head, block = join.open_loop(self, p.assigned[pc], pc, key_of(self, pc))
  self.frame.loops[pc] = { head = head, block = block }
end

-- Where the handler ends in the middle of a loop, which is counted; one for all loops.
local function cut(c)
  if not c.cut then
    local block = c.block
    c.cut = c.f:block()
    c.block = c.cut
    c:tally(c.maps.cut)
    c:emit { op = "exit", imm = 0, line = c.f.line }
    c.block = block
  end
  return c.cut
end

-- Behind this the kernel's budget is not used up; else the handler ends.
local function may(c)
  local yes = c.f:block()
  c:emit { op = "may", yes = yes, no = cut(c), line = c.f.line }
  c.block = yes
end

--- Goes back to the head of a loop.
function base:back(pc)
  local loop = self.frame.loops[pc]
  may(self)
  join.close_loop(self, loop.head, key_of(self, pc))
  self:jump(loop.block)
end

function ops.LOOP() end

function ops.JMP(c, pc, p)
  local target = p.target[pc]
  if target <= pc then
    c:back(target)
    return
  end
  local op = p.op[target]
  if (op == "ITERC" or op == "ITERN") and p.target[target + 1] == pc + 1 then
    return M.iterate(c, pc, p, target)
  end
  c:go(target)
end

function ops.UCLO(c)
  c:refuse("a function made in a handler is not possible: make it outside")
end

-- ---- for i = start, stop, step ----

local function bound(c, slot, what)
  local value = c.slots[slot]
  if value.k == "const" and values.is_number(value.v) then
    local whole, why = values.whole(value.v)
    return { k = "const", v = whole or c:refuse("a loop's %s: %s", what, why) }
  elseif value.k ~= "num" then
    local name = c:slot_name(slot)
    c:refuse("a loop's %s is a number%s, not %s", what, name and " (" .. name .. ")" or "", values.name(value))
  end
  return value
end

local function counter(c, reg)
  return { k = "num", reg = reg, unsigned = false, line = c.line }
end

-- Opens the loop: its counter, and registers for what it assigns.
local function open_for(c, pc, p, loop, start)
  local a, body = p.a[pc], pc + 1
  local assigned = {}
  for slot in pairs(p.assigned_in_body[body]) do
    if slot < a or slot > a + 3 then
      assigned[slot] = true
    end
  end
  loop.counter = c:reg()
  if start.k == "const" then
    -- Known to the verifier where it is to walk the turns one by one; else it would never see one like another.
    if loop.known then
      c:known(start.v, loop.counter)
    else
      c:unknown(start.v, loop.counter)
    end
  else
    c:move(loop.counter, start.reg)
  end
  loop.head, loop.block = join.open_loop(c, assigned, body, key_of(c, body) .. "body")
  c.slots[a], c.slots[a + 3] = counter(c, loop.counter), counter(c, loop.counter)
  loop.branches, loop.line = c.branches, c.line
  c.frame.bodies[body] = loop
end

local function compare(c, reg, stop, up)
  local imm = stop.k == "const" and c:immediate(stop.v)
  return c:branch(up and "sle" or "sge", reg, not imm and c:number_reg(stop) or nil, imm or nil)
end

local function step_of(c, slot)
  local step = c.slots[slot]
  if step.k ~= "const" or not values.is_number(step.v) or not values.whole(step.v) then
    c:refuse("a loop's step must be a constant whole number")
  end
  local whole = tonumber(step.v)
  if whole == 0 or not c:immediate(whole) then
    c:refuse(whole == 0 and "a loop's step is 0: it would not end" or "a loop's step is too large")
  end
  return whole
end

-- The first comparison of a loop whose bounds are known at run time only.
local function enter(c, pc, p, start, stop, step)
  local reg = c:number_reg(start)
  local yes, no = compare(c, reg, stop, step > 0)
  c:edge(p.target[pc], no, c.slots)
  c.block = yes
end

local function is_signed(c, value, what)
  if value.unsigned or values.is_u64(value.v) then
    c:refuse("a loop's %s is unsigned, its counter is not", what)
  end
end

function ops.FORI(c, pc, p)
  local a = p.a[pc]
  local start, stop, step = bound(c, a, "start"), bound(c, a + 1, "end"), step_of(c, a + 2)
  local known = start.k == "const" and stop.k == "const"
  if not known and c.context.loops ~= "may_goto" then
    c:refuse("a loop's start, end and step must be constants on this kernel: %s", FORM)
  end
  is_signed(c, start, "start")
  is_signed(c, stop, "end")
  local turns = known and math.floor((tonumber(stop.v) - tonumber(start.v)) / step) + 1
  if known and turns <= 0 then
    c:go(p.target[pc])
    return
  end
  local loop = { stop = stop, step = step, turns = turns, known = known }
  if not known then
    enter(c, pc, p, start, stop, step)
  end
  open_for(c, pc, p, loop, start)
end

local function check_turns(c, loop)
  local branches = c.branches - loop.branches
  if loop.known and loop.turns * branches > MOST_BRANCHES then
    c.line = loop.line
    c:refuse("this loop takes %.0f turns with %d branches in each: the kernel allows %d together", loop.turns, branches,
      MOST_BRANCHES)
  end
  c.branches = loop.branches + branches * (loop.turns or 1)
end

function ops.FORL(c, pc, p)
  local body = p.target[pc]
  local loop = c.frame.bodies[body]
  local next_one = c:alu("add", loop.counter, nil, loop.step)
  local yes, no = compare(c, next_one, loop.stop, loop.step > 0)
  c:edge(pc + 1, no, c.slots)
  c.block = yes
  if not loop.known then
    may(c)
  end
  join.close_loop(c, loop.head, key_of(c, body) .. "body")
  c:move(loop.counter, next_one)
  c:jump(loop.block)
  check_turns(c, loop)
  return pc + 1
end

-- ---- ipairs over a constant table ----

local function check_list(c, list)
  if #list > MOST_UNROLLED then
    c:refuse("ipairs over %d elements: a handler takes at most %d", #list, MOST_UNROLLED)
  end
end

--- Unrolls `for i, v in ipairs(list)`: the body once for each element.
function M.iterate(c, pc, p, call)
  local a = p.a[call]
  local iterator = c.slots[a - 3]
  if not iterator or iterator.k ~= "iterator" then
    c:refuse("for ... in takes ipairs(a constant table) in a handler")
  end
  check_list(c, iterator.list)
  local pending = c.frame.pending
  for i, element in ipairs(iterator.list) do
    c.slots[a], c.slots[a + 1] = values.const(i, c.line), values.const(element, c.line)
    for further = 2, p.b[call] - 2 do
      c.slots[a + further] = values.NIL
    end
    c:go(pc + 1)
    c:walk(pc + 1, call - 1)
    if c.block then
      c:go(call)
    end
    local edges = pending[call]
    pending[call] = nil
    if not edges then
      return call + 2
    end
    c.pc = call
    join.join(c, edges, p.wanted[call])
  end
  c:go(call + 2)
  return call + 2
end

function ops.ISNEXT(c)
  c:refuse("pairs has no order: take ipairs over a list")
end

function ops.ITERC(c)
  c:refuse("for ... in takes ipairs(a constant table) in a handler")
end
ops.ITERN = ops.ITERC

function ops.ITERL() end

return M
