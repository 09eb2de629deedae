--- Places for the IR's registers: the kernel's ten, and the stack for those that find none.
--
-- Linear scan over lives with holes. A value that is wanted after a call gets one of r6 to
-- r9, which calls leave alone; others r0 to r5 first. A value has one place for all its life, so nothing moves
-- at the edges of blocks. When the stack is needed, two registers are kept for going there and back.

local sized = require "table.new"

local M = {}

jit.off(true, true)

-- In the order in which they are tried, and as a set.
local function candidates_of(list)
  list.has = {}
  for i = 1, #list do
    list.has[list[i]] = true
  end
  return list
end

local ANY = candidates_of { 5, 4, 3, 2, 1, 0, 6, 7, 8, 9 }
local SAVED = candidates_of { 6, 7, 8, 9 }
-- With values on the stack: r0 and r1 carry them (M.SCRATCH).
local FEWER = candidates_of { 5, 4, 3, 2, 6, 7, 8, 9 }
M.SCRATCH = { 0, 1 }

-- ---- places ----

-- Both lists run from the last part to the first.
local function parts_overlap(one, other)
  local i, j, m, n = 1, 1, #one, #other
  while i < m and j < n do
    if one[i] <= other[j + 1] then
      j = j + 2
    elseif other[j] <= one[i + 1] then
      i = i + 2
    else
      return true
    end
  end
  return false
end

-- Of two lives of which neither begins where the other has ended.
local function meet(lives, r, other)
  local one, two = lives.parts[r], lives.parts[other]
  if not one and not two then
    return true
  end
  local from, to = lives.from, lives.to
  return parts_overlap(one or { to[r], from[r] }, two or { to[other], from[other] })
end

-- Who was there before ends before others begin, more often than not.
local function is_free(lives, holder, r)
  local from, to = lives.from, lives.to
  local begin, finish = from[r], to[r]
  if holder.last <= begin then
    return true
  end
  for i = #holder, 1, -1 do
    local other = holder[i]
    if to[other] > begin and from[other] < finish and meet(lives, r, other) then
      return false
    end
  end
  return true
end

local function hold(holder, r, to)
  holder[#holder + 1] = r
  if to > holder.last then
    holder.last = to
  end
end

local function try(state, r, candidates, number)
  return number and candidates.has[number] and is_free(state.lives, state.held[number], r)
end

-- Where what it is a copy of is, or will be; where a call wants it or leaves it; or anywhere.
local function pick(state, r, candidates)
  local lives = state.lives
  local wish, like = lives.wish, lives.like[r]
  local number = like and (state.where[like] or wish[like])
  if number and try(state, r, candidates, number) then
    return number
  end
  number = wish[r]
  if number and try(state, r, candidates, number) then
    return number
  end
  local held = state.held
  for i = 1, #candidates do
    number = candidates[i]
    if is_free(lives, held[number], r) then
      return number
    end
  end
end

-- Uses for the time that a register is held: the least goes to the stack.
local function worth(lives, r)
  return lives.weight[r] / (lives.to[r] - lives.from[r])
end

-- What would have to go to the stack for a life to have this register, and its worth.
local function in_the_way(state, holder, r)
  local lives, list, sum = state.lives, {}, 0
  local from, to = lives.from, lives.to
  for i = 1, #holder do
    local other = holder[i]
    if to[other] > from[r] and from[other] < to[r] and meet(lives, other, r) then
      list[#list + 1] = other
      sum = sum + worth(lives, other)
    end
  end
  return list, sum
end

local function remove(list, item)
  for i = 1, #list do
    if list[i] == item then
      return table.remove(list, i)
    end
  end
end

local function to_stack(state, r)
  local slots, number = state.slots, 1
  while slots[number] and not is_free(state.lives, slots[number], r) do
    number = number + 1
  end
  slots[number] = slots[number] or { last = 0 }
  hold(slots[number], r, state.lives.to[r])
  state.where[r] = -number
end

-- No register is free: the least worth goes to the stack.
local function make_room(state, r, candidates)
  local best, least, register = nil, worth(state.lives, r), nil
  for i = 1, #candidates do
    local list, sum = in_the_way(state, state.held[candidates[i]], r)
    if sum < least then
      best, least, register = list, sum, candidates[i]
    end
  end
  if not best then
    return to_stack(state, r)
  end
  for _, other in ipairs(best) do
    remove(state.held[register], other)
    to_stack(state, other)
  end
  return register
end

-- Lives come in the order of their beginnings: who ended before this one stands in nobody's way.
local function hold_from(holder, r, from, to)
  if holder.last <= from then
    for i = #holder, 1, -1 do
      holder[i] = nil
    end
  end
  hold(holder, r, to)
end

-- @return boolean? false: there is none in a register, and that is all there is
local function place(state, r)
  local lives = state.lives
  local candidates = lives.crosses[r] and SAVED or state.any
  local register = pick(state, r, candidates)
  if not register and not state.slots then
    return false
  end
  register = register or make_room(state, r, candidates)
  if register then
    state.where[r] = register
    hold_from(state.held[register], r, lives.from[r], lives.to[r])
  end
  return true
end

-- In the order of their first assignments: no life begins before.
local function place_all(state, func)
  local lives, where = state.lives, state.where
  if lives.from[lives.context] and not place(state, lives.context) then
    return false
  end
  for i = 1, #lives.order do
    local block = func.blocks[lives.order[i]]
    for n = 1, #block do
      local dst = block[n].dst
      if dst and not where[dst] and not place(state, dst) then
        return false
      end
    end
  end
  return true
end

local function new_state(lives, any, slots)
  local state = { lives = lives, any = any, slots = slots, held = {}, where = sized(lives.nregs, 0) }
  for number = 0, 9 do
    state.held[number] = { last = 0 }
  end
  return state
end

--- Finds a place for each register of a function.
--- @param func table @param lives table as of lifetimes.of()
--- @return table<integer, integer> where 0 to 9, or -n for the n-th slot of the stack
--- @return integer slots how many of these there are
function M.allocate(func, lives)
  local state = new_state(lives, ANY)
  if place_all(state, func) then
    return state.where, 0
  end
  state = new_state(lives, FEWER, {})
  place_all(state, func)
  return state.where, #state.slots
end

-- ---- moves ----

-- Who reads each register, and the targets that nobody reads.
local function readers_of(from)
  local readers, ready = {}, {}
  for to, source in pairs(from) do
    if to ~= source then
      readers[source] = (readers[source] or 0) + 1
    end
  end
  for to, source in pairs(from) do
    if to ~= source and not readers[to] then
      ready[#ready + 1] = to
    end
  end
  return readers, ready
end

-- Makes the moves whose targets nobody reads any more; what they leave is in circles.
local function make_ready(from, readers, ready, move)
  while #ready > 0 do
    local to = table.remove(ready)
    local source = from[to]
    move(to, source)
    from[to] = nil
    readers[source] = readers[source] - 1
    if readers[source] == 0 and from[source] and from[source] ~= source then
      ready[#ready + 1] = source
    end
  end
end

local function any_circle(from)
  for to, source in pairs(from) do
    if to ~= source then
      return to
    end
  end
end

--- Moves between registers that happen at once, one after the other: calls move(to, from). r0 must be no
--- target: a circle is broken by it, when what was in it has been read.
--- @param from table<integer, integer> of each target its source; is used up
function M.parallel(from, move)
  local readers, ready = readers_of(from)
  make_ready(from, readers, ready, move)
  local to = any_circle(from)
  while to do
    move(0, to)
    for other, source in pairs(from) do
      if source == to then
        from[other] = 0
      end
    end
    readers[to], readers[0] = 0, 1
    ready[1] = to
    make_ready(from, readers, ready, move)
    to = any_circle(from)
  end
end

return M
