--- The maps of one session, by the numbers that its programs know them by: the control map is 1,
-- the ring and those of aggregates follow as they are first used.
--
-- The control map's words: the gate, the ring's drops, runs that were ended in a loop, from FIRST_LOSS on what found no
-- room in each map, how many records were sent, and then constants that meet at joins. C knows of the gate only
-- (core/probe/session.h).

local core = require "shark.core.probe"
local exact = require "shark.probe.exact"
local ffi = require "ffi"
local maps = require "shark.probe.maps"

local M = {}

local WORD = 8
local GATE, DROPS, CUT, FIRST_LOSS, SENT, FIRST_CONSTANT = core.GATE, 1, 2, 3, 63, 64
local NR_CONSTANTS = core.CONTROL_BYTES / WORD - FIRST_CONSTANT
local MOST_MAPS = SENT - FIRST_LOSS
-- Half of it wakes the loop; a record of 64 bytes fits 4,000 times.
local RING_BYTES = 262144

local Maps = {}

-- `ring` is asked for by what emits: only then there is one.
function Maps.__index(list, name)
  if name == "ring" then
    rawset(list, "ring", list:add { label = "the ring", is_ring = true })
    return list.ring
  end
  return Maps[name]
end

--- The maps of a session: none but the control map yet.
--- @param ring_bytes? integer room for what emit sends
function M.new(ring_bytes)
  local list = setmetatable({ entries = {}, by_agg = {}, constants = {}, by_constant = {}, aggregates = {},
    ring_bytes = ring_bytes or RING_BYTES }, Maps)
  list.control = list:add { label = "control", is_control = true }
  return list
end

function Maps:add(entry)
  if #self.entries >= MOST_MAPS then
    error(("a session has at most %d maps; make two of it"):format(MOST_MAPS), 0)
  end
  self.entries[#self.entries + 1] = entry
  return #self.entries
end

--- The number of the n-th map of an aggregate.
--- @param agg shark.probe.Aggregate @param n? integer from 1 on @return integer
function Maps:index(agg, n)
  n = n or 1
  local known = self.by_agg[agg]
  if not known then
    known = {}
    self.by_agg[agg] = known
    self.aggregates[#self.aggregates + 1] = agg
  end
  known[n] = known[n] or self:add { agg = agg, n = n }
  return known[n]
end

--- Where in the control map it is counted that a map was full.
--- @param index integer @return integer bytes
function Maps:loss_word(index) -- luacheck: no self
  return (FIRST_LOSS + index - 1) * WORD
end

--- Where in the control map the gate is, which is 0 until all points are attached, and where the records are
-- counted that found no room in the ring, and those that were sent; and runs whose loop was ended by the kernel.
Maps.gate, Maps.drops, Maps.sent, Maps.cut = GATE * WORD, DROPS * WORD, SENT * WORD, CUT * WORD

--- Where in the control map a constant lies.
--- @param value integer|ffi.cdata* @return integer bytes
function Maps:constant(value)
  local bits = exact.signed(value, "a constant")
  local text = tostring(bits)
  local at = self.by_constant[text]
  if not at then
    if #self.constants >= NR_CONSTANTS then
      error(("the handlers of a session have at most %d constants that meet"):format(NR_CONSTANTS), 0)
    end
    self.constants[#self.constants + 1] = bits
    at = (FIRST_CONSTANT + #self.constants - 1) * WORD
    self.by_constant[text] = at
  end
  return at
end

--- The number of a map with what CPUs are in: a word in each, see shark.probe.context.
--- @param what string "irq", "vector" or "softirq" @return integer
function Maps:context(what)
  local last
  for i, entry in ipairs(self.entries) do
    if entry.context and entry.context[what] then
      return i
    end
    last = entry.context and not entry.map and i or last
  end
  last = last or self:add { context = {} } -- what is open already is not asked for more
  self.entries[last].context[what] = true
  return last
end

-- ---- in the kernel ----

local SPECS = {
  control = {
    type = "array", name = "shark_control", key_size = 4, value_size = core.CONTROL_BYTES, entries = 1, mmap = true,
  },
}

local function make(list, entry)
  if entry.is_control then
    return core.map(SPECS.control)
  elseif entry.is_ring then
    return core.map { type = "ringbuf", name = "shark_events", entries = list.ring_bytes }
  elseif entry.context then
    return require("shark.probe.running").open(entry.context)
  end
  local made, message, errname = entry.agg:maps()
  return made and made[entry.n], message, errname
end

--- Makes the maps that are not there yet.
--- @return true? ok @return string? message @return string? name
function Maps:make()
  for _, entry in ipairs(self.entries) do
    if not entry.map then
      local map, message, errname = make(self, entry)
      if not map then
        return nil, message, errname
      end
      entry.map = map
    end
  end
  local words = self:words()
  for i, value in ipairs(self.constants) do
    words[FIRST_CONSTANT + i - 1] = value
  end
  return true
end

--- Descriptors by number, for the programs.
function Maps:fds()
  local fds = {}
  for i, entry in ipairs(self.entries) do
    fds[i] = entry.map:fd()
  end
  return fds
end

--- The control map's words.
function Maps:words()
  return ffi.cast("int64_t *", (self.entries[self.control].map:address()))
end

--- The ring's map, nil if nothing emits.
function Maps:ring_map()
  local index = rawget(self, "ring")
  return index and self.entries[index].map
end

--- What was lost so far: of the ring, of each aggregate's maps, in their order, and runs that were ended in a loop.
--- @return integer drops @return table[] full { {agg, count} } @return integer cut
function Maps:losses()
  local words, full = self:words(), {}
  for i, entry in ipairs(self.entries) do
    if entry.agg then
      full[#full + 1] = { agg = entry.agg, count = tonumber(words[FIRST_LOSS + i - 1]) }
    end
  end
  return tonumber(words[DROPS]), full, tonumber(words[CUT])
end

--- The tracers behind irq() and its like, none where no handler asks.
function Maps:tracers()
  local list = {}
  for _, entry in ipairs(self.entries) do
    list[#list + 1] = entry.context and entry.map or nil
  end
  return list
end

--- Gives back what is the session's alone; the last losses stay readable.
function Maps:close()
  for _, entry in ipairs(self.entries) do
    if not entry.agg and entry.map then
      entry.map:close()
    end
  end
end

--- What the session has counted in, in the order of first use; stacks are not among them.
function Maps:counted()
  local list = {}
  for _, agg in ipairs(self.aggregates) do
    if agg ~= maps.stacks and agg ~= maps.ustacks and agg.kind ~= "var" then
      list[#list + 1] = agg
    end
  end
  return list
end

return M
