--- A log of interrupts that wait for their domain or stage: a map with a bit for each, and words above it, of
-- which a bit says that a word below is not empty. How many levels there are depends on how many interrupts the
-- kernel was built for; I-pipe and Dovetail fill and empty their logs alike (__ipipe_set_irq_pending() in
-- kernel/ipipe/core.c, irq_post_stage() in kernel/irq/pipeline.c).

local memory = require "shark.kernel.memory"

local M = {}

--- No struct or map of a kernel's interrupts is larger.
M.MOST_BYTES = 2 ^ 24

--- The elements of an array of words, by its type.
--- @param k table shark.kernel @param array table object
--- @return integer count @return integer size of one, in bytes
function M.shape(k, array)
  local element, count = k.typeof(array):match "^(.-) %[(%d+)%]$"
  local size = element and k.sizeof(element)
  if not size then
    memory.fault(("%s is no array of words"):format(k.typeof(array)), "EINVAL")
  end
  count = tonumber(count)
  if count * size > M.MOST_BYTES then
    memory.fault(("%s: more than a map of interrupts can have"):format(k.typeof(array)), "EINVAL")
  end
  return count, size
end

-- Bit n of a map in the order of bytes that shark reads.
local function has(bytes, n)
  local byte = bytes:byte(math.floor(n / 8) + 1)
  return byte and math.floor(byte / 2 ^ (n % 8)) % 2 == 1
end

--- The bits that are set, ascending.
--- @param bytes string @return integer[]
function M.bits(bytes)
  local list = {}
  for at in bytes:gmatch "()[^%z]" do
    for n = (at - 1) * 8, at * 8 - 1 do
      list[#list + 1] = has(bytes, n) and n or nil
    end
  end
  return list
end

-- The bits of those words of a level that the level above names.
local function bits_below(bytes, words, width)
  local list = {}
  for _, word in ipairs(words) do
    for n = word * width, (word + 1) * width - 1 do
      list[#list + 1] = has(bytes, n) and n or nil
    end
  end
  return list
end

--- The interrupts in a log, found as the kernel finds them: from the top.
--- @param levels string[] of each its bytes, the word at the top first, the map last
--- @param width integer bits of a word
--- @return integer[] pending ascending
--- @return integer[] stray in the map, but no word above leads to them: the kernel does not see them either
function M.read(levels, width)
  local found = { 0 }
  for _, bytes in ipairs(levels) do
    found = bits_below(bytes, found, width)
  end
  local seen, stray = M.set(found), {}
  for _, irq in ipairs(M.bits(levels[#levels])) do
    stray[#stray + 1] = not seen[irq] and irq or nil
  end
  return found, stray
end

--- @param irqs integer[] @return table<integer, true>
function M.set(irqs)
  local set = {}
  for _, irq in ipairs(irqs) do
    set[irq] = true
  end
  return set
end

--- Puts rows in the order of their interrupts and of their stages' roles.
--- @param rows table[] with irq and role @return table[] rows
function M.in_order(rows)
  table.sort(rows, function(a, b)
    if a.irq ~= b.irq then
      return a.irq < b.irq
    end
    return a.role < b.role
  end)
  return rows
end

return M
