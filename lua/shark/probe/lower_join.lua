--- Where ways meet: each edge has a block of its own and a copy of the slots' values. Equal values
-- stay, others meet in a new register that each edge's block feeds.

local liveness = require "shark.probe.liveness"
local sized = require "table.new"
local values = require "shark.probe.values"

jit.off(true, true)

local M = {}

local MOST_FIELDS = 8 -- that values have, or nearly: tables that grow are made several times

-- ---- feeding ----

-- A constant into a register, or the value's own register.
local function fill(c, dst, word, reg)
  if word then
    c:unknown(word, dst)
  else
    c:move(dst, reg)
  end
end

-- kind -> puts a value of that kind, or a constant, where the kind's registers are
local FEEDS = {
  num = function(c, dst, v)
    fill(c, dst.reg, v.k == "const" and values.whole(v.v, dst.unsigned), v.reg)
  end,
  bool = function(c, dst, v)
    fill(c, dst.reg, v.k == "const" and (v.v and 1 or 0), v.reg)
  end,
  maybe = function(c, dst, v)
    local constant = v.k == "const"
    fill(c, dst.reg, constant and (v.v == true and 1 or v.v and values.whole(v.v, dst.unsigned) or 0), v.reg)
    fill(c, dst.present, not v.present and (constant and v.v == nil and 0 or 1), v.present)
  end,
  ptr = function(c, dst, v)
    if v.k == "const" then
      c:known(0, dst.reg)
    elseif v.off == 0 then
      c:move(dst.reg, v.reg)
    else
      c:alu("add", v.reg, nil, v.off, dst.reg)
    end
  end,
  text = function(c, dst, v)
    for at = 0, dst.size - 8, 8 do
      local word
      if v.k == "const" then
        word = c:unknown(c:word_of(v.v, at + 1))
      elseif at < v.size then
        word = c:load_area(8, v.area, v.off + at)
      end
      c:store(dst.area, at, 8, word, not word and 0 or nil)
    end
  end,
}

local function feed(c, dst, v)
  FEEDS[dst.k](c, dst, v)
end

--- Gives a kind of value registers, or room.
local function with_registers(c, kind)
  local value = sized(0, MOST_FIELDS)
  value.line = c.line
  for key, field in pairs(kind) do
    value[key] = field
  end
  if kind.k == "text" then
    value.area = c:fixed_text_area(kind.size)
  elseif kind.k ~= "conflict" then
    value.reg = c:reg()
    value.present = kind.k == "maybe" and c:reg() or nil
  end
  return value
end

-- ---- joining ----

local function source(v)
  return v.origin or v
end

-- What all edges have in a slot, if it is the same table.
local function identical(edges, slot)
  local first = edges[1].slots[slot]
  for i = 2, #edges do
    if edges[i].slots[slot] ~= first then
      return nil
    end
  end
  return first
end

-- All of them equal, or all made of one number-or-nil by tests: that value.
local function common(edges, slot)
  local first = edges[1].slots[slot]
  local same, from = true, first and source(first)
  for i = 2, #edges do
    local v = edges[i].slots[slot]
    if not v or not first then
      return nil, false
    end
    same = same and values.same(first, v)
    from = from and values.same(from, source(v)) and from
  end
  return same and first or from or nil, first ~= nil
end

local function join_kinds(edges, slot, kind, constants)
  for i = 1, #edges do
    local v = edges[i].slots[slot]
    if (v.k == "const") == constants then
      kind = kind and not values.same(kind, v) and values.join(kind, v) or kind or v
    end
  end
  return kind
end

-- A plain constant that begins a loop was taken for signed: where it meets an unsigned number, compiling begins anew.
local function reconsider(c, edges, slot)
  for i = 1, #edges do
    local v = edges[i].slots[slot]
    if v.hint and v.plain.v >= 0 then
      c.hints[v.hint] = { k = "num", unsigned = true }
      error(c.retry, 0)
    end
  end
end

-- Constants come last: a plain number takes the kind of what it meets.
local function kind_of(c, edges, slot)
  local kind = join_kinds(edges, slot, join_kinds(edges, slot, nil, false), true)
  if kind.why == "signs" then
    reconsider(c, edges, slot)
  end
  return kind
end

local function join_memo(edges)
  local memo, first = {}, edges[1].memo
  for i = 2, #edges do
    if edges[i].memo ~= first then
      for name, value in pairs(first) do
        memo[name] = value
      end
      for j = 2, #edges do
        for name, value in pairs(memo) do
          if edges[j].memo[name] ~= value then memo[name] = nil end
        end
      end
      return memo
    end
  end
  return first
end

-- One new value for all slots in which the same values meet.
local function shared(made, edges, slot)
  for other, value in pairs(made) do
    local same = true
    for i = 1, #edges do
      if edges[i].slots[other] ~= edges[i].slots[slot] then
        same = false
        break
      end
    end
    if same then
      return value
    end
  end
end

local function lines(edges, slot)
  for i = 1, #edges do
    local v = edges[i].slots[slot]
    if v.line then return v.line end
  end
end

--- Goes on where edges meet; `wanted` lists the slots that are wanted there.
function M.join(c, edges, wanted)
  if #edges == 1 then
    local edge = edges[1]
    c.block, c.slots, c.memo = edge.block, edge.slots, edge.memo
    return
  end
  local slots, made = sized(c.frame.proto.slots, 0), {}
  for i = 1, wanted and #wanted or 0 do
    local slot = wanted[i]
    local value, known = identical(edges, slot), nil
    if not value then
      value, known = common(edges, slot)
    end
    if known and not value then
      value = shared(made, edges, slot)
      if not value then
        value = with_registers(c, kind_of(c, edges, slot))
        value.line = value.k ~= "conflict" and lines(edges, slot) or nil
        made[slot] = value
      end
    end
    slots[slot] = value
  end
  local block = c.f:block()
  for i = 1, #edges do
    local edge = edges[i]
    c.block = edge.block
    for slot, value in pairs(made) do
      if value.k ~= "conflict" then
        feed(c, value, edge.slots[slot])
      end
    end
    c:jump(block)
  end
  c.block, c.slots, c.memo = block, slots, join_memo(edges)
end

-- ---- loops ----

local REGISTERS = { num = true, bool = true, maybe = true, ptr = true, text = true }

-- What a slot that a loop assigns is at its head, as far as is known before the body.
local function head_kind(value, hint)
  if hint then
    return hint
  elseif value.k == "const" and values.is_number(value.v) then
    local unsigned = values.is_u64(value.v) or not values.whole(value.v)
    return values.whole(value.v, unsigned)
      and { k = "num", unsigned = unsigned, plain = type(value.v) == "number" and value or nil }
  elseif REGISTERS[value.k] then
    return values.join(value, value)
  end
end

--- Gives slots that a loop assigns, and that are wanted where it begins, registers.
--- @return table head slot -> value that the ends of the loop feed
function M.open_loop(c, assigned, pc, key)
  local head = {}
  for slot in pairs(assigned) do
    local value = c.slots[slot]
    if value and liveness.wants(c.frame.proto, pc, slot) then
      local kind = head_kind(value, c.hints[key .. slot])
      if kind then
        head[slot] = with_registers(c, kind)
        head[slot].hint = kind.plain and key .. slot
        if kind.k ~= "conflict" then
          feed(c, head[slot], value)
        end
      else
        head[slot] = value
      end
    end
  end
  for slot, value in pairs(head) do
    c.slots[slot] = value
  end
  local block = c.f:block()
  c:jump(block)
  c.block = block
  return head, block
end

local function reads_any(v, written)
  return written[v.reg or false] or written[v.present or false] or written["area" .. (v.area or "")]
end

-- A copy of a value in registers of its own.
local function apart(c, kind, v)
  local copy = with_registers(c, kind)
  feed(c, copy, v)
  return copy
end

-- The kind that fits a value at a loop's end and the one at its head, where that is another than at the head.
local function better(head, v)
  if not v or values.same(head, v) or head.k == "conflict" then
    return nil
  end
  local kind = values.join(head.plain or head, v)
  local fits = kind.k == head.k and REGISTERS[kind.k] and (kind.unsigned or false) == (head.unsigned or false)
    and (kind.direct or false) == (head.direct or false) and kind.size == head.size
    and (kind.stack or false) == (head.stack or false)
  return not fits and { k = kind.k, unsigned = kind.unsigned, type = kind.type, direct = kind.direct, off = kind.off,
    user = kind.user, size = kind.size, bool = kind.bool, stack = kind.stack, embedded = kind.embedded,
    one = kind.one, other = kind.other, why = kind.why } or nil
end

-- Where kinds at a loop's end do not fit those at its head, compiling begins again with kinds that fit both. What
-- is different things may be so because of another's kind: that comes last.
local function check_ends(c, key, head)
  local conflicts, changed = {}, false
  for slot, value in pairs(head) do
    local kind = better(value, c.slots[slot])
    if kind and kind.k == "conflict" then
      conflicts[slot] = kind
    elseif kind then
      c.hints[key .. slot], changed = kind, true
    end
  end
  for slot, kind in pairs(changed and {} or conflicts) do
    c.hints[key .. slot], changed = kind, true
  end
  if changed then
    error(c.retry, 0)
  end
end

--- Feeds a loop's head at one of its ends, all at once: through copies where one reads what another writes.
function M.close_loop(c, head, key)
  local written, list = {}, {}
  check_ends(c, key, head)
  for slot, value in pairs(head) do
    local v = c.slots[slot]
    if v then
      if REGISTERS[value.k] and not values.same(value, v) then
        list[#list + 1] = { value, v }
        written[value.reg or "area" .. (value.area or "")] = true
        written[value.present or false] = true
      end
    end
  end
  written[false] = nil
  for _, pair in ipairs(list) do
    if reads_any(pair[2], written) then
      pair[2] = apart(c, pair[1], pair[2])
    end
  end
  for _, pair in ipairs(list) do
    feed(c, pair[1], pair[2])
  end
end

return M
