--- The compiler's language between Lua and BPF: blocks of instructions over any number of
-- virtual registers of 64 bits, each assigned as often as one likes.
--
-- An instruction is a table with `op` and, where it is known, `line`. The fields `a`, `b`, `src`
-- and `base` always hold registers that are read, `dst` the one that is written:
--
--   const dst value            mov dst src               alu fn dst a b|imm       neg dst a
--   load dst base|area|map off size bits? signed?             store base|area off size src|imm
--   xadd base|area off size src address dst area off     ctx dst
--   map dst map                mapvalue dst map off
--   variable dst id            (a variable of the kernel by BTF's id: its address, or what this_cpu_ptr() takes)
--   call dst? helper args ({reg=} {imm=} {area=, off=} {map=} {ctx=true}, at most 5)
--
-- Sizes are 1, 2, 4 and 8 bytes. What is loaded is extended by zeroes; of `bits` only so many are kept, extended by
-- their sign where it is `signed`. A load from `map` is from the value of an array of one. A `call` with `inline`
-- instead of `helper` is one of shark.probe.inline: instructions that take arguments, and registers, as helpers do.
--
-- and at the end of each block one of: jump to; branch cond a b|imm yes no; may yes no (goes
-- to `no` when the kernel's budget of turns is used up); exit imm.

local bit = require "bit"
local ffi = require "ffi"
local inline = require "shark.probe.inline"
local sized = require "table.new"

local M = {}

jit.off(true, true)

local ENOUGH = 6 -- instructions, for most blocks

local Func = {}
Func.__index = Func

--- An empty function.
--- @param name? string @param file? string the file that its lines belong to
function M.new(name, file)
  return setmetatable({ blocks = {}, nregs = 0, areas = {}, name = name, file = file }, Func)
end

--- A new register.
function Func:reg()
  self.nregs = self.nregs + 1
  return self.nregs
end

--- Room on the stack. @param size integer bytes
function Func:area(size)
  self.areas[#self.areas + 1] = { size = size }
  return #self.areas
end

--- A new block, without instructions; the first one is where the function begins.
function Func:block()
  local number = #self.blocks + 1
  self.blocks[number] = sized(ENOUGH, 0)
  return number
end

--- Appends an instruction; one without `line` gets `self.line`, if that is set.
--- @return table instr
function Func:emit(block, instr)
  local list = self.blocks[block]
  instr.line = instr.line or self.line
  list[#list + 1] = instr
  return instr
end

--- Does the block end in a terminator?
function Func:ended(block)
  local list = self.blocks[block]
  local last = list[#list]
  return last ~= nil and M.terminators[last.op] ~= nil
end

-- ---- what there is ----

M.terminators = { jump = true, branch = true, may = true, exit = true }

local FUNCTIONS = { add = "+", sub = "-", mul = "*", div = "/", mod = "%", ["or"] = "|", ["and"] = "&", xor = "^",
  lsh = "<<", rsh = ">>", arsh = ">>>" }
local CONDITIONS = { eq = "==", ne = "!=", ugt = ">", uge = ">=", ult = "<", ule = "<=", sgt = "s>", sge = "s>=",
  slt = "s<", sle = "s<=", set = "&" }

-- Dead unless their result is used.
local PURE = { const = true, mov = true, alu = true, neg = true, load = true, address = true, ctx = true, map = true,
  mapvalue = true, variable = true }
-- Helpers that only tell something: ktime_get_ns, get_smp_processor_id, get_current_pid_tgid,
-- get_current_uid_gid, get_current_task, this_cpu_ptr.
local PURE_HELPERS = { [5] = true, [8] = true, [14] = true, [15] = true, [35] = true, [154] = true }

--- The blocks that a terminator leads to.
--- @return integer|nil @return integer|nil
function M.successors(instr)
  if instr.op == "jump" then
    return instr.to
  end
  return instr.yes, instr.no
end

-- ---- text ----

local function reg(number)
  return "v" .. number
end

local function hex(value)
  local text = tostring(value):gsub("U?LL$", "")
  return text
end

local function operand(instr)
  return instr.b and reg(instr.b) or hex(instr.imm)
end

local function place(instr)
  local off = instr.off or 0
  local base = instr.area and "area" .. instr.area or instr.map and "value of map" .. instr.map or reg(instr.base)
  return ("[%s%s%d]"):format(base, off < 0 and "-" or "+", math.abs(off))
end

local function argument(arg)
  return arg.reg and reg(arg.reg) or arg.area and ("area%d+%d"):format(arg.area, arg.off or 0)
    or arg.map and "map" .. arg.map or arg.ctx and "ctx" or hex(arg.imm)
end

local function source(instr)
  return instr.src and reg(instr.src) or hex(instr.imm)
end

local formats = {
  const = function(i) return ("%s = %s"):format(reg(i.dst), hex(i.value)) end,
  mov = function(i) return ("%s = %s"):format(reg(i.dst), reg(i.src)) end,
  alu = function(i) return ("%s = %s %s %s"):format(reg(i.dst), reg(i.a), FUNCTIONS[i.fn], operand(i)) end,
  neg = function(i) return ("%s = -%s"):format(reg(i.dst), reg(i.a)) end,
  load = function(i)
    return ("%s = %s%d %s"):format(reg(i.dst), i.signed and "i" or "u", i.bits or i.size * 8, place(i))
  end,
  store = function(i) return ("u%d %s = %s"):format(i.size * 8, place(i), source(i)) end,
  xadd = function(i) return ("u%d %s += %s (atomic)"):format(i.size * 8, place(i), reg(i.src)) end,
  address = function(i) return ("%s = area%d+%d"):format(reg(i.dst), i.area, i.off or 0) end,
  ctx = function(i) return ("%s = ctx"):format(reg(i.dst)) end,
  map = function(i) return ("%s = map%d"):format(reg(i.dst), i.map) end,
  mapvalue = function(i) return ("%s = value of map%d+%d"):format(reg(i.dst), i.map, i.off or 0) end,
  variable = function(i) return ("%s = variable %d"):format(reg(i.dst), i.id) end,
  call = function(i)
    local args = {}
    for n, arg in ipairs(i.args) do
      args[n] = argument(arg)
    end
    return ("%s%s(%s)"):format(i.dst and reg(i.dst) .. " = " or "", i.inline or "helper" .. i.helper,
      table.concat(args, ", "))
  end,
  jump = function(i) return "goto b" .. i.to end,
  branch = function(i)
    return ("if %s %s %s goto b%d else b%d"):format(reg(i.a), CONDITIONS[i.cond], operand(i), i.yes, i.no)
  end,
  may = function(i) return ("may goto b%d else b%d"):format(i.yes, i.no) end,
  exit = function(i) return "return " .. hex(i.imm or 0) end,
}

--- One instruction as text. @return string
function M.line_of(instr)
  return formats[instr.op](instr)
end

--- A function as text, for people. @return string
function M.text(func)
  local lines = {}
  for number, block in ipairs(func.blocks) do
    lines[#lines + 1] = ("b%d:"):format(number)
    for _, instr in ipairs(block) do
      lines[#lines + 1] = "  " .. M.line_of(instr)
    end
  end
  return table.concat(lines, "\n") .. "\n"
end

-- ---- is it well-formed? ----

local function is_int32(value)
  return type(value) == "number" and value == math.floor(value) and value >= -2^31 and value < 2^31
end

local function is_register(func, value)
  return type(value) == "number" and value >= 1 and value <= func.nregs and value == math.floor(value)
end

local function want(ok, func, at, why)
  if not ok then
    local block = func.blocks[at.block]
    local instr = block and block[at.index]
    local fine, text = pcall(M.line_of, instr)
    error(("b%d:%d: %s: %s"):format(at.block, at.index, why, fine and text or instr and tostring(instr.op) or "?"), 0)
  end
end

local function check_place(func, at, instr)
  local places = (instr.base and 1 or 0) + (instr.area and 1 or 0) + (instr.op == "load" and instr.map and 1 or 0)
  want(places == 1, func, at, "base or area")
  local size, off = instr.size, instr.off or 0
  want(size == 1 or size == 2 or size == 4 or size == 8, func, at, "size")
  want(is_int32(off) and off >= -2^15 and off < 2^15, func, at, "an offset beyond 16 bits")
  if instr.area then
    local area = func.areas[instr.area]
    want(area and off >= 0 and off + size <= area.size, func, at, "outside of the area")
    want(off % size == 0, func, at, "not aligned")
  end
end

local function check_operand(func, at, instr)
  want((instr.b == nil) ~= (instr.imm == nil), func, at, "b or imm")
  want(instr.b or is_int32(instr.imm), func, at, "imm must fit signed 32 bits")
end

local function check_block(func, at, ...)
  for i = 1, select("#", ...) do
    want(func.blocks[select(i, ...)], func, at, "no such block")
  end
end

local function check_area(func, at, area, off)
  want(func.areas[area] and off >= 0 and off < func.areas[area].size, func, at, "outside of the area")
end

local function check_arg(func, at, arg)
  if arg.area then
    check_area(func, at, arg.area, arg.off or 0)
  elseif arg.reg then
    want(is_register(func, arg.reg), func, at, "no such register")
  elseif arg.imm then
    want(is_int32(arg.imm), func, at, "imm must fit signed 32 bits")
  else
    want(arg.map or arg.ctx, func, at, "an argument of no kind")
  end
end

local function check_source(func, at, instr)
  want((instr.src == nil) ~= (instr.imm == nil), func, at, "src or imm")
  want(instr.src or is_int32(instr.imm), func, at, "imm must fit signed 32 bits")
end

local checks = {
  const = function(func, at, i)
    want(type(i.value) == "cdata" or i.value == math.floor(i.value) and math.abs(i.value) <= 2^53, func, at, "value")
  end,
  mov = function() end,
  alu = function(func, at, i)
    want(FUNCTIONS[i.fn], func, at, "fn")
    check_operand(func, at, i)
    local shift = i.fn == "lsh" or i.fn == "rsh" or i.fn == "arsh"
    want(not (shift and i.imm) or i.imm >= 0 and i.imm < 64, func, at, "a shift by 0 to 63")
    want(not ((i.fn == "div" or i.fn == "mod") and i.imm == 0), func, at, "divides by zero")
  end,
  neg = function() end,
  load = function(func, at, i)
    check_place(func, at, i)
    want(not i.bits or i.bits > 0 and i.bits <= i.size * 8, func, at, "bits")
  end,
  store = function(func, at, i)
    check_place(func, at, i)
    check_source(func, at, i)
  end,
  xadd = function(func, at, i)
    check_place(func, at, i)
    want(i.src and (i.size == 8 or i.size == 4), func, at, "xadd of 4 or 8 bytes from src")
  end,
  address = function(func, at, i) check_area(func, at, i.area, i.off or 0) end,
  ctx = function() end,
  map = function(func, at, i) want(is_int32(i.map), func, at, "map") end,
  mapvalue = function(func, at, i) want(is_int32(i.map) and is_int32(i.off or 0), func, at, "map, off") end,
  variable = function(func, at, i) want(is_int32(i.id) and i.id > 0, func, at, "id") end,
  call = function(func, at, i)
    want((is_int32(i.helper) or i.inline) and #i.args <= 5, func, at, "helper, at most 5 args")
    for _, arg in ipairs(i.args) do
      check_arg(func, at, arg)
    end
  end,
  jump = function(func, at, i) check_block(func, at, i.to) end,
  branch = function(func, at, i)
    want(CONDITIONS[i.cond], func, at, "cond")
    check_operand(func, at, i)
    check_block(func, at, i.yes, i.no)
  end,
  may = function(func, at, i) check_block(func, at, i.yes, i.no) end,
  exit = function(func, at, i) want(is_int32(i.imm or 0), func, at, "imm") end,
}

-- Which instructions have which of the register fields, of necessity.
local NEEDS = { const = { "dst" }, mov = { "dst", "src" }, alu = { "dst", "a" }, neg = { "dst", "a" }, load = { "dst" },
  store = {}, xadd = { "src" }, address = { "dst" }, ctx = { "dst" }, map = { "dst" }, mapvalue = { "dst" },
  variable = { "dst" }, call = {},
  jump = {}, branch = { "a" }, may = {}, exit = {} }

local function check_instr(func, at, instr)
  want(checks[instr.op], func, at, "no such op")
  for _, field in ipairs { "dst", "a", "b", "src", "base" } do
    want(instr[field] == nil or is_register(func, instr[field]), func, at, field .. ": no such register")
  end
  for _, field in ipairs(NEEDS[instr.op]) do
    want(instr[field], func, at, field)
  end
  checks[instr.op](func, at, instr)
end

--- Calls visit(register) for each register that an instruction reads.
function M.each_read(instr, visit)
  if instr.a then visit(instr.a) end
  if instr.b then visit(instr.b) end
  if instr.src then visit(instr.src) end
  if instr.base then visit(instr.base) end
  for _, arg in ipairs(instr.args or {}) do
    if arg.reg then visit(arg.reg) end
  end
end

-- Of each block that is reached, the registers that are assigned on every way to it.
local function assigned_at_start(func)
  local known, work = { [1] = {} }, { 1 }
  local function meet(target, set)
    local old = known[target]
    local new, less = {}, old == nil
    for r in pairs(old or set) do
      new[r] = set[r]
      less = less or not set[r]
    end
    if less then
      known[target] = new
      work[#work + 1] = target
    end
  end
  while #work > 0 do
    local number = table.remove(work)
    local set = {}
    for r in pairs(known[number]) do
      set[r] = true
    end
    local block = func.blocks[number]
    for _, instr in ipairs(block) do
      if instr.dst then set[instr.dst] = true end
    end
    local one, two = M.successors(block[#block])
    if one then meet(one, set) end
    if two then meet(two, set) end
  end
  return known
end

local function check_assigned(func)
  for number, set in pairs(assigned_at_start(func)) do
    for index, instr in ipairs(func.blocks[number]) do
      M.each_read(instr, function(r)
        want(set[r], func, { block = number, index = index }, reg(r) .. " is read before it is assigned")
      end)
      if instr.dst then set[instr.dst] = true end
    end
  end
end

--- Raises where a function is not well-formed: operands, blocks without an end, a register
--- read before it is assigned. For tests and for finding faults of the front end.
--- @return table func
function M.check(func)
  want(#func.blocks > 0, func, { block = 1, index = 1 }, "no blocks")
  for number, block in ipairs(func.blocks) do
    want(#block > 0, func, { block = number, index = 1 }, "an empty block")
    for index, instr in ipairs(block) do
      local at = { block = number, index = index }
      want((M.terminators[instr.op] ~= nil) == (index == #block), func, at, "a terminator ends each block")
      check_instr(func, at, instr)
    end
  end
  check_assigned(func)
  return func
end

-- ---- order ----

-- Where a chain of blocks that do nothing but jump leads.
local function final(func, number)
  local seen = 0
  while true do
    local first = func.blocks[number][1]
    if first.op ~= "jump" or seen > #func.blocks then
      return number
    end
    number, seen = first.to, seen + 1
  end
end

local function retarget(func, instr)
  local blocks, to, yes, no = func.blocks, instr.to, instr.yes, instr.no
  if to and blocks[to][1].op == "jump" then
    instr.to = final(func, to)
  elseif yes then
    if blocks[yes][1].op == "jump" then instr.yes = final(func, yes) end
    if blocks[no][1].op == "jump" then instr.no = final(func, no) end
    if instr.yes == instr.no and instr.op == "branch" then
      return { op = "jump", to = instr.yes, line = instr.line }
    end
  end
  return instr
end

-- Where a block leads: what is visited first comes last, so that `no` follows its branch; but of lower `depth`.
local function ways_out(func, number, depth)
  local block = func.blocks[number]
  local last = block[#block]
  if not depth then
    last = retarget(func, last)
    block[#block] = last
  end
  local first, second = last.yes or last.to, last.no
  if depth and second and depth[second] < depth[first] then
    return second, first
  end
  return first, second
end

-- The blocks that are reached from the first, each behind all that lead to it but the ends of
-- loops; those ends as pairs { from, to }; who leads to each. Of two successors the one of lower `depth` comes later.
local function walk(func, depth)
  local count = #func.blocks
  local is_done, second, before, ends = sized(count, 0), sized(count, 0), sized(count, 0), {}
  local reverse, n, stack, top = sized(count, 0), 0, sized(count, 0), 0
  local number, target = 1
  before[1] = {}
  while number do
    if is_done[number] == nil then
      top = top + 1
      stack[top], is_done[number] = number, false
      target, second[number] = ways_out(func, number, depth)
    else
      target, second[number] = second[number], nil
    end
    if not target then
      n, top = n + 1, top - 1
      reverse[n], is_done[number] = number, true
      number = stack[top]
    elseif is_done[target] == nil then
      before[target], number = { number }, target
    else
      local list = before[target]
      list[#list + 1] = number
      if not is_done[target] then
        ends[#ends + 1] = { number, target }
      end
    end
  end
  local order = sized(n, 0)
  for i = 1, n do
    order[i] = reverse[n + 1 - i]
  end
  return order, ends, before
end

-- In how many loops each block is.
local function depths(order, ends, before)
  local depth = {}
  for i = 1, #order do
    depth[order[i]] = 0
  end
  local heads = {}
  for _, pair in ipairs(ends) do
    local head = pair[2]
    heads[head] = heads[head] or { [head] = true }
    local inside, stack = heads[head], { pair[1] }
    while #stack > 0 do
      local number = table.remove(stack)
      if not inside[number] then
        inside[number] = true
        for _, other in ipairs(before[number]) do
          stack[#stack + 1] = other
        end
      end
    end
  end
  for _, inside in pairs(heads) do
    for number in pairs(inside) do
      depth[number] = depth[number] + 1
    end
  end
  return depth
end

--- Leads jumps past blocks that only jump, and returns the blocks that are reached, in an order
--- in which each comes behind all that lead to it but the ends of loops, and loops stay together.
--- @return integer[] numbers @return table<integer, integer> depth in how many loops each of them is
--- @return table<integer, integer[]> before the blocks that lead to each
function M.order(func)
  local order, ends, before = walk(func)
  local depth = {}
  if #ends > 0 then
    depth = depths(order, ends, before)
    order = walk(func, depth)
  end
  return order, depth, before
end

-- ---- values ----

--- Is an instruction without effect but its result?
function M.is_pure(instr)
  return PURE[instr.op] or instr.op == "call" and (PURE_HELPERS[instr.helper] or inline.pure[instr.inline]) or false
end

--- A value as an immediate operand, which is a signed number of 32 bits, sign-extended.
--- @param value number|ffi.cdata* @return number|nil imm nil: it does not fit
function M.immediate(value)
  if type(value) == "number" then
    return is_int32(value) and value or nil
  end
  local as_signed = ffi.cast("int64_t", value)
  return as_signed == bit.arshift(bit.lshift(as_signed, 32), 32) and tonumber(as_signed) or nil
end

--- Does a value fit an immediate operand? What to write there is what immediate() returns.
function M.fits(value)
  return M.immediate(value) ~= nil
end

return M
