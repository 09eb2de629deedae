--- I-pipe (kernel/ipipe/core.c of its trees, 3.4 to 4.19): the root domain, which is Linux, and the head domain,
-- each with all interrupts. How many there are, where a member lies and how the log is built comes from the
-- kernel's types.

local decode = require "shark.decode.pipeline"
local globals = require "shark.kernel.globals"
local k = require "shark.kernel"
local log = require "shark.pipeline.log"
local memory = require "shark.kernel.memory"
local must = require "shark.kernel.must"

local M = {}

local DOMAIN, CONTEXT, PER_CPU = "struct ipipe_domain", "struct ipipe_percpu_domain_data", "struct ipipe_percpu_data"

-- What the handlers of its own interrupts are for.
local OWN_HANDLERS = {
  __ipipe_do_critical_sync = "IPI: all CPUs to a critical section", __ipipe_do_IPI = "IPI of Linux",
  __ipipe_do_vnmi = "IPI: function calls that nothing holds back", __ipipe_do_work = "work for the root domain",
  __ipipe_flush_printk = "messages for the root domain",
}

-- ---- types ----

-- An older I-pipe had any number of domains, in a list.
local function check_types()
  for _, name in ipairs { "context_offset", "irqs", "name" } do
    if not must(k.has_field(DOMAIN, name)) then
      memory.fault(("%s has no '%s': this I-pipe is of another form"):format(DOMAIN, name), "ENOTSUP")
    end
  end
end

-- Members whose names begin so.
local function members(object, prefix)
  local names = {}
  for _, name in ipairs(must(k.fields(object))) do
    names[#names + 1] = name:sub(1, #prefix) == prefix and name or nil
  end
  return names
end

local function is_array(object, name)
  return type(object[name]) == "table"
end

-- Where the words of a member are, in bytes of its struct.
local function place_of(context, name)
  local count, size = log.shape(k, context[name])
  return { name = name, offset = k.offsetof(CONTEXT, name), count = count, size = size }
end

-- The levels of a log from the top: one word, and arrays, each larger than the one above.
local function levels_of(context)
  local top, arrays = nil, {}
  for _, name in ipairs(members(context, "irqpend")) do
    if is_array(context, name) then
      arrays[#arrays + 1] = place_of(context, name)
    else
      top = name
    end
  end
  if not top or #arrays == 0 then
    memory.fault(("%s has no log of pending interrupts that shark knows"):format(CONTEXT), "ENOTSUP")
  end
  table.sort(arrays, function(a, b) return a.count < b.count end)
  table.insert(arrays, 1, { name = top, offset = k.offsetof(CONTEXT, top), count = 1, size = arrays[1].size })
  return arrays
end

local function shape_of(context)
  local held = members(context, "irqheld")[1]
  local levels = levels_of(context)
  return {
    levels = levels, width = levels[1].size * 8, held = held and place_of(context, held),
    hits = place_of(context, "irqall"), size = must(k.sizeof(CONTEXT)),
  }
end

-- ---- a CPU's context of a domain ----

local function slice(bytes, place)
  return bytes:sub(place.offset + 1, place.offset + place.count * place.size)
end

local function counts_of(text, place)
  local ffi, counts = require "ffi", {}
  local words = ffi.cast(("const uint%d_t *"):format(place.size * 8), text)
  for i = 0, place.count - 1 do
    local count = tonumber(words[i])
    counts[i] = count > 0 and count or nil
  end
  return counts
end

-- All of it in one read, so that it belongs together.
local function read_context(domain, cpu, address)
  local context = must(k.cast(CONTEXT, address))
  domain.shape = domain.shape or shape_of(context)
  local shape, levels = domain.shape, {}
  local bytes = must(k.read(address, shape.size))
  for i, place in ipairs(shape.levels) do
    levels[i] = slice(bytes, place)
  end
  local pending, stray = log.read(levels, shape.width)
  return {
    cpu = cpu, stalled = decode.is_stalled(context.status), pending = log.set(pending),
    stray = log.set(stray), held = log.set(shape.held and log.bits(slice(bytes, shape.held)) or {}),
    hits = counts_of(slice(bytes, shape.hits), shape.hits),
  }
end

-- A domain's context is one of two members of a CPU's own data.
local function check_offset(domain)
  for _, name in ipairs { "root", "head" } do
    if k.offsetof(PER_CPU, name) == domain.offset then
      return
    end
  end
  memory.fault(("the domain at %s has its data at %d of %s, where no domain's is"):format(domain.address,
    domain.offset, PER_CPU), "EINVAL")
end

local function read_contexts(domain, cpus)
  check_offset(domain)
  for i, cpu in ipairs(cpus) do
    local mine = must(k.per_cpu("ipipe_percpu", cpu, PER_CPU))
    domain.cpus[i] = read_context(domain, cpu, k.addressof(mine) + domain.offset)
    domain.cpus[i].timer = k.has_field(PER_CPU, "hrtimer_irq") and mine.hrtimer_irq or nil
  end
  return true
end

-- ---- a domain ----

-- Thousands of interrupts have the same handler.
local function namer()
  local names = {}
  return function(object, field)
    local address = k.raw(object, field)
    if address == 0 then
      return nil
    end
    local key = k.hex(address)
    names[key] = names[key] or k.symbol(address) or key
    return names[key]
  end
end

-- A cookie is a function of Linux, or data.
local function read_irq(descriptor, name_of)
  local control, handler = descriptor.control, name_of(descriptor, "handler")
  if control == 0 and not handler then
    return nil
  end
  return {
    control = k.hex(control), flags = decode.control(control), handler = handler,
    ack = name_of(descriptor, "ackfn"), cookie = name_of(descriptor, "cookie"),
  }
end

-- Of 500,000 interrupts that a kernel may be built for, most have nothing: those are not looked at one by one.
local function used(address, first, last, stride)
  local bytes, irq = must(k.read(address + first * stride, (last - first + 1) * stride)), first - 1
  return function()
    local at = bytes:find("[^%z]", (irq - first + 1) * stride + 1)
    irq = at and first + math.floor((at - 1) / stride)
    return irq
  end
end

local AT_ONCE = 4096

local function read_irqs(irqs, count)
  local found, name_of = {}, namer()
  local address, stride = k.addressof(irqs), must(k.sizeof(irqs[0]))
  for first = 0, count - 1, AT_ONCE do
    for irq in used(address, first, math.min(first + AT_ONCE, count) - 1, stride) do
      found[irq] = read_irq(must(k.copy(irqs[irq])), name_of)
    end
  end
  return found
end

-- x86 built for 8192 CPUs has a quarter of it.
local MOST_IRQS = 2 ^ 21

local function read_domain(live, role, cpus, missing)
  local domain = { name = live.name, role = role, address = k.hex(live), offset = live.context_offset, cpus = {} }
  domain.count = must(k.sizeof(live.irqs)) / must(k.sizeof(live.irqs[0]))
  if domain.count > MOST_IRQS then
    memory.fault(("%s has %.0f interrupts: more than a kernel can have"):format(DOMAIN, domain.count), "EINVAL")
  end
  domain.irqs = read_irqs(live.irqs, domain.count)
  local ok, message = memory.attempt(read_contexts, domain, cpus)
  if not ok then
    missing[#missing + 1] = { what = ("what waits in the %s domain"):format(role), why = message }
  end
  return domain
end

local function read_domains(cpus, missing)
  local root = must(k.cast(DOMAIN, must(k.address "ipipe_root")))
  local head = must(k.var("ipipe_head_domain", DOMAIN .. " *")):value()
  local domains = { read_domain(root, "root", cpus, missing) }
  if head and k.addressof(head) ~= k.addressof(root) then
    domains[2] = read_domain(head, "head", cpus, missing)
  end
  return domains
end

-- ---- numbers ----

-- Virtual interrupts are the last ones, one for each bit of the word that says which are given out
-- (ipipe_alloc_virq()).
local function read_virtual(count, missing)
  local map, message = globals.get("__ipipe_virtual_irq_map", "unsigned long")
  if not map then
    missing[#missing + 1] = { what = "which interrupts are virtual, and given out", why = message }
    return nil
  end
  return { base = count - must(k.sizeof "unsigned long") * 8, map = map }
end

-- Real ones are given out where they have a descriptor.
local function descriptors(missing)
  local found
  local ok, message = pcall(function()
    found = {}
    for irq in k.irq_descs() do
      found[irq] = true
    end
  end)
  if not ok then
    missing[#missing + 1] = { what = "which real interrupts are given out", why = tostring(message) }
    return nil
  end
  return found
end

-- Variables that hold the number of an interrupt of its own.
local OWN_NUMBERS = {
  __ipipe_printk_virq = "messages for the root domain", __ipipe_work_virq = "work for the root domain",
}

local function own_numbers(domains)
  local own = {}
  for name, words in pairs(OWN_NUMBERS) do
    local irq = globals.get(name, "unsigned int")
    if irq and irq ~= 0 then
      own[irq] = words
    end
  end
  for _, cpu in ipairs(domains[1].cpus) do
    if cpu.timer and cpu.timer >= 0 then
      own[cpu.timer] = "timer of the head domain"
    end
  end
  return own
end

-- ---- rows ----

local function add_cpu(row, context)
  local irq = row.irq
  local entry = {
    cpu = context.cpu, hits = context.hits[irq] or 0, pending = context.pending[irq] or nil,
    held = context.held[irq] or nil, stray = context.stray[irq] or nil,
  }
  if entry.hits > 0 or entry.pending or entry.held or entry.stray then
    row.hits = row.hits + entry.hits
    row.cpus[#row.cpus + 1] = entry
  end
end

local function row_of(domain, irq)
  local descriptor = domain.irqs[irq]
  local row = {
    irq = irq, stage = domain.name, role = domain.role, hits = 0, cpus = {},
    control = descriptor and descriptor.control, flags = descriptor and descriptor.flags or {},
    handler = descriptor and descriptor.handler, ack = descriptor and descriptor.ack,
    cookie = descriptor and descriptor.cookie,
  }
  for _, context in ipairs(domain.cpus) do
    add_cpu(row, context)
  end
  return (descriptor or #row.cpus > 0) and row or nil
end

local function is_given_out(virtual, real, irq)
  if virtual and irq >= virtual.base then
    return decode.has_bit(virtual.map, irq - virtual.base)
  end
  return virtual and real and real[irq] or virtual and real and false or nil
end

-- All that Linux could have, by default, is handled by the root domain: thousands that nobody uses.
local function is_quiet(row)
  return row.role == "root" and #row.cpus == 0 and not row.allocated and not row.own
end

local function complete(row, virtual, real, own)
  row.kind = virtual and (row.irq >= virtual.base and "virtual" or "real") or nil
  row.allocated = is_given_out(virtual, real, row.irq)
  row.own = OWN_HANDLERS[row.handler] or own[row.irq]
  row.ipi = row.own and row.own:find "^IPI" and true or nil
  row.quiet = is_quiet(row) or nil
  return row
end

local function rows_of(domains, missing)
  local virtual, real, own = read_virtual(domains[1].count, missing), descriptors(missing), own_numbers(domains)
  local rows = {}
  for irq = 0, domains[1].count - 1 do
    for _, domain in ipairs(domains) do
      local row = row_of(domain, irq)
      rows[#rows + 1] = row and complete(row, virtual, real, own)
    end
  end
  return rows, virtual
end

-- ---- all ----

local function stage_of(domain)
  local cpus = {}
  for i, context in ipairs(domain.cpus) do
    cpus[i] = { cpu = context.cpu, stalled = context.stalled }
  end
  return { name = domain.name, role = domain.role, address = domain.address, cpus = cpus }
end

--- Reads all of it; raises faults.
--- @param cpus integer[] which CPUs' @return table found as shark.pipeline.read() has it, without what it adds
function M.read(cpus)
  local found = { kind = "I-pipe", stages = {}, missing = {} }
  check_types()
  local domains = read_domains(cpus, found.missing)
  for i, domain in ipairs(domains) do
    found.stages[i] = stage_of(domain)
  end
  local virtual
  found.interrupts, virtual = rows_of(domains, found.missing)
  local shape = domains[1].shape
  found.numbers = {
    interrupts = domains[1].count, first_virtual = virtual and virtual.base, log_levels = shape and #shape.levels,
    word_bits = shape and shape.width,
  }
  return found
end

return M
