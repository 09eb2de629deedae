--- The part of an interrupt's map that is in kernel memory: the descriptor, its
-- actions, every level of its hierarchy, the vector, the message and the IRTE.
-- Source: include/linux/irqdesc.h, irq.h, interrupt.h; arch/x86/kernel/apic/.

local apics = require "shark.system.apic"
local apic_ids = require "shark.decode.apic"
local bit = require "bit"
local bytes = require "shark.decode.bytes"
local cpulist = require "shark.decode.cpulist"
local flags = require "shark.decode.irqflags"
local iommu_amd = require "shark.iommu.amd"
local iommu_intel = require "shark.iommu.intel"
local ioapic = require "shark.decode.ioapic"
local irqmap_msi = require "shark.map.msi"
local globals = require "shark.kernel.globals"
local idt = require "shark.map.idt"
local k = require "shark.kernel"
local memory = require "shark.kernel.memory"
local must = require "shark.kernel.must"
local online_cpus = require("shark.system.cpus").online
local register = require "shark.decode.register"
local stage_of = require "shark.pipeline.stage"

local M = {}

local ATTEMPTS = 5
local MAX_LEVELS = 8

local hex = register.hex

-- The name of what lies exactly at an address; nil for what has none.
local function name_of(object)
  local symbol = object and k.symbol(k.addressof(object))
  return symbol and not symbol:find("+0x", 1, true) and symbol or nil
end

--- For what says "changed while reading": gives this attempt up.
local function torn(message, ...)
  memory.fault("changed while reading: " .. message:format(...), "EAGAIN")
end

-- ---- one walk ----

-- Values read first and again at the end: those that change without any pointer
-- changing, such as the vector while an interrupt moves.
local Walk = {}
Walk.__index = Walk

-- Objects are read as copies, one read for each: what changes after a copy was taken is
-- seen when it is read anew. read() is given the descriptor as it then is.
function Walk:watch(what, read)
  local value = read(self.desc)
  self.watched[#self.watched + 1] = { what = what, read = read, value = value }
  return value
end

function Walk:check_watched()
  local desc = must(k.copy(self.live))
  for _, entry in ipairs(self.watched) do
    local now = entry.read(desc)
    if now ~= entry.value then
      torn("%s was %s and is %s", entry.what, tostring(entry.value), tostring(now))
    end
  end
end

function Walk:misses(what, why)
  self.missing[#self.missing + 1] = { what = what, why = why }
end

-- ---- the descriptor ----

local function cpus(mask)
  return mask and cpulist.format(must(k.cpumask(mask))) or nil
end

local function read_affinity(walk, desc, state)
  local affinity = walk.map.affinity
  affinity.asked = walk:watch("the affinity", function(now) return cpus(now.irq_common_data.affinity) end)
  if k.has_field("struct irq_common_data", "effective_affinity") then
    affinity.effective = walk:watch("the effective affinity", function(now)
      return cpus(now.irq_common_data.effective_affinity)
    end)
  end
  affinity.pending = nil
  if bit.band(state, flags.SETAFFINITY_PENDING) ~= 0 then
    affinity.pending = cpus(desc.pending_mask)
    affinity.asked = affinity.pending -- what the user wrote last; /proc shows the same
  end
  affinity.managed = bit.band(state, flags.AFFINITY_MANAGED) ~= 0 or nil
end

local function read_counts(walk, desc)
  local per_cpu = desc.kstat_irqs
  local online = per_cpu and memory.remember("online CPUs", online_cpus)
  local stats = online and globals.per_cpu_each(per_cpu, online)
  if not stats then
    return -- those of /proc/interrupts stay
  end
  local counts, total = {}, 0
  for cpu, stat in pairs(stats) do
    counts[cpu] = type(stat) == "number" and stat or stat.cnt
    total = total + counts[cpu]
  end
  walk.map.counts, walk.map.count = counts, total
end

local function read_action(action)
  local found = {
    name = action.name or "", handler = action.handler, thread_fn = action.thread_fn,
    flags = hex(action.flags), flag_words = flags.action(action.flags),
  }
  local thread = action.thread
  if thread then
    found.thread = ("%s (pid %d)"):format(thread.comm, thread.pid)
  end
  return found
end

local MAX_ACTIONS = 256

local function read_actions(walk, desc)
  local actions, action = {}, desc.action
  while action do
    action = must(k.copy(action))
    if action.irq ~= walk.irq then
      torn("an action of IRQ %d says IRQ %d", walk.irq, action.irq)
    elseif #actions == MAX_ACTIONS then
      torn("IRQ %d has more than %d actions", walk.irq, MAX_ACTIONS)
    end
    actions[#actions + 1] = read_action(action)
    action = action.next
  end
  walk.map.actions = actions
end

-- What /proc/irq/N and /sys/kernel/irq/N show of the same descriptor
-- (kernel/irq/proc.c, irqdesc.c).
local function read_shown(map, desc)
  local common = desc.irq_common_data
  map.flow, map.unhandled = desc.name, desc.irqs_unhandled
  map.stage = stage_of.of(desc.status_use_accessors)
  map.type = bit.band(common.state_use_accessors, flags.LEVEL) ~= 0 and "level" or "edge"
  map.hwirq = desc.irq_data.domain and tonumber(desc.irq_data.hwirq) or nil
  if k.has_field("struct irq_common_data", "node") then
    map.affinity.node = common.node < 2 ^ 31 and common.node or common.node - 2 ^ 32 -- -1: NUMA_NO_NODE
  end
  local hint = k.has_field("struct irq_desc", "affinity_hint") and desc.affinity_hint
  map.affinity.hint = hint and cpus(hint) or nil
end

local function read_descriptor(walk, desc)
  local map = walk.map
  local state = walk:watch("the state", function(now) return now.irq_common_data.state_use_accessors end)
  map.descriptor, map.handle_irq = hex(k.addressof(desc)), desc.handle_irq
  map.state, map.depth = flags.state(state), desc.depth
  map.activated = bit.band(state, flags.ACTIVATED) ~= 0
  read_shown(map, desc)
  read_actions(walk, desc)
  read_counts(walk, desc)
  read_affinity(walk, desc, state)
end

-- ---- levels of the hierarchy ----

local levels = {}

-- The kind of a level, by the function that allocates in its domain: functions
-- have names on every kernel, data only with CONFIG_KALLSYMS_ALL.
local KINDS = {
  msi_domain_alloc = "msi", intel_irq_remapping_alloc = "intel", irq_remapping_alloc = "amd",
  x86_vector_alloc_irqs = "vector", mp_irqdomain_alloc = "ioapic",
}

-- Where the kernel hides names too: by what the domain is called, in this order
-- ("INTEL-IR-MSI-0-3" is one of MSI).
local PATTERNS = {
  { "MSI", "msi" }, { "IO%-APIC", "ioapic" }, { "^INTEL%-IR", "intel" }, { "^AMD%-IR", "amd" },
  { "^VECTOR$", "vector" },
}

local function kind_by_name(name)
  for _, pattern in ipairs(PATTERNS) do
    if (name or ""):find(pattern[1]) then
      return pattern[2]
    end
  end
end

local function kind_of(domain)
  local ops = domain.ops
  local alloc = ops and ops.alloc
  if alloc and alloc:find("^0x") then
    return kind_by_name(domain.name)
  end
  return alloc and KINDS[alloc] or nil
end

local function key_of(object)
  return ("%s %s"):format(k.typeof(object), hex(k.addressof(object)))
end

-- Many interrupts have one domain, and one chip.
local function read_domain(domain)
  return { name = domain.name, ops = name_of(domain.ops), kind = kind_of(domain) }
end

local function domain_of(data)
  local domain = data.domain
  return domain and memory.remember(key_of(domain), read_domain, domain) or {}
end

local function read_chip(chip)
  return { name = chip.name, symbol = name_of(chip) }
end

local function chip_of(data)
  local chip = data.chip
  return chip and memory.remember(key_of(chip), read_chip, chip) or {}
end

function levels.msi(walk, level, _, desc)
  local msi_desc = desc.irq_common_data.msi_desc
  if msi_desc then
    walk.map.msi = irqmap_msi.read(msi_desc, walk.irq, walk.iommu, walk.missing)
    level.has = "msi"
  end
end

local function read_irte(walk, level, reader, data)
  local chip_data = k.raw(data, "chip_data")
  if chip_data == 0 then
    return
  end
  local irte, unit = reader.irte(chip_data, walk.missing, data.domain)
  walk.map.irte, walk.map.iommu = irte, unit
  level.has = "irte"
end

function levels.intel(walk, level, data)
  read_irte(walk, level, iommu_intel, data)
end

function levels.amd(walk, level, data)
  read_irte(walk, level, iommu_amd, data)
end

-- IO-APIC registers are reached through an index register, which only the kernel
-- may write: the pin is as the kernel wrote it, if it did.
function levels.ioapic(walk, level, data)
  local chip_data = k.raw(data, "chip_data")
  if chip_data == 0 then
    return
  end
  local pins = must(k.cast("struct mp_chip_data", chip_data))
  level.words = {}
  for pin in k.list(pins.irq_2_pin, "struct irq_pin_list", "list", 64) do
    walk.map.pin = ("IO-APIC %d pin %d"):format(pin.apic, pin.pin)
    table.insert(level.words, walk.map.pin)
  end
  local text = must(k.read(k.addressof(pins.entry), 8))
  local entry = ioapic.kept(bytes.u64(text, 0), walk.iommu, walk.map.activated)
  walk.map.redirection = entry
  table.insert(level.words, entry.set_up
    and ("redirection entry, as the kernel wrote it, %s: %s"):format(entry.raw, entry.words)
    or "redirection entry: " .. entry.words)
end

-- ---- the vector ----

-- Does the CPU's table lead back to this descriptor?
local function vector_points_back(walk, desc, cpu, vector)
  local row, message = globals.per_cpu("vector_irq", cpu, "unsigned long [256]")
  if not row then
    walk:misses("vector_irq", message)
    return nil
  end
  return row[vector] == k.addressof(desc)
end

local function add_vector(walk, chip, desc)
  local vector = { number = chip.vector, cpu = chip.cpu, words = {} }
  local back = vector_points_back(walk, desc, chip.cpu, chip.vector)
  vector.points_back = back
  if back ~= nil then
    table.insert(vector.words, ("vector_irq[%d] of CPU %d %s"):format(chip.vector, chip.cpu,
      back and "leads back to this irq_desc" or "does NOT lead to this irq_desc"))
  end
  local entry, message = idt.entry(chip.vector)
  vector.idt = entry and entry.words
  if not entry then
    walk:misses("IDT entry", message)
  end
  if chip.prev_vector ~= 0 then
    table.insert(vector.words, ("moving: vector %d on CPU %d is still its own"):format(chip.prev_vector, chip.prev_cpu))
    vector.previous = { number = chip.prev_vector, cpu = chip.prev_cpu }
  end
  walk.map.vector = vector
end

-- Do destinations of interrupts name CPUs by a mask? The kernel's choice for all
-- of them (arch/x86/kernel/apic/, since 5.12 dest_mode_logical).
local function mode_of_apic()
  local apic = globals.variable("apic", "struct apic *")
  local now = apic and apic:value()
  if not now then
    return nil
  end
  local logical
  if k.has_field("struct apic", "dest_mode_logical") then
    logical = now.dest_mode_logical == true or now.dest_mode_logical == 1 -- bool or u32
  elseif k.has_field("struct apic", "irq_dest_mode") then
    logical = now.irq_dest_mode == 1
  else
    return nil
  end
  return logical and "logical" or "physical"
end

-- Where the kernel's variables have no names: what was sent, or is in the IRTE.
local function mode_of_message(map)
  local irte = map.irte and (map.irte.cached or map.irte.live)
  local message = irte or map.msi and map.msi.cached or map.redirection
  return message and message.dest_mode
end

local function is_x2apic(map, dest)
  local irte = map.irte and map.irte.live
  local mode = globals.get("x2apic_mode", "int")
  return mode and mode ~= 0 or irte and irte.wide or dest > 255 or false
end

local function destination_of(map, chip)
  local dest = chip.hw_irq_cfg.dest_apicid
  local mode = mode_of_apic() or mode_of_message(map)
  if not mode then
    return { value = dest, words = ("%d, an APIC id or a mask: in which mode APICs are was not read"):format(dest) }
  end
  local wide = is_x2apic(map, dest)
  return {
    value = dest, mode = mode, words = apic_ids.words(dest, mode, wide), cpus = apics.cpus_of(dest, mode, wide),
  }
end

local function vector_words(chip)
  local words = {}
  for _, name in ipairs { "is_managed", "can_reserve", "has_reserved", "move_in_progress" } do
    words[#words + 1] = chip[name] == 1 and name or nil
  end
  return words
end

local function place_of_vector(chip)
  return ("%d on CPU %d, before %d on %d"):format(chip.vector, chip.cpu, chip.prev_vector, chip.prev_cpu)
end

function levels.vector(walk, level, data, desc)
  local chip_data = k.raw(data, "chip_data")
  if chip_data == 0 then
    return
  end
  local chip = must(k.copy(must(k.cast("struct apic_chip_data", chip_data))))
  if chip.irq ~= walk.irq then
    torn("the vector data of IRQ %d says IRQ %d", walk.irq, chip.irq)
  end
  walk:watch("the vector", function(now)
    return now == desc and place_of_vector(chip) or place_of_vector(must(k.copy(chip)))
  end)
  level.words = vector_words(chip)
  if chip.vector ~= 0 then
    add_vector(walk, chip, desc)
    walk.map.vector.destination = destination_of(walk.map, chip)
    table.insert(level.words, 1, "destination: " .. walk.map.vector.destination.words)
  else
    table.insert(level.words, "no vector: none is assigned before the interrupt is requested")
  end
end

-- ---- all levels ----

-- A level whose structures this kernel has otherwise (a field of another name, a
-- type that is not in its BTF) is missing; the others are not.
local function try_level(walk, level, data, desc)
  local ok, why = pcall(levels[level.kind], walk, level, data, desc)
  if ok then
    return
  elseif memory.is_fault(why) and (why.name == "EAGAIN" or why.name == "EFAULT") then
    error(why, 0)
  end
  walk:misses(("level %d, %s"):format(level.level, level.kind), tostring(why))
end

local function read_level(walk, number, data, desc)
  local chip, domain = chip_of(data), domain_of(data)
  local level = {
    level = number, hwirq = hex(data.hwirq), chip = chip.name, chip_symbol = chip.symbol,
    domain = domain.name, ops = domain.ops, kind = domain.kind,
  }
  if data.irq ~= walk.irq then
    torn("level %d of IRQ %d says IRQ %d", number, walk.irq, data.irq)
  end
  if levels[level.kind] then
    try_level(walk, level, data, desc)
  end
  return level
end

-- Who remaps it, needed to understand the message: the parents know.
local function find_iommu(chain)
  for _, data in ipairs(chain) do
    local kind = domain_of(data).kind
    if kind == "intel" or kind == "amd" then
      return kind
    end
  end
end

-- The first level is a part of the descriptor.
local function chain_of(desc)
  local chain, data = {}, desc.irq_data
  while data do
    if #chain == MAX_LEVELS then
      torn("the hierarchy of IRQ %d has more than %d levels", desc.irq_data.irq, MAX_LEVELS)
    end
    chain[#chain + 1] = data
    local parent = data.parent_data
    data = parent and must(k.copy(parent))
  end
  return chain
end

local function read_levels(walk, desc)
  local chain = chain_of(desc)
  walk.iommu = find_iommu(chain)
  walk.map.levels = {}
  for i, data in ipairs(chain) do
    walk.map.levels[i] = read_level(walk, i - 1, data, desc)
  end
  walk.map.chip = walk.map.levels[1].chip
end

-- ---- live against cached ----

local function equal(a, b)
  return a.raw[1] == b.raw[1] and a.raw[2] == b.raw[2]
end

-- Deactivating an interrupt clears the entry in the table and leaves the kernel's
-- copy as it was (intel_irq_remapping_deactivate(), irq_remapping_deactivate()).
local function compare(map)
  local irte = map.irte
  if irte and irte.live and irte.cached and not equal(irte.live, irte.cached) then
    irte.cleared = not map.activated and not irte.live.present or nil
    irte.differs = not irte.cleared or nil
  end
end

-- ---- reading without being lied to ----

-- That the way to the descriptor is still the same, k.stable() sees.
local function read(irq, map)
  local live, message, name = k.irq_desc(irq)
  if not live then
    return nil, message, name
  end
  local desc = must(k.copy(live))
  local walk = setmetatable({ irq = irq, map = map, live = live, desc = desc, missing = {}, watched = {} }, Walk)
  read_descriptor(walk, desc)
  read_levels(walk, desc)
  compare(map)
  walk:check_watched()
  return walk
end

-- An attempt writes to a copy: one that is given up leaves no trace.
local function copy(map)
  local fresh = {}
  for key, value in pairs(map) do
    fresh[key] = value
  end
  fresh.affinity = {}
  for key, value in pairs(map.affinity) do
    fresh.affinity[key] = value
  end
  return fresh
end

local function take(map, fresh, walk)
  for key, value in pairs(fresh) do
    map[key] = value
  end
  for _, missing in ipairs(walk.missing) do
    table.insert(map.missing, missing)
  end
  return true
end

--- Calls work(...), which fills many maps: what their interrupts have in common is
--- read once.
M.look = memory.look

--- How kernel memory is read; nil and why not where it is not.
--- @return string? way @return string? message
function M.reader()
  local how = k.how()
  if how.way then
    return how.way
  end
  return nil, tostring(how)
end

--- Adds to a map what kernel memory holds of it. What changed while it was read
--- is read again; what keeps changing is left out, and map.changed says so.
--- @param map table with irq and what /proc and /sys tell
--- @return boolean? ok @return string? message @return string? name
function M.fill(map)
  local message, name
  for _ = 1, ATTEMPTS do
    local fresh = copy(map)
    local walk, why, error_name = k.stable(read, map.irq, fresh)
    if walk then
      return take(map, fresh, walk)
    end
    message, name = why, error_name
    if name ~= "EAGAIN" and name ~= "EFAULT" then
      break
    end
  end
  map.changed = name == "EAGAIN" and message or nil
  return nil, message, name
end

return M
