--- Lowers tests of truth, and returns. A test and the jump behind it are one end of a block with two
-- edges; what it tells of a value is known behind it.

local sized = require "table.new"
local values = require "shark.probe.values"
local base = require "shark.probe.lower_base"

jit.off(true, true)

local M = { ops = {} }
local ops = M.ops

-- ---- conditions: true, false, or { cond, a, b | imm } ----

--- Is a value neither nil nor false?
--- @return boolean|table condition
function M.truth(c, value, slot)
  local k = value.k
  if k == "const" then
    return value.v ~= nil and value.v ~= false
  elseif k == "bool" then
    return { "ne", value.reg, nil, 0 }
  elseif k == "maybe" then
    return { "ne", value.bool and value.reg or value.present, nil, 0 }
  elseif k == "ptr" and not value.embedded then
    return { "ne", value.reg, nil, 0 }
  elseif k == "conflict" then
    c:refuse_conflict(value, slot)
  end
  return true
end

local function with(c, slots, old, new)
  local copy = sized(c.frame.proto.slots, 0)
  for slot, value in pairs(slots) do
    copy[slot] = values.same(value, old) and new or value
  end
  return copy
end

-- What a number-or-nil is where it is known to be there, and where it is not.
local function refined(c, value, there)
  if there then
    return { k = value.bool and "bool" or "num", reg = value.reg, unsigned = value.unsigned, stack = value.stack,
      origin = value, line = value.line }
  end
  return { k = "const", v = nil, origin = value, line = c.line }
end

-- The slots where a value is known to be there or not.
local function slots_where(c, value, there)
  if not value or value.k ~= "maybe" or value.bool then
    return c.slots
  end
  return with(c, c.slots, value, refined(c, value, there))
end

local function copied(c, value, truthy)
  if value.k == "maybe" and not value.bool then
    return refined(c, value, truthy)
  elseif value.k == "ptr" and not truthy then
    return values.const(nil, c.line)
  end
  return value
end

--- Ends the block by a condition: to `target` where it is `jump_if`, else behind the jump.
--- @param value? table what the condition tells of @param there? boolean does it hold where the value is there?
--- @param slot? integer where `value` is copied to on the way of the jump
local function fork(c, pc, p, condition, jump_if, value, slot)
  local target, fall = p.target[pc + 1], pc + 2
  if condition == true or condition == false then
    if condition == jump_if then
      c:edge_back_or_forth(target, c.block, c.slots, slot, slot and copied(c, value, jump_if))
    else
      c:edge(fall, c.block, c.slots)
    end
    c.block = nil
    return fall
  end
  local yes, no = c:branch(condition[1], condition[2], condition[3], condition[4])
  local to, behind = jump_if and yes or no, jump_if and no or yes
  c:edge_back_or_forth(target, to, slots_where(c, value, jump_if), slot, slot and copied(c, value, jump_if))
  c:edge(fall, behind, slots_where(c, value, not jump_if))
  return fall
end
M.fork = fork

--- A way to an instruction, be it forward or the end of a loop.
function base:edge_back_or_forth(pc, block, slots, slot, value)
  if pc > self.pc then
    return self:edge(pc, block, slots, slot, value)
  end
  local kept = self.slots
  self.slots = sized(self.frame.proto.slots, 0)
  for key, old in pairs(slots) do
    self.slots[key] = old
  end
  if slot then
    self.slots[slot] = value
  end
  self.block = block
  self:back(pc)
  self.slots, self.block = kept, nil
end

function ops.IST(c, pc, p)
  local value = c.slots[p.d[pc]]
  return fork(c, pc, p, M.truth(c, value, p.d[pc]), true, value)
end

function ops.ISF(c, pc, p)
  local value = c.slots[p.d[pc]]
  return fork(c, pc, p, M.truth(c, value, p.d[pc]), false, value)
end

function ops.ISTC(c, pc, p)
  local value = c.slots[p.d[pc]]
  return fork(c, pc, p, M.truth(c, value, p.d[pc]), true, value, p.a[pc])
end

function ops.ISFC(c, pc, p)
  local value = c.slots[p.d[pc]]
  return fork(c, pc, p, M.truth(c, value, p.d[pc]), false, value, p.a[pc])
end

-- ---- jumps and returns ----

function ops.NOT(c, pc, p)
  local value = c.slots[p.d[pc]]
  local truth = M.truth(c, value, p.d[pc])
  local result = values.const(not truth, c.line)
  if type(truth) == "table" then
    local reg = c:reg()
    local yes, no = c:branch(truth[1], truth[2], truth[3], truth[4])
    local behind = c.f:block()
    for number, block in ipairs { no, yes } do
      c.block = block
      c:unknown(2 - number, reg)
      c:jump(behind)
    end
    c.block, result = behind, { k = "bool", reg = reg, line = c.line }
  end
  c.slots[p.a[pc]] = result
end

local function give_back(c, value)
  local returns = c.frame.returns
  returns[#returns + 1] = { block = c.block, slots = { [0] = value }, memo = c.memo, line = c.line }
  c.block = nil
end
M.give_back = give_back

function ops.RET0(c)
  give_back(c)
end

function ops.RET1(c, pc, p)
  give_back(c, c.slots[p.a[pc]])
end

-- Of several results a call that wants one gets the first.
function ops.RET(c, pc, p)
  give_back(c, c.slots[p.a[pc]])
  local returns = c.frame.returns
  returns[#returns].several = p.d[pc] - 1
end

function ops.RETM(c)
  c:refuse("a call gives one value in a handler: put it into a variable first, then return it")
end

return M
