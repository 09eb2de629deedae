--- The traces of interrupt remapping told as one: records in the order of time,
--- each with what the others know of it, and what it came to per IRQ.

local hotplug = require "shark.remap.hotplug"
local providers = require "shark.providers"
local records = require "shark.remap.records"
local remap_trace = require "shark.remap.trace"
local timeline = require "shark.timeline"
local vector_life = require "shark.remap.vector_life"

local M = {}

local function open_vecalloc(options)
  return require("shark.tracers.vecalloc").open(options)
end

local KINDS = {
  { kind = "irte", open = remap_trace.changes, stacks = true, provider = "irte_%s" },
  { kind = "affinity", open = remap_trace.affinity, stacks = true, provider = "affinity" },
  { kind = "vector", open = open_vecalloc, stacks = true, provider = "vecalloc" },
  { kind = "fault", open = remap_trace.faults, provider = "fault_%s" },
}

--- Names of the kinds of record.
M.KINDS = { "irte", "affinity", "vector", "fault" }

--- Fields of the summary's vectors that are counts.
M.VECTOR_COUNTS = vector_life.COUNTS

--- One line of text of a record, without its time.
--- @param record table @return string
M.text = records.text

--- @class shark.Story
--- @field sessions { name: string, session: shark.Session }[] by kind
--- @field unavailable table<string, { message: string, error: string }> why kinds are not traced
--- @field counts table<string, integer> records told, by kind
local Story = {}
Story.__index = Story

-- ---- what one trace knows of another's record ----

-- The CPU of a vector that is allocated, and what is left there: told just before.
local function join_alloc(self, record)
  local matrix = self.matrix
  self.matrix = record.name:find("^irq_matrix_alloc") and record or nil
  if matrix and matrix.vector == record.vector and record.name:find("^vector_alloc") then
    record.on_cpu, record.left = matrix.on_cpu, matrix.available
  end
end

-- No tracepoint tells which CPUs were tried; those that have none left can be told.
local function add_full_cpus(self, record)
  local full = {}
  for _, state in ipairs(self.by_kind.vector:cpus()) do
    full[#full + 1] = state.available == 0 and state.cpu or nil
  end
  record.full_cpus = full
  record.full = #full > 0 and ", no vector left on CPU " .. table.concat(full, ", ") or nil
end

-- What an interrupt moves was asked for by somebody else than it interrupted.
local function join_move(self, record, ns)
  if record.kind == "affinity" and record.what == "moved" then
    self.moves[record.irq] = { from = ns, to = ns + record.ns, by = record.by }
    record.in_interrupt = true
  elseif record.kind == "irte" and record.irq then
    local move = self.moves[record.irq]
    if move and ns >= move.from and ns <= move.to then
      record.by, record.in_interrupt = move.by, true
    end
  end
end

local function is_told(self, record)
  return not (record.name and record.name:find("^irq_matrix")) or self.options.matrix
end

local function only(moves, wanted)
  local list = {}
  for _, move in ipairs(moves) do
    list[#list + 1] = (not wanted or move.irq == wanted) and move or nil
  end
  return list
end

-- Vectors that moved while no tracepoint could tell.
local function tell_offline(self, ns)
  local record = self.hotplug:judge()
  record.moved, record.waiting = only(record.moved, self.options.irq), only(record.waiting, self.options.irq)
  for _, list in ipairs { record.moved, record.waiting } do
    for _, move in ipairs(list) do
      self.lives:lose_track(move.irq)
    end
  end
  self.counts.cpu = (self.counts.cpu or 0) + 1
  self.unseen = self.unseen + #record.moved
  self.emit(record, ns)
end

local function tell(self, entry)
  if entry.offline then
    return tell_offline(self, entry.ns)
  end
  local record = entry.record
  self.counts[record.kind] = (self.counts[record.kind] or 0) + 1
  if record.kind == "vector" then
    join_alloc(self, record)
    self.lives:feed(record)
    self.hotplug:feed(record, entry.ns)
    if record.error then
      add_full_cpus(self, record)
    end
  end
  join_move(self, record, entry.ns)
  if is_told(self, record) then
    self.emit(record, entry.ns)
  end
end

-- ---- traces ----

local function options_of(self, entry)
  local options = self.options
  local provider = entry.provider:format(remap_trace.vendor() or "intel")
  local picked = { way = providers.way_of(provider, options.way) }
  if entry.stacks then
    picked.stacks = options.stacks
  end
  if entry.kind ~= "fault" then
    picked.irq = options.irq
  end
  return picked
end

local function watch(self, entry)
  local session, message, name = entry.open(options_of(self, entry))
  if not session then
    self.unavailable[entry.kind] = { message = message, error = name }
    return
  end
  session:on(function(event)
    local record, ns = records[entry.kind](event), tonumber(event.ts_ns)
    local stack = entry.stacks and event.stack >= 0 and session:stack(event.stack)
    record.stack = stack and stack:frames() or nil
    self.timeline:add(ns, { record = record, ns = ns }, session)
  end)
  self.timeline:follow(session)
  self.by_kind[entry.kind] = session
  self.sessions[#self.sessions + 1] = { name = entry.kind, session = session }
end

--- Starts the traces that this machine allows.
--- @param options table { irq?, kinds? = { irte = true, ... }, stacks?, matrix? = irq_matrix_* too, way? }
--- @param emit fun(record, ns) receives the records in the order of time
--- @return shark.Story
function M.open(options, emit)
  local self = setmetatable({
    options = options, emit = emit, sessions = {}, by_kind = {}, unavailable = {}, counts = {}, moves = {},
    lives = vector_life.new(), unseen = 0,
  }, Story)
  self.timeline = timeline.new(timeline.HOLD_MS, function(entry) tell(self, entry) end)
  for _, entry in ipairs(KINDS) do
    if not options.kinds or options.kinds[entry.kind] then
      watch(self, entry)
    end
  end
  self.hotplug = self.by_kind.vector and hotplug.new() or nil
  return self
end

--- Tells what is old enough to be in order, or all that is left.
--- @param all? boolean
function Story:flush(all)
  local gone_ns = self.hotplug and self.hotplug:look()
  if gone_ns then
    self.timeline:add(gone_ns, { offline = true, ns = gone_ns })
  end
  self.timeline:flush(all)
end

--- What was counted so far.
--- @return table summary { irtes, affinities, faults: rows of read();
---   vectors: {{irq, vector, on_cpu, moving, unmatched, and those of VECTOR_COUNTS}};
---   unseen: IRQs that moved without an event, as CPUs went offline; cpus, all_cpus: see irq.vecalloc(); each nil
---   where that is not traced }
function Story:summary()
  local by_kind = self.by_kind
  local function rows(kind)
    return by_kind[kind] and by_kind[kind]:read() or nil
  end
  local summary = { irtes = rows "irte", affinities = rows "affinity", faults = rows "fault" }
  if by_kind.vector then
    summary.vectors, summary.unseen = self.lives:list(), self.unseen
    if not self.options.irq then -- what CPUs have left is told by what tells no IRQ
      summary.cpus, summary.all_cpus = by_kind.vector:cpus()
    end
  end
  return summary
end

return M
