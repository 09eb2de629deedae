--- What becomes of the vectors of each IRQ: follows the steps of the vector
--- allocator (irq.vecalloc) and says where two do not fit together.
--
-- arch/x86/kernel/apic/vector.c: an IRQ is set up and torn down; in between it
-- takes a vector of a CPU (update), gives it back (clear), or moves: it takes
-- another, and keeps the first until an interrupt has come on the new one
-- (free_moved). What the trace did not see begin was there before it.

local M = {}

local Lives = {}
Lives.__index = Lives

function M.new()
  return setmetatable({ by_irq = {}, owners = {} }, Lives)
end

local COUNTS = { "set_up", "torn_down", "activated", "deactivated", "allocated", "failed", "moved", "cleaned",
  "cleared", "unseen" }

--- Fields of list() that are counts.
M.COUNTS = COUNTS

local function life_of(self, irq)
  local life = self.by_irq[irq]
  if not life then
    life = { irq = irq, held = {}, left = {}, unmatched = {} }
    for _, field in ipairs(COUNTS) do
      life[field] = 0
    end
    self.by_irq[irq] = life
  end
  return life
end

local function place(vector, cpu)
  return ("%d of CPU %d"):format(vector, cpu)
end

local function unmatched(life, text, ...)
  life.unmatched[#life.unmatched + 1] = text:format(...)
end

local function add(life, field)
  life[field] = life[field] + 1
end

local function take(self, life, vector, cpu)
  local at = place(vector, cpu)
  local owner = self.owners[at]
  if owner and owner ~= life.irq then
    unmatched(life, "vector %s was still IRQ %d's", at, owner)
  end
  self.owners[at], life.held[at] = life.irq, true
  life.vector, life.on_cpu = vector, cpu
end

-- Gives back a vector; one of before the trace may be given back once.
local function give(self, life, vector, cpu)
  local at = place(vector, cpu)
  if not life.held[at] and life.known then
    unmatched(life, "vector %s was given back and not taken", at)
  end
  self.owners[at], life.held[at], life.left[at] = nil, nil, nil
  if life.vector == vector and life.on_cpu == cpu then
    life.vector, life.on_cpu = nil, nil
  end
end

local steps = {}

function steps.vector_setup(_, life, step)
  if step.error then
    return add(life, "failed")
  elseif life.is_set_up then
    unmatched(life, "set up twice")
  end
  add(life, "set_up")
  life.is_set_up, life.known = true, true
end

function steps.vector_teardown(_, life)
  if not life.is_set_up and life.known then
    unmatched(life, "torn down and not set up")
  end
  add(life, "torn_down")
  life.is_set_up, life.known, life.is_torn_down = false, true, true
end

function steps.vector_activate(_, life)
  add(life, "activated")
end

function steps.vector_deactivate(_, life)
  add(life, "deactivated")
end

local function allocated(_, life, step)
  add(life, step.error and "failed" or "allocated")
end

steps.vector_alloc, steps.vector_alloc_managed = allocated, allocated

local function reserved(_, life, step)
  if step.error then
    add(life, "failed")
  end
end

steps.vector_reserve, steps.vector_reserve_managed = reserved, reserved

-- MANAGED_IRQ_SHUTDOWN_VECTOR (arch/x86/include/asm/irq_vectors.h): a managed IRQ
-- that is shut down has this for a vector, which is nobody's.
local SHUTDOWN_VECTOR = 239

function steps.vector_update(self, life, step)
  if step.prev_vector and step.prev_vector ~= SHUTDOWN_VECTOR then
    local before = place(step.prev_vector, step.prev_cpu)
    if not life.held[before] and life.known then
      unmatched(life, "vector %s was moved away from and not taken", before)
    end
    life.held[before], life.left[before] = true, true
    self.owners[before] = life.irq
    add(life, "moved")
  end
  take(self, life, step.vector, step.on_cpu)
end

function steps.vector_free_moved(self, life, step)
  add(life, "cleaned")
  give(self, life, step.vector, step.on_cpu)
end

function steps.vector_clear(self, life, step)
  if step.vector and step.vector ~= SHUTDOWN_VECTOR then
    add(life, "cleared")
    give(self, life, step.vector, step.on_cpu)
  end
  if step.prev_vector then
    add(life, "cleaned")
    give(self, life, step.prev_vector, step.prev_cpu)
  end
end

--- Takes the next step, in the order they happened.
--- @param step table { name = tracepoint, irq, vector, on_cpu, prev_vector, prev_cpu, error }, nil for none
function Lives:feed(step)
  local follow = step.irq and steps[step.name]
  if follow then
    follow(self, life_of(self, step.irq), step)
  end
end

--- An IRQ went to another vector, and no step said so: what it holds is not known.
function Lives:lose_track(irq)
  local life = life_of(self, irq)
  for at in pairs(life.held) do
    self.owners[at] = nil
  end
  life.held, life.left, life.vector, life.on_cpu, life.known = {}, {}, nil, nil, false
  add(life, "unseen")
end

local function sorted_keys(set)
  local list = {}
  for name in pairs(set) do
    list[#list + 1] = name
  end
  table.sort(list)
  return list
end

--- The IRQs there were steps of.
--- @return table[] by number: { irq, set_up, torn_down, activated, deactivated, allocated, failed, moved,
---   cleaned, cleared, unseen (moves without a step) (counts), vector, on_cpu (now, nil for none), moving =
---   { "37 of CPU 0" } not yet given back after a move, unmatched = { text } }
function Lives:list()
  local list = {}
  for _, life in pairs(self.by_irq) do
    local entry = { irq = life.irq, vector = life.vector, on_cpu = life.on_cpu, moving = sorted_keys(life.left),
      unmatched = life.unmatched }
    for _, field in ipairs(COUNTS) do
      entry[field] = life[field]
    end
    list[#list + 1] = entry
  end
  table.sort(list, function(a, b) return a.irq < b.irq end)
  return list
end

return M
