--- Handlers that make mostly no sense: every kind of value wherever a value may stand.
local builtins = require "shark.probe.builtins"
local probe = require "shark.probe"

local M = {}

local ENV = {
  n = probe.count(), by = probe.count("comm", "cpu"), h = probe.hist(), hk = probe.hist("cpu"), most = probe.max(),
  m = probe.map("tid", "i64"), limit = probe.var(3), one = probe.map "i64", has = builtins.has, cast = builtins.cast,
  list = { 1, 2, 3 }, deep = { a = { b = 5 } }, bit = bit, math = math, ipairs = ipairs, pairs = pairs, print = print,
  string = string, some = function(a) if a then return a end end, none = function() end,
  two = function(a, b) return b, a end, setmetatable = setmetatable,
}

local SANE = { "a", "a", "p.pid", "p.parent.pid", "tid()", "now()", "3", "17", "(m[a] or 1)", "p.comm[2]", "p.bits",
  "limit()", "list[2]", "deep.a.b", "p.inside.low", "(one:get() or a)", "some(a)" }
local ATOMS = { "p", "a", "u", "p.pid", "p.weight", "p.parent", "p.yes", "p.comm", "p.rate", "p.inside", "p.list",
  "p.bits", "p.nothing", "p.list[0]", "p.comm[a]", "p.gone", "nil", "true", "false", "0", "1", "-1", "0.5", "2^70",
  "7LL", "9ULL", "'text'", "''", "comm()", "tid()", "now()", "stack()", "str(p.comm, 8)", "str(a)", "m[a]", "m[p]",
  "one:get()", "n", "by", "by[comm()]", "by[comm()][a]", "h", "hk[a]", "most", "limit", "limit()", "list", "list[2]",
  "deep.a.b", "has", "emit", "bit.band", "math.abs", "some", "{}", "{ x = a }", "{ 1, 2 }", "function() end",
  "undefined", "#list",
  "..." }
local SANE_BINARY = { "+", "-", "*", "%" }
local BINARY = { "+", "-", "*", "/", "%", "^", "..", "==", "~=", "<", "<=", ">", ">=", "and", "or" }
local SANE_CALLS = { "some(%s)", "bit.band(%s, 3)", "bit.lshift(%s, a)", "bit.bnot(%s)", "math.min(%s, 1)", "(-%s)" }
local CALLS = { "some(%s)", "two(%s, a)", "none(%s)", "bit.band(%s, 3)", "bit.lshift(%s, a)", "bit.bnot(%s)",
  "math.min(%s, 1)", "math.abs(%s)", "has(%s, 'pid')", "cast(%s, 'struct task')", "cast(%s, 'int')", "str(%s)",
  "ustr(%s, 8)", "print(%s)", "emit(%s)", "ipairs(%s)", "string.format(%s)", "(%s)()", "(%s):add(1)", "-(%s)",
  "not (%s)", "#(%s)", "(%s).pid", "(%s)[1]", "(%s)[a]", "(%s).comm", "m[%s]", "by[%s][%s]", "list[%s]",
  "some(some(%s))", "two(none(%s))" }

local sanity -- of a function: how many of its parts make sense

local random = math.random

local function pick(list)
  return list[random(#list)]
end

local function part(sane, all)
  return pick(random() < sanity and sane or all)
end

local function expression(depth, scope)
  local what = random()
  if depth <= 0 or what < 0.3 then
    return random() < 0.4 and #scope > 0 and pick(scope) or part(SANE, ATOMS)
  elseif what < 0.65 then
    return ("(%s %s %s)"):format(expression(depth - 1, scope), part(SANE_BINARY, BINARY), expression(depth - 1, scope))
  end
  local inside = expression(depth - 1, scope):gsub("%%", "%%%%")
  return (part(SANE_CALLS, CALLS):gsub("%%s", inside))
end

local STATEMENTS
local function block(depth, scope)
  local lines, own = {}, { unpack(scope) }
  for i = 1, random(1, 3) do
    lines[i] = pick(STATEMENTS)(depth - 1, own)
  end
  return table.concat(lines, "\n")
end

local function further(depth, scope)
  return depth > 0 and block(depth, scope) or "n:add()"
end

STATEMENTS = {
  function(_, scope)
    local value, name = expression(2, scope), "v" .. #scope
    scope[#scope + 1] = name
    return ("local %s = %s"):format(name, value)
  end,
  function(_, scope) return ("local _ = %s"):format(expression(2, scope)) end,
  function(_, scope) return #scope > 0 and ("%s = %s"):format(pick(scope), expression(2, scope)) or "a = u" end,
  function(d, scope) return ("if %s then\n%s\nend"):format(expression(2, scope), further(d, scope)) end,
  function(d, scope)
    return ("if %s then\n%s\nelse\n%s\nend"):format(expression(1, scope), further(d, scope), further(d, scope))
  end,
  function(d, scope) return ("for i = 1, 3 do\n%s\nend"):format(further(d, scope)) end,
  function(d, scope)
    return ("for i = %s, %s do\n%s\nend"):format(part({ "1" }, ATOMS), part({ "4" }, ATOMS), further(d, scope))
  end,
  function(d, scope) return ("for i, x in ipairs(%s) do\n%s\nend"):format(part({ "list" }, ATOMS),
    further(d, scope)) end,
  function(d, scope) return ("while %s do\n%s\nend"):format(expression(1, scope), further(d, scope)) end,
  function(_, scope) return ("emit { x = %s, y = %s }"):format(expression(2, scope), expression(1, scope)) end,
  function(_, scope) return ("m[%s] = %s"):format(expression(1, scope), expression(1, scope)) end,
  function(_, scope)
    local text = part({ "comm()", "p.comm", "str(a, 24)" }, ATOMS)
    return ("by[%s][%s]:add(%s)"):format(text, part(SANE, ATOMS), expression(1, scope))
  end,
  function(_, scope) return ("%s(%s)"):format(pick { "h:add", "n:add", "most:add", "one:set", "some", "emit", "two" },
    expression(2, scope)) end,
  function(_, scope) return ("do local t = %s; t.x = %s end"):format(expression(1, scope), expression(1, scope)) end,
  function(_, scope) return ("if %s then return %s end"):format(expression(1, scope), expression(1, scope)) end,
}

--- A handler of (p, a, u), nil where the text is no Lua; and the text.
--- @param seed integer @param head? string the function's parameters and first lines
--- @param change? fun(text: string): string
function M.handler(seed, head, change)
  math.randomseed(seed)
  sanity = pick { 1, 0.98, 0.9, 0.3 }
  local first = block(3, {})
  local text = ("return function%s\n%s\n%s\nend"):format(head or "(p, a, u, ...)", first, block(2, {}))
  if change then
    text = change(text)
  end
  local chunk = loadstring(text, "=random")
  return chunk and setfenv(chunk(), ENV), text
end

return M
