--- When each register of the IR holds something that is still wanted. On the way dead code and
-- needless copies go, and instructions get the form that BPF has.
--
-- Three passes: forward over the instructions, what is assigned and read where (survey); from each block that
-- reads a register back to where it is assigned (spread); backward over the instructions, the ranges (scan).
-- Arrays of the right size from the start and no sets, as this is a quarter of what compiling a handler takes.

local ir = require "shark.probe.ir"
local sized = require "table.new"

local M = {}

jit.off(true, true)

local COMMUTES = { add = true, mul = true, ["and"] = true, ["or"] = true, xor = true }
M.COMMUTES = COMMUTES

-- ---- survey ----

-- `x = y op x`, where BPF has `x = x op y` only.
local function turn(func, block, n)
  local instr, copy = block[n], func:reg()
  table.insert(block, n, { op = "mov", dst = copy, src = instr.b, line = instr.line })
  instr.b = copy
end

-- What it is of an instruction whose b is its dst.
local function needs_turning(instr)
  return instr.a ~= instr.b and not COMMUTES[instr.fn]
end

-- r is read in a block that has not assigned it before.
local function note_read(s, number, r)
  local at = s.exposed_at[r]
  if not at then
    s.exposed_at[r] = { number }
    s.exposed[#s.exposed + 1] = r
  elseif at[#at] ~= number then
    at[#at + 1] = number
  end
end

-- r is assigned once more.
local function note_rewrite(s, number, r)
  local many = s.many
  s.twice[r] = true
  if s.assigned[r] ~= number then
    many[r] = many[r] or { [s.home[r]] = true }
    many[r][number] = true
  end
end

local function note_args(s, number, args, context)
  for n = 1, #args do
    local arg = args[n]
    if arg.ctx then
      arg = { reg = context }
      args[n] = arg
    end
    local r = arg.reg
    if r and s.assigned[r] ~= number then note_read(s, number, r) end
  end
end

local function survey_block(s, func, number, context)
  local block, assigned, home, n = func.blocks[number], s.assigned, s.home, 1
  local instr = block[1]
  while instr do
    local op = instr.op
    if op == "alu" and instr.b == instr.dst and needs_turning(instr) then
      turn(func, block, n)
      instr = block[n]
      op = "mov"
    elseif op == "ctx" then
      instr.op, instr.src, op = "mov", context, "mov"
    end
    local r = instr.a
    if r and assigned[r] ~= number then note_read(s, number, r) end
    r = instr.b
    if r and assigned[r] ~= number then note_read(s, number, r) end
    r = instr.src
    if r and assigned[r] ~= number then note_read(s, number, r) end
    r = instr.base
    if r and assigned[r] ~= number then note_read(s, number, r) end
    if op == "call" then
      note_args(s, number, instr.args, context)
    elseif op == "mov" then
      s.moves[#s.moves + 1] = instr
    end
    r = instr.dst
    if r then
      if home[r] then
        note_rewrite(s, number, r)
      else
        home[r] = number
      end
      assigned[r] = number
    end
    n = n + 1
    instr = block[n]
  end
end

-- Registers that are copies for all of their life: both are assigned in one place only, so
-- wherever the copy is assigned they are equal.
local function find_copies(s)
  local original
  for _, move in ipairs(s.moves) do
    local dst, src = move.dst, move.src
    if not s.twice[dst] and not s.twice[src] then
      original = original or {}
      original[dst] = src
    end
  end
  for copy, source in pairs(original or {}) do
    while original[source] do
      source = original[source]
    end
    original[copy] = source
  end
  return original
end

-- Who reads a copy reads what it is a copy of.
local function expose_originals(s, original)
  for i = 1, #s.exposed do
    local source = original[s.exposed[i]]
    if source then
      for _, number in ipairs(s.exposed_at[s.exposed[i]]) do
        note_read(s, number, source)
      end
      s.exposed_at[s.exposed[i]] = nil
    end
  end
end

-- What is where, of the blocks in order: `exposed` registers are read in the blocks of `exposed_at` before
-- those assign them; `home` is the block that assigns a register, `many` those of one that several assign.
local function survey(func, order, context)
  local s = { assigned = sized(context, 0), home = sized(context, 0), twice = sized(context, 0), many = {},
    exposed = {}, exposed_at = sized(context, 0), moves = {} }
  s.assigned[context], s.home[context] = 0, 0
  for i = 1, #order do
    survey_block(s, func, order[i], context)
  end
  s.original = find_copies(s)
  if s.original then
    expose_originals(s, s.original)
  end
  return s
end

-- ---- spread ----

-- One register: into the lists of the blocks at whose start it is wanted.
local function spread_one(s, r, before, live_in)
  local into, stack, home, many = s.into, s.stack, s.home[r], s.many[r]
  local depth, starts = 0, s.exposed_at[r]
  for i = 1, #starts do
    depth = depth + 1
    stack[depth], into[starts[i]] = starts[i], r
  end
  while depth > 0 do
    local block = stack[depth]
    local wanted, list = live_in[block], before[block]
    depth = depth - 1
    if wanted then
      wanted[#wanted + 1] = r
    else
      live_in[block] = { r }
    end
    for n = 1, #list do
      local number = list[n]
      if into[number] ~= r and number ~= home and not (many and many[number]) then
        depth = depth + 1
        stack[depth], into[number] = number, r
      end
    end
  end
end

local function spread(s, before, blocks)
  local live_in, exposed = sized(blocks, 0), s.exposed
  s.into, s.stack = sized(blocks, 0), {}
  for i = 1, #exposed do
    if s.exposed_at[exposed[i]] then
      spread_one(s, exposed[i], before, live_in)
    end
  end
  return live_in
end

-- ---- scan ----

-- Instruction n reads at 2n and writes at 2n + 1; a range [from, to) ends where the last reader reads.
-- A life is from where it begins to where it ends; one with holes also has its parts, from the last to the
-- first, each as `to`, `from`.
local function add_part(l, r, from, to)
  local first, parts = l.from[r], l.parts[r]
  l.from[r] = from
  if first > to then
    parts = parts or { l.to[r], first }
    l.parts[r] = parts
    parts[#parts + 1] = to
    parts[#parts + 1] = from
  elseif parts then -- it joins the part behind it
    parts[#parts] = from
  end
end

local function close(l, r, from, to)
  if l.from[r] then
    add_part(l, r, from, to)
  else
    l.from[r], l.to[r] = from, to
  end
  if l.last_call < to then
    l.crosses[r] = true
  end
end

local function read(l, r, at)
  local original, open, weight = l.original, l.open, l.weight
  if original then
    r = original[r] or r
  end
  local until_ = open[r]
  if not until_ or until_ < at then
    open[r] = at
  end
  weight[r] = (weight[r] or 0) + l.times
  return r
end

local function alike(like, one, other)
  like[one] = like[one] or other
  like[other] = like[other] or one
end

local function scan_args(l, instr, at)
  local args, wish = instr.args, l.wish
  l.last_call = at
  for n = 1, #args do
    local r = args[n].reg
    if r then
      r = read(l, r, at)
      args[n].reg = r
      wish[r] = wish[r] or n
    end
  end
end

local function scan_alu(l, instr, at)
  local dst, a, b = instr.dst, read(l, instr.a, at), instr.b
  instr.a = a
  if b then
    local late = b ~= a and not COMMUTES[instr.fn]
    instr.b = read(l, b, late and at + 2 or at)
  end
  if dst ~= a then
    alike(l.like, dst, a)
  end
end

local function scan_reads(l, instr, at)
  local op = instr.op
  if op == "alu" then
    return scan_alu(l, instr, at)
  end
  local r = instr.a
  if r then instr.a = read(l, r, at) end
  r = instr.b
  if r then instr.b = read(l, r, at) end
  r = instr.src
  if r then instr.src = read(l, r, at) end
  r = instr.base
  if r then instr.base = read(l, r, at) end
  if op == "call" then
    scan_args(l, instr, at)
  elseif op == "mov" then
    alike(l.like, instr.dst, instr.src)
  end
end

-- Ends the life of what an instruction assigns. @return boolean keep false: nobody wants it
local function scan_write(l, instr, dst, at)
  local original = l.original
  if original and original[dst] then
    return false
  end
  local to = l.open[dst]
  if to then
    l.open[dst] = false
    l.weight[dst] = (l.weight[dst] or 0) + l.times
    close(l, dst, at + 1, to)
    if instr.op == "call" then
      l.wish[dst] = 0
    end
    return true
  elseif ir.is_pure(instr) then
    return false
  end
  instr.dst = nil -- a call for what it does
  return true
end

-- Moves those that are kept to the front.
local function close_up(block, first)
  local size, n = #block, 0
  for k = first, size do
    n = n + 1
    block[n] = block[k]
  end
  for k = n + 1, size do
    block[k] = nil
  end
end

local function scan_block(l, block, start)
  local last = #block
  for k = #block, 1, -1 do
    local instr, at = block[k], 2 * (start + k)
    local dst = instr.dst
    if not dst or scan_write(l, instr, dst, at) then
      block[last] = instr
      last = last - 1
      scan_reads(l, instr, at)
    end
  end
  if last > 0 then
    close_up(block, last + 1)
  end
end

-- The registers wanted at a block's start end here, for now. Returns whether one was thought to be wanted and is not.
local function leave_block(l, wanted, start)
  local less = false
  local open = l.open
  for i = 1, #wanted do
    local r = wanted[i]
    local to = open[r]
    if to then
      close(l, r, 2 * start + 2, to)
      open[r] = false
    else
      less = true
    end
  end
  return less
end

-- What is wanted at the start of a block is wanted at the end of those that lead to it.
local function enter_block(open, wanted, finish)
  for i = 1, wanted and #wanted or 0 do
    local r = wanted[i]
    open[r] = open[r] or finish
  end
end

-- Returns whether a register was thought to be wanted at a block's start and is not.
local function any_unwanted(open, wanted)
  for i = 1, #wanted do
    if not open[wanted[i]] then
      return true
    end
  end
  return false
end

-- Does a block lead to another?
local function leads_to(block, number)
  local one, two = ir.successors(block[#block])
  return one == number or two == number
end

local function scan(l, func, order, depth, live_in)
  local start, less, open = 0, false, l.open
  for i = 1, #order do
    start = start + #func.blocks[order[i]]
  end
  l.count = start
  for i = #order, 1, -1 do
    local number = order[i]
    local block = func.blocks[number]
    local finish = 2 * start + 2
    start = start - #block
    l.times = 10 ^ (depth[number] or 0)
    local one, two = ir.successors(block[#block])
    if one then enter_block(open, live_in[one], finish) end
    if two then enter_block(open, live_in[two], finish) end
    scan_block(l, block, start)
    local wanted = live_in[number]
    if wanted then
      local previous = order[i - 1] -- where it leads here what is wanted here goes on to live in it
      local goes_on = previous and leads_to(func.blocks[previous], number)
      less = (goes_on and any_unwanted(open, wanted) or not goes_on and leave_block(l, wanted, start)) or less
    end
  end
  return less
end

-- The entry writes it, into r1, before the first instruction.
local function close_context(l, context)
  if l.from[context] then
    local parts = l.parts[context]
    l.from[context], l.wish[context] = 1, 1
    if parts then
      parts[#parts] = 1
    end
  end
end

--- The lives of a function's registers.
--- @return table lives { from, to = { [register] = where its life begins, ends }, parts = { [register] =
--- { to, from, ... } where it has holes }, crosses = { [register] = true: a call comes between }, weight = how often
--- each is used, like = { [register] = another to share a place with }, wish = { [register] = 0 to 5 }, context = the
--- register that has the context from the entry on, order = blocks, nregs, count = of instructions, or more }
function M.of(func)
  local order, depth, before = ir.order(func)
  local context = func:reg()
  while true do
    local s = survey(func, order, context)
    local live_in = spread(s, before, #func.blocks)
    local n = func.nregs
    local l = { from = sized(n, 0), to = sized(n, 0), parts = {}, crosses = sized(n, 0), weight = sized(n, 0),
      like = sized(n, 0), wish = sized(n, 0), open = sized(n, 0), original = s.original, last_call = math.huge,
      times = 1, context = context, order = order, nregs = n }
    if not scan(l, func, order, depth, live_in) then
      close_context(l, context)
      return l
    end
  end
end

return M
