--- Places for the IR's registers: the kernel's ten, and the stack for those that find none.
--
-- Linear scan over intervals with holes. A value that is wanted after a call gets one of r6 to
-- r9, which calls leave alone; others r0 to r5 first. A value has one place for all its life, so nothing moves
-- at the edges of blocks. When the stack is needed, two registers are kept for going there and back.

local ir = require "shark.probe.ir"

local M = {}

jit.off(true, true)

local ANY = { 5, 4, 3, 2, 1, 0, 6, 7, 8, 9 }
local SAVED = { 6, 7, 8, 9 }
-- With values on the stack: r0 and r1 carry them (M.SCRATCH).
local FEWER = { 5, 4, 3, 2, 6, 7, 8, 9 }
M.SCRATCH = { 0, 1 }

local COMMUTES = { add = true, mul = true, ["and"] = true, ["or"] = true, xor = true }
M.COMMUTES = COMMUTES

-- ---- copies ----

local function definitions(func, order)
  local count = {}
  for i = 1, #order do
    local block = func.blocks[order[i]]
    for n = 1, #block do
      local dst = block[n].dst
      if dst then
        count[dst] = (count[dst] or 0) + 1
      end
    end
  end
  return count
end

-- Registers that are copies for all of their life: both are assigned in one place only, so
-- wherever the copy is assigned they are equal. The context is a register that the entry assigns.
local function find_copies(func, order, context)
  local count = definitions(func, order)
  local original, found = {}, false
  count[context] = 1
  for i = 1, #order do
    local block = func.blocks[order[i]]
    for n = 1, #block do
      local instr = block[n]
      if instr.op == "ctx" then
        instr.op, instr.src = "mov", context
      end
      if instr.op == "mov" and count[instr.dst] == 1 and count[instr.src] == 1 then
        original[instr.dst], found = instr.src, true
      end
    end
  end
  return found and original
end

local function first(original, r)
  while original[r] do
    r = original[r]
  end
  return r
end

local function rename(instr, original)
  if instr.a then instr.a = first(original, instr.a) end
  if instr.b then instr.b = first(original, instr.b) end
  if instr.src then instr.src = first(original, instr.src) end
  if instr.base then instr.base = first(original, instr.base) end
  local args = instr.args
  for n = 1, args and #args or 0 do
    if args[n].reg then args[n].reg = first(original, args[n].reg) end
  end
end

-- `x = y op x`, where BPF has `x = x op y` only.
local function turn(func, block, n)
  local instr, copy = block[n], func:reg()
  table.insert(block, n, { op = "mov", dst = copy, src = instr.b, line = instr.line })
  instr.b = copy
end

local function needs_turning(instr)
  return instr.op == "alu" and instr.b == instr.dst and instr.a ~= instr.b and not COMMUTES[instr.fn]
end

local function apply(func, order, original)
  for i = 1, #order do
    local block, kept = func.blocks[order[i]], {}
    for n = 1, #block do
      local instr = block[n]
      if original and not original[instr.dst] then
        rename(instr, original)
      end
      if not (original and original[instr.dst]) then
        kept[#kept + 1] = instr
      end
    end
    for n = #kept, 1, -1 do
      if needs_turning(kept[n]) then
        turn(func, kept, n)
      end
    end
    func.blocks[order[i]] = kept
  end
end

-- Gives arguments that are the context its register.
local function name_context(func, order, context)
  for i = 1, #order do
    local block = func.blocks[order[i]]
    for n = 1, #block do
      local args = block[n].args
      for k = 1, args and #args or 0 do
        if args[k].ctx then
          args[k] = { reg = context }
        end
      end
    end
  end
end

-- ---- intervals ----

-- Instruction n reads at 2n and writes at 2n + 1; a range [from, to) ends where the last reader reads.
-- An interval is a list of them, from the last to the first, each as `to`, `from`.

local function interval_of(scan, r)
  local interval = scan.intervals[r]
  if not interval then
    interval = { reg = r, n = 0, weight = 0 }
    scan.intervals[r] = interval
    scan.list[#scan.list + 1] = interval
  end
  return interval
end

local function add_range(scan, r, from, to)
  local interval = interval_of(scan, r)
  local n = interval.n
  if n > 0 and interval[n] <= to then -- joins the range behind it
    interval[n] = from
    return
  end
  interval[n + 1], interval[n + 2], interval.n = to, from, n + 2
end

local function read_at(scan, open, r, at, weight)
  if not open[r] or open[r] < at then
    open[r] = at
  end
  local interval = interval_of(scan, r)
  interval.weight = interval.weight + weight
end

-- Two registers that would rather share one.
local function pair(scan, one, other)
  local a, b = interval_of(scan, one), interval_of(scan, other)
  a.like, b.like = a.like or other, b.like or one
end

local function scan_reads(scan, open, instr, at, weight)
  local a, b = instr.a, instr.b
  if a then read_at(scan, open, a, at, weight) end
  if b then
    local late = instr.op == "alu" and not COMMUTES[instr.fn] and b ~= a
    read_at(scan, open, b, late and at + 2 or at, weight)
  end
  if instr.src then read_at(scan, open, instr.src, at, weight) end
  if instr.base then read_at(scan, open, instr.base, at, weight) end
  if instr.op == "mov" then
    pair(scan, instr.dst, instr.src)
  elseif instr.op == "alu" and instr.dst ~= a then
    pair(scan, instr.dst, a)
  end
end

local function scan_call(scan, open, instr, at, weight)
  scan.calls[#scan.calls + 1] = at
  if instr.dst then
    interval_of(scan, instr.dst).wish = 0
  end
  for n = 1, #instr.args do
    local r = instr.args[n].reg
    if r then
      read_at(scan, open, r, at, weight)
      scan.intervals[r].wish = scan.intervals[r].wish or n
    end
  end
end

-- From the block's last instruction to its first; `open` has where each live register is read next.
local function scan_block(scan, block, start, live, weight)
  local open, finish = {}, 2 * (start + #block)
  for r in pairs(live) do
    open[r] = finish
  end
  for n = #block, 1, -1 do
    local instr, at = block[n], 2 * (start + n - 1)
    local dst = instr.dst
    if dst then
      add_range(scan, dst, at + 1, open[dst] or at + 2)
      open[dst] = nil
      local interval = scan.intervals[dst]
      interval.weight = interval.weight + weight
    end
    if instr.op == "call" then
      scan_call(scan, open, instr, at, weight)
    else
      scan_reads(scan, open, instr, at, weight)
    end
  end
  for r, to in pairs(open) do
    add_range(scan, r, 2 * start, to)
  end
end

local function scan_func(func, order, depth, context)
  local scan = { intervals = {}, list = {}, calls = {} }
  local live_out = ir.liveness(func, order)
  local start = 0
  for i = 1, #order do
    start = start + #func.blocks[order[i]]
  end
  for i = #order, 1, -1 do
    local block = func.blocks[order[i]]
    start = start - #block
    scan_block(scan, block, start, live_out[order[i]], 10 ^ (depth[order[i]] or 0))
  end
  local entry = scan.intervals[context]
  if entry then
    add_range(scan, context, -1, 0) -- the entry writes it, into r1
    entry.wish = 1
  end
  return scan
end

local function crosses(interval, calls)
  for i = 1, #calls do
    local at = calls[i]
    for n = 1, interval.n, 2 do
      if interval[n + 1] <= at and interval[n] > at then
        return true
      end
    end
  end
  return false
end

local function overlap(one, other)
  local i, j = 1, 1
  while i < one.n and j < other.n do
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

-- ---- places ----

local function is_free(held, interval)
  for i = #held, 1, -1 do
    if overlap(held[i], interval) then
      return false
    end
  end
  return true
end

local function contains(list, wanted)
  for i = 1, #list do
    if list[i] == wanted then
      return true
    end
  end
  return false
end

local function try(state, interval, candidates, number)
  return number and number >= 0 and contains(candidates, number) and is_free(state.held[number], interval) and number
end

local function pick(state, interval, candidates)
  local liked = try(state, interval, candidates, interval.like and state.where[interval.like])
    or try(state, interval, candidates, interval.wish)
  if liked then
    return liked
  end
  for i = 1, #candidates do
    if is_free(state.held[candidates[i]], interval) then
      return candidates[i]
    end
  end
end

-- What would have to go to the stack for an interval to have this register, and its weight.
local function in_the_way(held, interval)
  local list, weight = {}, 0
  for i = 1, #held do
    if overlap(held[i], interval) then
      list[#list + 1] = held[i]
      weight = weight + held[i].weight
    end
  end
  return list, weight
end

local function remove(list, item)
  for i = 1, #list do
    if list[i] == item then
      return table.remove(list, i)
    end
  end
end

local function to_stack(state, interval)
  for number = 1, #state.slots + 1 do
    state.slots[number] = state.slots[number] or {}
    if is_free(state.slots[number], interval) then
      table.insert(state.slots[number], interval)
      state.where[interval.reg] = -number
      return
    end
  end
end

-- No register is free: the lightest goes to the stack.
local function make_room(state, interval, candidates)
  local best, lightest, register = nil, interval.weight, nil
  for i = 1, #candidates do
    local list, weight = in_the_way(state.held[candidates[i]], interval)
    if weight < lightest then
      best, lightest, register = list, weight, candidates[i]
    end
  end
  if not best then
    return to_stack(state, interval)
  end
  for _, other in ipairs(best) do
    remove(state.held[register], other)
    to_stack(state, other)
  end
  return register
end

local function first_position(interval)
  return interval[interval.n]
end

local function place(scan, any)
  local state = { held = {}, slots = {}, where = {} }
  for number = 0, 9 do
    state.held[number] = {}
  end
  for _, interval in ipairs(scan.list) do
    local candidates = interval.crosses and SAVED or any
    local register = pick(state, interval, candidates) or make_room(state, interval, candidates)
    if register then
      state.where[interval.reg] = register
      table.insert(state.held[register], interval)
    end
  end
  return state
end

local function by_position(one, other)
  local a, b = first_position(one), first_position(other)
  return a < b or a == b and one.reg < other.reg
end

--- Finds a place for each register of a function. Copies that are copies for all of their life go, and
--- instructions of other forms than BPF has are turned into such, in the function itself.
--- @param func table @param order integer[] @param depth table<integer, integer> as of ir.sweep()
--- @return table<integer, integer> where 0 to 9, or -n for the n-th slot of the stack
--- @return integer slots how many of these there are
--- @return integer context the register that has the context (r1) at the entry; in `where` if it is wanted
function M.allocate(func, order, depth)
  local context = func:reg()
  local copies = find_copies(func, order, context)
  name_context(func, order, context)
  apply(func, order, copies)
  local scan = scan_func(func, order, depth or {}, context)
  for _, interval in ipairs(scan.list) do
    interval.crosses = crosses(interval, scan.calls)
  end
  table.sort(scan.list, by_position)
  local state = place(scan, ANY)
  if #state.slots > 0 then
    state = place(scan, FEWER)
  end
  return state.where, #state.slots, context
end

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
