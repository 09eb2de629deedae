--- Random handlers in Lua, which compute the same in LuaJIT on 64-bit cdata as they should in the
-- kernel: every number in them is int64_t (variables i1, i2, ...) or uint64_t (u1, ...), and where the
-- language differs on purpose (division by zero, counters of loops, negative constants against u64) they do not go.
local M = {}

local random = math.random

M.ARGS = 6 -- a1 to a4 are int64_t, a5 and a6 uint64_t

local function any(list)
  return list[random(#list)]
end

-- ---- expressions ----

local Writer = {}
Writer.__index = Writer

local POSITIVE = { "0", "1", "2", "3", "7", "8", "63", "255", "256", "65535", "2147483647", "2147483648", "4294967295",
  "4294967296", "0x7fffffffffffffffLL", "1000000007" }
local ANY = { "-1", "-2", "-7", "-8", "-256", "-2147483648", "-2147483649", "-0x7fffffffffffffffLL" }

local function constant(kind, mixed)
  return kind == "i" and not mixed and random() < 0.4 and any(ANY) or any(POSITIVE)
end

-- A variable of a kind; the counters of loops as i64.
function Writer:leaf(kind)
  if kind == "i" and #self.counters > 0 and random() < 0.2 then
    return ("(%s + 0LL)"):format(any(self.counters))
  end
  return any(kind == "i" and self.ints or self.unsigned)
end

local OPERATORS = { "+", "-", "*" }
local BITS = { "band", "bor", "bxor" }
local SHIFTS = { "lshift", "rshift", "arshift" }

local expressions = {}

-- Of two sides of which one may be a constant; u64 on either side makes it u64.
local function sides(w, kind, depth)
  local left = w:expression(kind, depth)
  if random() < 0.35 then
    return left, constant(kind, w.mixed), true
  end
  return left, w:expression(kind == "u" and random() < 0.5 and "i" or kind, depth)
end

function expressions.arithmetic(w, kind, depth)
  local left, right = sides(w, kind, depth)
  if random() < 0.5 then
    left, right = right, left
  end
  return ("(%s %s %s)"):format(left, any(OPERATORS), right)
end

function expressions.divide(w, kind, depth)
  local left, right, is_constant = sides(w, kind, depth)
  if is_constant then
    right = right == "0" and "3" or right
  else
    right = ("bit.bor(%s, 1)"):format(right)
  end
  return ("(%s %s %s)"):format(left, any { "/", "%" }, right)
end

function expressions.bits(w, kind, depth)
  local left, right = sides(w, kind, depth)
  return ("bit.%s(%s, %s)"):format(any(BITS), left, right)
end

function expressions.shift(w, kind, depth)
  local by = random() < 0.6 and tostring(random(0, 63)) or w:expression("i", depth)
  return ("bit.%s(%s, %s)"):format(any(SHIFTS), w:expression(kind, depth), by)
end

function expressions.negate(w, kind, depth)
  return ("%s(%s)"):format(any { "-", "-", "bit.bnot" }, w:expression(kind, depth))
end

function expressions.extreme(w, kind, depth)
  return ("math.%s(%s, %s)"):format(any { "min", "max" }, w:expression(kind, depth), w:expression(kind, depth))
end

-- Inlined functions have parameters of the kinds that their names tell.
function expressions.call(w, kind, depth)
  local name = any(w.functions[kind])
  if not name then
    return w:leaf(kind)
  end
  local args = {}
  for at = 1, #name.kinds do
    args[at] = w:expression(name.kinds:sub(at, at), depth)
  end
  return ("%s(%s)"):format(name.text, table.concat(args, ", "))
end

-- Both alternatives are numbers, which are true.
function expressions.choice(w, kind, depth)
  return ("(%s and %s or %s)"):format(w:condition(depth), w:expression(kind, depth), w:expression(kind, depth))
end

local EXPRESSIONS = { "arithmetic", "arithmetic", "arithmetic", "divide", "bits", "shift", "negate", "call", "call" }

function Writer:expression(kind, depth)
  if depth <= 0 or random() < 0.25 then
    return self:leaf(kind)
  end
  local name = any(EXPRESSIONS)
  if random() < 0.08 and self.forks < 8 then
    self.forks, name = self.forks + 1, "choice"
  end
  return expressions[name](self, kind, depth - 1)
end

local COMPARISONS = { "<", "<=", ">", ">=", "==", "~=" }

local function comparison(w, depth)
  local kind = random() < 0.6 and "i" or "u"
  local left, right = sides(w, kind, depth - 1)
  return ("%s %s %s"):format(left, any(COMPARISONS), right)
end

function Writer:condition(depth)
  local text = comparison(self, depth)
  local dice = random()
  if self.forks < 8 and dice < 0.3 then
    self.forks = self.forks + 1
    text = ("%s %s %s"):format(text, any { "and", "or" }, comparison(self, depth))
  elseif dice < 0.4 then
    text = ("not (%s)"):format(text)
  end
  return "(" .. text .. ")"
end

-- ---- statements ----

local statements = {}

function Writer:add(text, ...)
  self.lines[#self.lines + 1] = ("  "):rep(self.indent) .. text:format(...)
end

local function is_unsigned(name)
  return name:find "^u" ~= nil
end

-- What a variable of a kind can be assigned.
function Writer:value_for(name, depth)
  local text = self:expression(is_unsigned(name) and "u" or "i", depth)
  return text
end

function Writer:target()
  return any(random() < 0.7 and self.int_targets or self.unsigned_targets)
end

function statements.assign(w)
  local name = w:target()
  w:add("%s = %s", name, w:value_for(name, 3))
end

function statements.constant(w)
  if not w.mixed then
    w:add("%s = %sLL", any(w.int_targets), (constant("i", false):gsub("LL$", "")))
  end
end

-- Several at once: each side is read before any is written.
function statements.rotate(w)
  local list = random() < 0.7 and w.int_targets or w.unsigned_targets
  local left, right = {}, {}
  for at = 1, math.min(#list, random(2, 3)) do
    left[at] = list[at]
  end
  for at = 1, #left do
    right[at] = random() < 0.8 and left[at % #left + 1] or w:value_for(left[at], 1)
  end
  w:add("%s = %s", table.concat(left, ", "), table.concat(right, ", "))
end

function statements.branch(w, budget)
  w.forks = w.forks + 1
  w:add("if %s then", w:condition(2))
  w:block(budget / 3)
  if random() < 0.3 then
    w:add("elseif %s then", w:condition(1))
    w:block(budget / 3)
  end
  if random() < 0.6 then
    w:add "else"
    w:block(budget / 3)
  end
  w:add "end"
end

function statements.boolean(w)
  w.forks = w.forks + 1
  w:add "do"
  w:add("  local q = %s", w:condition(1))
  w:add("  if %s then %s end", any { "q", "not q", "q == true" }, w:one_assignment())
  w:add "end"
end

function Writer:one_assignment()
  local name = self:target()
  return ("%s = %s"):format(name, self:value_for(name, 1))
end

function statements.loop(w, budget)
  if #w.counters > 1 or w.loops > 2 then
    return statements.assign(w)
  end
  w.loops, w.forks = w.loops + 1, w.forks + 2
  local counter = "n" .. w.loops
  local from = random(-1, 3)
  w:add("for %s = %d, %d%s do", counter, from, from + random(0, 3), random() < 0.2 and ", 2" or "")
  w.counters[#w.counters + 1] = counter
  w:block(budget / 3)
  if random() < 0.4 then
    w:add("  if %s then break end", w:condition(1))
  end
  w.counters[#w.counters] = nil
  w:add "end"
end

-- An element of the map, which may be absent.
function statements.element(w)
  w.forks = w.forks + 2
  local key = ("bit.band(%s, 15)"):format(w:expression("i", 1))
  local dice = random()
  if dice < 0.3 then
    w:add("m[%s] = %s", key, w:expression("i", 2))
  elseif dice < 0.4 then
    w:add("m[%s] = nil", key)
  elseif dice < 0.6 then
    w:add("%s = m[%s] or %s", any(w.int_targets), key, w:expression("i", 1))
  elseif dice < 0.85 then
    w:add "do"
    w:add("  local t = m[%s]", key)
    w:add("  if t then %s = t + 1 else %s end", any(w.int_targets), w:one_assignment())
    w:add "end"
  else
    w:add "do"
    w:add("  local t, s = m[%s], m[%s]", key, constant("i", true))
    w:add("  if t and %s or not s then %s end", comparison(w, 1), w:one_assignment())
    w:add "end"
  end
end

function statements.finish(w)
  w.forks = w.forks + 1
  w:add("if %s then goto finish end", w:condition(1))
end

local STATEMENTS = { "assign", "assign", "assign", "constant", "rotate", "rotate", "branch", "branch", "boolean",
  "loop", "element", "element", "finish" }
local FORKS = { branch = true, boolean = true, loop = true, element = true, finish = true }

function Writer:block(budget)
  self.indent = self.indent + 1
  for _ = 1, random(1, math.max(1, math.floor(budget))) do
    local name = any(STATEMENTS)
    if FORKS[name] and self.forks > 8 then
      name = "assign"
    end
    statements[name](self, budget)
  end
  self.indent = self.indent - 1
end

-- ---- functions ----

local function new(of)
  return setmetatable({ lines = {}, indent = 0, forks = 0, loops = 0, counters = {}, functions = of.functions,
    mixed = of.mixed, ints = of.ints, unsigned = of.unsigned, int_targets = of.int_targets or of.ints,
    unsigned_targets = of.unsigned_targets or of.unsigned }, Writer)
end

-- Functions of the script, which handlers call: of each its text, the kinds of its parameters and of its result.
local function inlined(number, functions, mixed)
  local kinds = any { "i", "ii", "iu", "ui", "uu" }
  local names, ints, unsigned = {}, {}, {}
  for at = 1, #kinds do
    names[at] = kinds:sub(at, at) .. "p" .. at
    table.insert(kinds:sub(at, at) == "i" and ints or unsigned, names[at])
  end
  ints[1] = ints[1] or "0LL + 5"
  local kind = #unsigned > 0 and random() < 0.5 and "u" or "i"
  unsigned[1] = unsigned[1] or ("(%s + 0ULL)"):format(ints[1])
  local w = new { functions = functions, mixed = mixed, ints = ints, unsigned = unsigned }
  w:add("local function f%d(%s)", number, table.concat(names, ", "))
  if random() < 0.5 then
    w:add("  if %s then return %s end", w:condition(1), w:expression(kind, 1))
  end
  w:add("  return %s", w:expression(kind, 2))
  w:add "end"
  return table.concat(w.lines, "\n"), { text = "f" .. number, kinds = kinds }, kind, w.forks
end

local HEAD = [[
local out, m = ...
local bit, math = bit, math
%s
return function(a1, a2, a3, a4, a5, a6)
  local i1, i2, i3, i4 = a1, a2 + 1, a3 - a4, bit.bxor(a4, a1)
  local u1, u2, u3 = a5, a6, a5 * a6
]]

local TAIL = [[
  ::finish::
  out[1], out[2], out[3], out[4] = i1, i2, i3, i4
  out[5], out[6], out[7] = u1, u2, u3
end
]]

--- The source of a seed's handler: a chunk that takes the maps `out` and `m`, and returns the handler.
--- @param size? integer how long its parts may be
function M.source(seed, size)
  math.randomseed(seed)
  local texts, functions, mixed, forks = {}, { i = {}, u = {} }, random() < 0.6, 0
  for number = 1, random(0, 3) do
    local text, call, kind, more = inlined(number, { i = { functions.i[1] }, u = { functions.u[1] } }, mixed)
    texts[number], forks = text, forks + more
    table.insert(functions[kind], call)
  end
  local w = new { functions = functions, mixed = mixed, ints = { "i1", "i2", "i3", "i4", "a1", "a2" },
    unsigned = { "u1", "u2", "u3", "a5" }, int_targets = { "i1", "i2", "i3", "i4" },
    unsigned_targets = { "u1", "u2", "u3" } }
  w.forks = forks
  w:block(size or 12)
  return HEAD:format(table.concat(texts, "\n")) .. table.concat(w.lines, "\n") .. "\n" .. TAIL
end

return M
