--- Dovetail (kernel/irq/pipeline.c of its trees, 5.0 and later): the in-band stage, which is Linux, and the
-- out-of-band stage, whose interrupts are those of Linux, with a descriptor each. Synthetic interrupts have
-- descriptors, too, in a domain of their own.

local bit = require "bit"
local decode = require "shark.decode.pipeline"
local globals = require "shark.kernel.globals"
local idt = require "shark.map.idt"
local k = require "shark.kernel"
local log = require "shark.pipeline.log"
local memory = require "shark.kernel.memory"
local must = require "shark.kernel.must"
local stage_of = require "shark.pipeline.stage"

local M = {}

local DATA, STAGE = "struct irq_pipeline_data", "struct irq_stage"

local MOST_ACTIONS = 256

-- ---- logs ----

-- The word at the top is in the log, the arrays in what it points to, each larger than the one above.
local function levels_of(event_log)
  local map, arrays = must(event_log.map, "a stage has no log", "ENODATA"), {}
  for _, name in ipairs(must(k.fields(map))) do
    local count, size = log.shape(k, map[name])
    arrays[#arrays + 1] = { address = k.addressof(map[name]), count = count, size = size }
  end
  table.sort(arrays, function(a, b) return a.count < b.count end)
  local top = k.has_field(event_log, "index_0") and "index_0" or "himap"
  table.insert(arrays, 1, { address = k.addressof(event_log) + must(k.offsetof(event_log, top)), count = 1,
    size = arrays[1].size })
  return arrays
end

local function read_log(stage_data)
  local levels, bytes = levels_of(stage_data.log), {}
  for i, level in ipairs(levels) do
    bytes[i] = must(k.read(level.address, level.count * level.size))
  end
  local pending, stray = log.read(bytes, levels[1].size * 8)
  return log.set(pending), log.set(stray), levels
end

-- ---- stalled ----

-- What runs on a CPU: the variable that says so moved between releases.
local CURRENT = {
  { "pcpu_hot", "struct pcpu_hot", "current_task" }, { "current_task", "struct task_struct *" },
  { "runqueues", "struct rq", "curr" },
}

local function task_of(cpu)
  local message
  for _, place in ipairs(CURRENT) do
    local value, why = globals.per_cpu(place[1], cpu, place[2])
    if value and place[3] then
      value = value[place[3]]
    end
    if value then
      return value
    end
    message = message or why
  end
  memory.fault("which task runs on a CPU is not known: " .. tostring(message), "ENOENT")
end

-- A word of each stage, and later one of each task with a bit for each stage.
local function is_stalled(stage, stage_data, cpu)
  if k.has_field(stage_data, "status") then
    return decode.is_stalled(stage_data.status)
  end
  local task = task_of(cpu)
  if not k.has_field(task, "stall_bits") then
    memory.fault("neither stages nor tasks have bits that say so", "ENOTSUP")
  end
  return decode.has_bit(task.stall_bits, stage.index)
end

-- ---- stages ----

-- A CPU has so many stages.
local function check_index(stages, index)
  local count = k.sizeof(stages) / k.sizeof(stages[0])
  if index < 0 or index >= count then
    memory.fault(("its number is %d, and a CPU has %d stages"):format(index, count), "EINVAL")
  end
end

local function read_cpu(stage, cpu, missing)
  local stages = must(k.per_cpu("irq_pipeline", cpu, DATA)).stages
  check_index(stages, stage.index)
  local stage_data = stages[stage.index]
  local pending, stray, levels = read_log(stage_data)
  local stalled, message = memory.attempt(is_stalled, stage, stage_data, cpu)
  if stalled == nil then
    missing[#missing + 1] = { what = ("whether %s is stalled on CPU %d"):format(stage.role, cpu), why = message }
  end
  return { cpu = cpu, stalled = stalled, pending = pending, stray = stray }, levels
end

local function read_cpus(stage, cpus, missing)
  for i, cpu in ipairs(cpus) do
    stage.cpus[i], stage.levels = read_cpu(stage, cpu, missing)
  end
  return true
end

local function read_stage(name, role, cpus, missing)
  local live = must(k.cast(STAGE, must(k.address(name))))
  local stage = { name = live.name, role = role, address = k.hex(live), index = live.index, cpus = {} }
  if role == "out-of-band" and stage.index == 0 then
    return nil -- oob_stage_present()
  end
  local ok, message = memory.attempt(read_cpus, stage, cpus, missing)
  if not ok then
    missing[#missing + 1] = { what = ("what waits in the %s stage"):format(role), why = message }
  end
  return stage
end

-- ---- interrupts ----

local function add_actions(about, desc)
  for action in k.chain(desc.action, "next", MOST_ACTIONS) do
    table.insert(about.handlers, action.handler)
    table.insert(about.actions, action.name or "")
  end
  about.handler = about.handlers[1]
  return true
end

local function counts_of(desc, cpus)
  local stats = desc.kstat_irqs and globals.per_cpu_each(desc.kstat_irqs, cpus)
  local counts = {}
  for cpu, stat in pairs(stats or {}) do
    counts[cpu] = type(stat) == "number" and stat or stat.cnt
  end
  return counts
end

-- ---- whose they are ----

-- Domains of descriptors that are the pipeline's, by their address.
local function own_domains()
  local domains = {}
  for name, kind in pairs { synthetic_irq_domain = "synthetic", sipic_domain = "system" } do
    local domain = globals.get(name, "struct irq_domain *")
    if domain then
      domains[k.hex(domain)] = { kind = kind, domain = domain }
    end
  end
  return domains
end

-- The system's interrupts on x86: number 0 of their domain is that of the first system vector, and the last that of
-- the last vector (arch/x86/kernel/irq_pipeline.c), so how many there are says which vector each is.
local function entry_of(domain, hwirq)
  local table_of = k.var "idt_table"
  local vectors = table_of and k.sizeof(table_of) / k.sizeof(table_of[0])
  local entry = vectors and idt.entry(vectors - domain.revmap_size + hwirq)
  return entry and entry.symbol
end

local function add_system(row, domain, hwirq)
  row.own = k.has_field(domain, "revmap_size") and entry_of(domain, hwirq) or nil
  row.ipi = row.own and row.own:find "oob_ipi" and true or nil
end

local function add_owner(row, data, domains, work)
  local address = k.raw(data, "domain")
  local owner = address ~= 0 and domains[k.hex(address)]
  row.kind = owner and owner.kind or "real"
  if row.kind == "system" then
    add_system(row, owner.domain, tonumber(data.hwirq))
  elseif row.irq == work then
    row.own = "work for the in-band stage"
  end
end

-- ---- rows ----

local function add_cpus(row, stage, counts)
  for _, mine in ipairs(stage.cpus) do
    local entry = {
      cpu = mine.cpu, hits = counts[mine.cpu] or 0, pending = mine.pending[row.irq] or nil,
      stray = mine.stray[row.irq] or nil,
    }
    if entry.hits > 0 or entry.pending or entry.stray then
      row.hits = row.hits + entry.hits
      row.cpus[#row.cpus + 1] = entry
    end
  end
end

local function flags_of(status)
  local words = {}
  for _, flag in ipairs { "OOB", "CHAINED" } do
    local value = stage_of.flag(flag)
    words[#words + 1] = value and bit.band(status, value) ~= 0 and flag:lower() or nil
  end
  return words
end

local function note(context, irq, message)
  context.missing[#context.missing + 1] = { what = ("IRQ %d"):format(irq), why = message }
end

local function describe(irq, live, context)
  local desc = must(k.copy(live))
  local data, status = desc.irq_data, desc.status_use_accessors
  local about = {
    irq = irq, allocated = true, control = k.hex(status), flags = flags_of(status), flow = desc.handle_irq,
    handlers = {}, actions = {}, ack = data.chip and data.chip.irq_ack,
    role = stage_of.of(status),
  }
  local ok, message = memory.attempt(add_actions, about, desc)
  if not ok then
    note(context, irq, message)
  end
  add_owner(about, data, context.domains, context.work)
  return about, counts_of(desc, context.cpus)
end

local function row_in(stage, about, counts)
  local row = {}
  for field, value in pairs(about) do
    row[field] = value
  end
  row.stage, row.role, row.hits, row.cpus = stage.name, stage.role, 0, {}
  add_cpus(row, stage, counts)
  return row
end

-- One that is out-of-band goes to Linux as long as there is no other stage. Where it waits in the log of another
-- stage than its own, that is a row, too.
local function add_rows(rows, about, counts, stages)
  local home = stages[2] and about.role == "out-of-band" and stages[2] or stages[1]
  for _, stage in ipairs(stages) do
    local row = row_in(stage, about, stage == home and counts or {})
    if stage == home or #row.cpus > 0 then
      rows[#rows + 1] = row
    end
  end
end

-- In a log without a descriptor.
local function add_unknown(rows, known, stages)
  for _, stage in ipairs(stages) do
    for _, mine in ipairs(stage.cpus) do
      for _, waiting in ipairs { mine.pending, mine.stray } do
        for irq in pairs(waiting) do
          if not known[irq] then
            known[irq] = true
            add_rows(rows, { irq = irq, allocated = false, flags = {}, kind = "real" }, {}, stages)
          end
        end
      end
    end
  end
end

-- One that cannot be read is told; the others are there.
local function add_described(rows, irq, desc, context)
  local about, counts = memory.attempt(describe, irq, desc, context)
  if not about then
    note(context, irq, counts)
    about, counts = { irq = irq, allocated = true, flags = {} }, {}
  end
  add_rows(rows, about, counts, context.stages)
end

local function rows_of(stages, cpus, missing)
  local rows, known = {}, {}
  local context = { domains = own_domains(), work = globals.get("inband_work_sirq", "unsigned int"), cpus = cpus,
    stages = stages, missing = missing }
  for irq, desc in k.irq_descs() do
    known[irq] = true
    add_described(rows, irq, desc, context)
  end
  add_unknown(rows, known, stages)
  return log.in_order(rows)
end

-- ---- all ----

local function numbers_of(levels)
  local bits = levels and levels[1].size * 8
  return levels and { interrupts = levels[#levels].count * bits, log_levels = #levels, word_bits = bits } or {}
end

local function public(stage)
  local cpus = {}
  for i, mine in ipairs(stage.cpus) do
    cpus[i] = { cpu = mine.cpu, stalled = mine.stalled }
  end
  return { name = stage.name, role = stage.role, address = stage.address, cpus = cpus }
end

--- Reads all of it; raises faults.
--- @param cpus integer[] which CPUs' @return table found as shark.pipeline.read() has it, without what it adds
function M.read(cpus)
  local missing = {}
  local stages = { read_stage("inband_stage", "in-band", cpus, missing) }
  stages[2] = read_stage("oob_stage", "out-of-band", cpus, missing)
  if not stage_of.flag "OOB" then
    missing[#missing + 1] = { what = "which interrupts are out-of-band",
      why = "no enum with IRQ_OOB was found; DWARF is not searched for the enum of a value, BTF is" }
  end
  local found = {
    kind = "Dovetail", stages = {}, missing = missing, interrupts = rows_of(stages, cpus, missing),
    numbers = numbers_of(stages[1].levels),
  }
  for i, stage in ipairs(stages) do
    found.stages[i] = public(stage)
  end
  return found
end

return M
