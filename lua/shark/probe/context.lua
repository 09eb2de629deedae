--- What interrupted the CPU when a handler runs: which IRQ's handler, system vector and softirq. The kernel does
-- not tell; a tracer of shark's own does, which the session of the handler opens and closes. It keeps in each CPU's
-- state what runs there (struct shark_running, core/trace/wire.h): each a number plus 1, 0 for none.
--
-- A tracer whose exit was missed would leave behind what has long ended. So the kernel's own count is asked, too:
-- what runs in no hard interrupt is in no handler.

local counting = require "shark.probe.counting"
local interrupts = require "shark.probe.interrupts"
local keys_of = require "shark.probe.keys"
local values = require "shark.probe.values"

jit.off(true, true)

local M = { calls = {} }

local GET_CPU = 8

--- What is in the tracer's word, and what the kernel's count has to say for it to be so.
local PARTS = {
  irq = { shift = 0, bits = 32, within = "in_hardirq" },
  vector = { shift = 32, bits = 16, within = "in_hardirq" },
  softirq = { shift = 48, bits = 16, within = "in_softirq" },
}

-- ---- code ----

local function offset_of_running()
  require "shark.events" -- declares it
  return require("ffi").offsetof("struct shark_cpu", "running")
end

-- What the tracer keeps of this CPU; 0 where nothing runs.
local function load_word(c, map)
  local key, word = c:buffer("index", 8), c:reg()
  c:store(key, 0, 4, c.memo[GET_CPU] or c:remember(GET_CPU, c:call(GET_CPU, {})))
  local at = counting.lookup(c, map, { area = key, off = 0 })
  local there, missing = c:branch("ne", at, nil, 0)
  local behind = c.f:block()
  c.block = missing
  c:unknown(0, word)
  c:jump(behind)
  c.block = there
  c:load(8, at, offset_of_running(), word)
  c:jump(behind)
  c.block = behind
  return word
end

local function part_of(c, word, part)
  local reg = part.shift + part.bits < 64 and c:alu("lsh", word, nil, 64 - part.shift - part.bits) or word
  return c:alu("rsh", reg, nil, 64 - part.bits)
end

-- 1 where a part is not 0, without a branch: all of them are far below 2^63.
local function is_there(c, part)
  return c:alu("rsh", c:negative(part), nil, 63)
end

local function told(c, name)
  local part, map = PARTS[name], c.maps:context(name)
  local memo = "context " .. map
  local word = c.memo[memo] or c:remember(memo, load_word(c, map))
  local number = part_of(c, word, part)
  local present = c:alu("and", is_there(c, number), interrupts.calls[part.within](c, {}).reg)
  local masked = c:alu("and", c:alu("sub", number, nil, 1), c:negative(present))
  return { k = "maybe", reg = masked, present = present, unsigned = false, what = name, line = c.line }
end

for name in pairs(PARTS) do
  M.calls[name] = function(c, arguments)
    if #arguments > 0 then
      c:refuse("%s() takes no arguments", name)
    end
    return c.memo[name] or c:remember(name, told(c, name))
  end
end

--- A number or nil as one number: keys_of.NONE, which is one less than 0, for nil.
--- @return table value
function M.flat(c, value)
  if values.is_nil(value) then
    return values.const(keys_of.NONE, value.line)
  end
  return c:number(c:alu("add", c:alu("add", value.reg, value.present), nil, keys_of.NONE))
end

return M
