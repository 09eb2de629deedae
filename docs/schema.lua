--- Writes docs/schema.json: what packaged scripts print with --json, as JSON Schema. What rows have of a tracer
-- comes from its list of fields, what was lost from the tables of losses.
-- usage: build/shark docs/schema.lua          writes it
--        build/shark docs/schema.lua --check  fails if what is there is another

package.path = arg[0]:gsub("[^/]+$", "?.lua;") .. package.path
local json = require "shark.json"
local providers = require "shark.providers"
local written = require "written"

-- ---- types ----

-- "of the vector", "count per second; 1/s", or a unit alone: "; ns".
local function described(schema, about)
  about = about and about:gsub("^; ", "")
  schema.description = about ~= "" and about or nil
  return schema
end

local function integer(text) return described({ type = "integer" }, text) end
local function number(text) return described({ type = "number" }, text) end
local function text(about) return described({ type = "string" }, about) end
local function boolean(about) return described({ type = "boolean" }, about) end
local function list(items, about) return described({ type = "array", items = items }, about) end
local function ref(name) return { ["$ref"] = "#/$defs/" .. name } end

-- An object with these fields and no others. Those whose names end in "?" may be absent.
local function object(fields, about)
  local schema = described({ type = "object", properties = json.object {}, required = {} }, about)
  for name, field in pairs(fields) do
    local plain = name:gsub("%?$", "")
    assert(not schema.properties[plain], plain)
    schema.properties[plain] = field
    schema.required[#schema.required + 1] = plain == name and name or nil
  end
  table.sort(schema.required)
  schema.additionalProperties = false
  return schema
end

-- An object of which only these fields are told.
local function open_object(fields, about)
  local schema = object(fields, about)
  schema.additionalProperties = nil
  return schema
end

local function with(fields, more)
  local both = {}
  for _, one in ipairs { fields, more or {} } do
    for name, field in pairs(one) do
      both[name] = field
    end
  end
  return both
end

-- ---- rows of a tracer ----

local PLAIN = { integer = integer, string = text, boolean = boolean, number = number }

local function type_of(field)
  local kind, about = field.type:gsub("%?$", ""), field.text .. (field.unit and "; " .. field.unit or "")
  if PLAIN[kind] then
    return PLAIN[kind](about)
  elseif kind == "shark.Hist" then
    return described(ref "hist", about)
  elseif kind:find "^table" then
    return described({ type = "object", additionalProperties = { type = "integer" } }, about)
  end
  local values = {}
  for value in kind:gmatch '"([^"]*)"' do
    values[#values + 1] = value
  end
  return described({ enum = values }, about)
end

local tracers, by_name = providers.list(), {}
for _, provider in ipairs(tracers) do
  by_name[provider.name] = provider
end

-- As object() takes them; what is in `without` is not there, all is optional with `optional`.
local function row_fields(provider, without, optional)
  local fields = {}
  for _, field in ipairs(by_name[provider].rows) do
    local may_be_nil = optional or field.type:find "%?$"
    fields[field.name .. (may_be_nil and "?" or "")] = not (without or {})[field.name] and type_of(field) or nil
  end
  return fields
end

-- What shark.rowtable reckons.
local AVERAGES = {
  ["avg_ns?"] = number "total_ns over count; ns",
  ["p99_ns?"] = integer "99 of 100 took no longer; ns, up to an eighth too high",
}
local RECKONED = with(AVERAGES, {
  rate = number "count per second; 1/s",
  ["p50_ns?"] = integer "half of them took no longer; ns, up to an eighth too high",
})
local WAITS = {
  ["wait_avg_ns?"] = number "wait_ns over waits; ns", ["wait_p99_ns?"] = integer "99 of 100 waited no longer; ns",
}

-- ---- what all that trace have in common ----

local function lost_fields()
  local fields = { ["torn_rows?"] = integer "rows that were read while they were counted in" }
  for _, provider in ipairs(tracers) do
    for _, loss in ipairs(provider.losses) do
      fields[loss.field .. "?"] = integer(loss.text)
    end
  end
  return fields
end

local REFUSED = list(object { way = text "of attaching", reason = text "why not", ["error?"] = text "EPERM" })
local SKIPPED = list(object { point = text "of the kernel", reason = text "why", ["error?"] = text "ENOENT" })
local ATTACHED = {
  way = text "of attaching", forced = boolean "asked for with --way", refused = REFUSED, skipped = SKIPPED,
}

local function lost()
  local schema = object(lost_fields(), "What was not seen, or not counted; absent: this kernel does not count it. " ..
    "Of probes also a count NAME_full for each table.")
  schema.additionalProperties = { type = "integer" }
  return schema
end

local defs = {
  hist = list(object { lo = integer "the least value", hi = integer "one above the largest", count = integer "values" },
    "Buckets that are not empty, ascending."),
  stack = list(object { address = text "hexadecimal digits", name = text "symbol+0xoffset/0xsize [module]" },
    "Innermost frame first."),
  attached = {
    description = "How it was attached.",
    anyOf = {
      object(ATTACHED),
      object { way = text "all of them", context = { type = "array" }, points = list(object(with(ATTACHED, {
        point = text "what the handler is attached to", ["names?"] = list(text "of a pattern") }))) },
    },
  },
  lost = lost(),
  audit = open_object({
    source = text "the file of the kernel's own counts", kernel = integer "what it counted",
    missing = integer "of them not seen", surplus = integer "seen and not counted there",
    ["while_attaching?"] = integer "came before all was attached",
    rows = list(open_object { name = text "what it counts", kernel = integer "", missing = integer "" }),
  }, "What was counted against the kernel's own counts."),
  missing = list(open_object { what = text "was not read", why = text "not" }),
}

local ENDING = { attached = ref "attached", lost = ref "lost", ["audit?"] = ref "audit" }
local SESSIONS = { sessions = { type = "object", additionalProperties = object(ENDING),
  description = "Of each trace, by name." } }
local SECONDS = number "since everything was attached; s"
local LEFT_OUT = { ["left_out?"] = integer "with --top: rows that there are besides" }

-- Lines: one for each interval with -n, the total at the end, and one for each event.
local function report(fields, ending, event)
  fields = with(fields, LEFT_OUT)
  local lines = {
    object(with(fields, { report = { const = "interval" }, seconds = SECONDS }), "With -n: what came since the last."),
    object(with(with(fields, ending), { report = { const = "total" }, seconds = SECONDS }), "The last line."),
  }
  lines[3] = event
  return { oneOf = lines }
end

local function table_of(row, about)
  return report({ rows = list(object(row), about) }, ENDING)
end

-- What probes count, by keys that the user names.
local KEYED = open_object {
  ["count?"] = integer "hits, or values", ["total?"] = integer "sum of the values",
  ["p50?"] = integer "half are no larger",
  ["p99?"] = integer "99 of 100 are no larger", ["hist?"] = ref "hist", ["max?"] = integer "the largest",
  ["min?"] = integer "the least",
}

local function keyed(about)
  return report({ rows = list(KEYED, about .. " By each key, a field of its name.") }, ENDING)
end

local function lines_of(fields, about)
  local event = (fields and object or open_object)(with(fields or {}, { report = { const = "event" } }), about)
  return report({ count = integer "lines" }, ENDING, event)
end

local TIME = { time = number "of day, since 1970; s, exact to the nanosecond", ts_ns = integer "CLOCK_MONOTONIC; ns" }
local COUNT = { count = integer "of them", ["p50_ns?"] = integer "half took no longer; ns",
  ["p99_ns?"] = integer "99 of 100 took no longer; ns", hist = ref "hist" }

-- ---- script by script ----

defs.hardirqs = table_of(with(with(row_fields "hardirq", RECKONED), {
  ["chip?"] = text "interrupt chip, as in /proc/interrupts", ["hwirq?"] = integer "its number there",
  ["flow?"] = text "edge, fasteoi, ..." }), "By IRQ, action and CPU.")
defs.irqthreads = table_of(with(with(row_fields "irqthread", RECKONED), WAITS), "By IRQ, action and CPU.")
defs.softirqs = table_of(with(with(with(row_fields("softirq", { raised_by = true }), RECKONED), WAITS), {
  ["raisers?"] = list(object { by = text "what raised it", count = integer "times" }) }), "By softirq and CPU.")
defs.sysvecs = table_of(with(row_fields "vector", RECKONED), "By vector, handler and CPU.")
defs.ipis = table_of(with(with(row_fields "ipi", RECKONED), {
  from = text "CPU that sent", to = text "CPU that got it" }), "Sent and received, by vector and CPU.")

defs.affinity = report({
  rows = list(object {
    irq = integer "number of the IRQ", actions = list(text "name"), ["chip?"] = text "interrupt chip",
    ["asked?"] = text "CPUs asked for, a list", ["effective?"] = text "CPUs in force",
    ["effective_before?"] = text "CPUs in force at the start, or at the last report",
    pending = boolean "a move waits for the next interrupt",
    arrived = list(object { cpu = integer "", count = integer "interrupts" }),
    ["requests?"] = integer "times that an affinity was asked for",
    ["moved_to?"] = list(integer "CPU"), ["waits?"] = integer "moves that waited",
    ["waited_ns?"] = integer "the longest of them; ns", verdict = text "ok, pending, ...", ["text?"] = text "in words",
  }, "By IRQ."),
  ["not_traced?"] = { type = "object", additionalProperties = { type = "string" } },
}, SESSIONS)

local SLOW = object {
  slow = integer "lines", ran = integer "that ran too long", slowest_ns = integer "; ns",
  ["waited?"] = integer "that waited too long", ["longest_wait_ns?"] = integer "; ns",
}
defs.irqslow = report({
  threshold_us = integer "of -u; us", out_of_order = integer "lines out of order", ["hardirq?"] = SLOW,
  ["softirq?"] = SLOW, ["vector?"] = SLOW,
}, SESSIONS, object(with(TIME, {
  report = { const = "slow" }, kind = { enum = { "hardirq", "softirq", "vector" } }, cpu = integer "it ran on",
  ns = integer "it ran; ns", ["irq?"] = integer "", ["action?"] = text "", ["softirq?"] = text "",
  ["vector?"] = integer "", ["name?"] = text "of the vector", ["raised_by?"] = text "what raised it",
  ["wait_ns?"] = integer "it waited; ns",
  ["interrupted_ns?"] = integer "it was interrupted; ns", ["stack?"] = ref "stack",
}), "What took too long."))

defs.irqheat = report(COUNT, ENDING)
defs["virtblk-heat"] = report(with(COUNT, { ["stage?"] = text "of requests" }), ENDING)

defs.irqstorm = report({
  window = number "the time that the figures are of; s",
  sources = list(object {
    kind = { enum = { "IRQ", "softirq", "vector" } }, id = integer "its number", name = text "its name",
    cpu = integer "where it ran", count = integer "runs", rate = number "runs per second; 1/s",
    peak_rate = number "the highest; 1/s", share = number "of the CPU's time, 0 to 1", total_ns = integer "; ns",
    max_ns = integer "the longest run since the start; ns", ["none?"] = integer "runs that found nothing to do",
    ["ksoftirqd?"] = integer "runs in ksoftirqd",
  }),
  cpus = list(object {
    cpu = integer "", share = number "of its time in interrupts, 0 to 1", device_count = integer "device interrupts",
    ["top?"] = text "what takes most", most = number "the share of that",
  }),
  advice = list(text "a sentence"),
}, SESSIONS)

local REQUEST = {
  device = text "disk", queue = integer "", op = text "read, write, flush, ...", ["sector?"] = integer "the first",
  ["bytes?"] = integer "bytes", ["ns?"] = integer "from issued to completed; ns", stages = list(object {
    stage = text "", ns = integer "; ns", from = text "moment", to = text "moment" }),
  ["comm?"] = text "task that issued it", ["pid?"] = integer "", ["tid?"] = integer "", first_seen = text "moment",
  ["issue_cpu?"] = integer "", ["cpu?"] = integer "that completed it", ["completed_in?"] = text "hardirq, softirq, ...",
  ["irq?"] = integer "", ["depth?"] = integer "requests in flight when it was issued", requeues = integer "",
  ["status?"] = text "ok, or the error", ts_ns = integer "CLOCK_MONOTONIC; ns",
}
local OPEN = { ["open?"] = list(object(REQUEST), "Issued and not completed."), ["open_unknown?"] = text "why not" }

defs.virtblk = { oneOf = {
  object { disks = list(open_object { device = text "", dev = text "major:minor", queues = { type = "array" },
    features = list(text "of virtio") }, "With --disks.") },
} }
local QUEUE_COUNTS = {}
for name, about in pairs {
  interrupts = "interrupts", reaped = "requests taken from the ring in interrupts",
  without_work = "interrupts that found nothing", not_mine = "interrupts of another queue", kicks = "asked for",
  sent = "kicks that reached the device", suppressed = "kicks that were not needed",
} do
  QUEUE_COUNTS[name .. "?"] = integer(about)
end
for _, line in ipairs(report({
  rows = list(object(with(with(row_fields("virtblk", { what = true, order = true }, true), RECKONED), {
    ["share?"] = number "of the whole request's time, 0 to 1" })), "By disk, operation and stage; WHOLE: all of them."),
  queues = list(object(with(QUEUE_COUNTS, {
    device = text "", queue = integer "", ["irq?"] = integer "", requests = integer "completed",
    same_cpu = integer "completed where they were issued", other_cpu = integer "completed elsewhere",
    requeues = integer "", errors = integer "", bytes = integer "bytes", flush_ends = integer "ends of flushes",
    ["requests_per_interrupt?"] = number "", ["depth?"] = number "requests in flight, on average",
    ["depth_max?"] = integer "at the most",
  }))),
  ["hint?"] = text "what could be seen better now", ["open?"] = OPEN["open?"],
  ["open_unknown?"] = OPEN["open_unknown?"],
}, ENDING).oneOf) do
  table.insert(defs.virtblk.oneOf, line)
end
defs["virtblk-slow"] = report(with(OPEN, {
  threshold_us = integer "of -u; us", slow = integer "lines", slowest_ns = integer "; ns",
}), ENDING, object(with(with(REQUEST, TIME), { report = { const = "slow" } })))
defs["virtblk-stack"] = report({
  stacks = list(object { requests = integer "completed so", ["irq?"] = integer "", frames = ref "stack" }),
  without_stack = integer "requests without one",
}, ENDING)

local LIFE = open_object { irq = integer "", unmatched = list(text "what did not fit"), allocated = integer "vectors" }
defs["remap-trace"] = report({
  ["irtes?"] = list(object(with(with(row_fields "irte_intel", AVERAGES), {
    ["flush_avg_ns?"] = number "flush_ns over flushes; ns" })), "Entries that were written."),
  ["affinities?"] = list(object(with(row_fields "affinity", AVERAGES)), "CPUs that were asked for."),
  ["faults?"] = list(object(row_fields "fault_intel"), "What IOMMUs refused."),
  ["vectors?"] = list(LIFE, "What became of each IRQ's vectors."), ["cpus?"] = list(open_object { cpu = integer "" }),
  ["all_cpus?"] = { description = "What is left of all CPUs together; an empty list: nothing changed." },
  ["unseen?"] = integer "IRQs that moved without an event", ["unavailable?"] = { type = "object" },
  events = { type = "object", additionalProperties = { type = "integer" } }, out_of_order = integer "lines",
}, SESSIONS, open_object(with(TIME, { report = { const = "event" }, kind = text "of change", cpu = integer "" })))

defs.count, defs.biosize = keyed "Hits.", keyed "Sizes of block requests; bytes."
defs.latency, defs.runqlat = keyed "Times; ns.", keyed "Times that tasks waited for a CPU; ns."
defs.offcpu = keyed "Times that tasks slept; ns."
defs.execs = lines_of({ pid = integer "", ppid = integer "who started it", uid = integer "",
  was = integer "its old pid", comm = text "", file = text "" }, "A program that was started.")
defs.opens = lines_of({ pid = integer "", comm = text "", ret = integer "descriptor, or -errno", path = text "" },
  "A file that was opened.")
defs.tcpconnect = lines_of(nil, "A connection that was asked for.")
defs.trace = lines_of(nil, "A hit, with the fields that were asked for.")

local LEFT = object { cpu = integer "", left = integer "vectors", allocated = integer "vectors in use",
  managed = integer "kept for managed interrupts", managed_left = integer "of them not in use" }
local SEEN = open_object { ["name?"] = text "", ["count?"] = integer "runs", ["rate?"] = number "runs per second; 1/s",
  ["share?"] = number "of a CPU's time, 0 to 1", ["avg_ns?"] = number "; ns",
  ["max_ns?"] = integer "the longest since the start; ns" }
defs.top = report({
  cpus = list(SEEN), ["interrupts?"] = list(SEEN), ["softirqs?"] = list(SEEN), ["ipis?"] = list(SEEN),
  ["vectors?"] = list(LEFT), ["virtblk?"] = list(SEEN), ["remapping?"] = list(SEEN),
  not_traced = list(object { name = text "", why = text "" }),
}, SESSIONS)

-- ---- those that trace nothing ----

local STEP = open_object { phase = text "", question = text "", answer = text "" }
local CAUSE = { name = text "what refuses it", kind = text "config, policy, device, ...",
  ["remedy?"] = text "what to do" }
local TRIED = object { ["way?"] = text "of attaching, or of reading", ok = boolean "",
  ["skipped?"] = list(text "point that this kernel does not have"), ["reason?"] = text "why not",
  ["error?"] = text "EPERM", ["cause?"] = object(CAUSE) }
local ANSWER = object { name = text "of the function", title = text "what it traces", ok = boolean "some way works",
  ["way?"] = text "the best that works", tried = list(TRIED, "Best first.") }
local SCRIPT = object { name = text "", summary = text "", question = text "that it answers",
  has_options = boolean "", text = text "Markdown" }

local ARGUMENT = object { name = text "", type = text "as in C",
  ["members?"] = list(object { name = text "", type = text "as in C" }) }
defs.args = object { probes = list(object { name = text "", way = text "the best that can be told of",
  arguments = list(ARGUMENT, "As handlers are given them.") }) }
defs.doctor = object { kernel = text "release", can_trace = boolean "anything",
  rights = open_object { capabilities = list(text "CAP_BPF"), user = integer "effective user id" },
  tracers = list(ANSWER), probes = list(ANSWER), reading = list(ANSWER),
  causes = list(object(with(CAUSE, { ["reason?"] = text "the first that was met",
    refused = list(object { title = text "what it refuses", ["ways?"] = list(text "of attaching") }) }))) }
local QUESTION = object { question = text "", scripts = list(SCRIPT) }
defs.help = { anyOf = { open_object { questions = list(QUESTION) }, SCRIPT } }
defs.irqmap = { anyOf = {
  list(open_object { irq = integer "", source = text "where it comes from", actions = { type = "array" },
    missing = ref "missing" }),
  described({ type = "object" }, "With -c and --vector: what a CPU does with a vector."),
} }
local COUNTS_OF_VECTORS = { ["available?"] = integer "vectors that are left", ["allocated?"] = integer "in use",
  ["managed?"] = integer "kept for managed interrupts", ["managed_allocated?"] = integer "of them in use" }
defs.vectors = open_object(with({ cpus = list(open_object(with(COUNTS_OF_VECTORS, {
    cpu = integer "", counts = { type = "object", additionalProperties = { type = "integer" },
      description = "Vectors by state." },
    vectors = list(open_object { cpu = integer "", vector = integer "", state = text "used, free, system, ...",
      words = text "the same for people", ["irq?"] = integer "" }) }))),
  ["system?"] = list(open_object { vector = integer "", ["handler?"] = text "symbol" }),
  ["reserved?"] = integer "promised to interrupts that have none yet", ["first?"] = integer "that can be given",
  ["last?"] = integer "that can be given", ["partial?"] = boolean "only the vectors that interrupts have are known",
  ["missing?"] = ref "missing" }, COUNTS_OF_VECTORS))
defs.remap = open_object { verdict = text "", steps = list(STEP), ["enabled?"] = boolean "",
  ["missing?"] = ref "missing" }
defs.iommu = open_object { chains = list(open_object { kind = text "", verdict = text "", steps = list(STEP) }),
  units = { type = "array" }, ["missing?"] = ref "missing" }


-- Of a kernel without a pipeline only what was looked for; --watch adds lines of what changed.
local WAITING = { ["pending?"] = boolean "", ["held?"] = boolean "", ["stray?"] = boolean "logged, but not found" }
defs.pipeline = { anyOf = {
  open_object { ["kind?"] = { enum = { "I-pipe", "Dovetail" } },
    ["stages?"] = list(open_object { ["name?"] = text "", role = text "root, head, in-band or out-of-band" }),
    ["interrupts?"] = list(open_object { irq = integer "", role = text "of the stage", hits = integer "on all CPUs",
      flags = list(text ""), cpus = list(open_object(with({ cpu = integer "", hits = integer "" }, WAITING))) }),
    ["missing?"] = ref "missing",
    looked_for = list(object { symbol = text "", of = text "which pipeline's", found = boolean "" }) },
  object { report = { enum = { "interval", "total" } }, seconds = number "since the start; s",
    ["left_out?"] = integer "by --top", changes = list(open_object { irq = integer "", role = text "of the stage",
      hits = integer "that came since", pending = text "CPUs", held = text "CPUs", stray = text "CPUs" }) },
} }

-- ---- the file ----

local ORDER = { "$schema", "title", "description", "$ref", "type", "const", "enum", "items", "properties", "required",
  "additionalProperties", "$defs" }

local function names_in_order(value)
  local names, known = {}, {}
  for _, name in ipairs(ORDER) do
    names[#names + 1], known[name] = value[name] ~= nil and name or nil, true
  end
  local others = {}
  for name in pairs(value) do
    others[#others + 1] = not known[name] and name or nil
  end
  table.sort(others)
  for _, name in ipairs(others) do
    names[#names + 1] = name
  end
  return names
end

-- What fits on a line has one.
local function pretty(value, indent)
  local line = json.encode(value, ORDER)
  if type(value) ~= "table" or #line + #indent <= 120 then
    return line
  end
  local parts, inner, is_list = {}, indent .. "  ", line:find "^%["
  for _, name in ipairs(is_list and value or names_in_order(value)) do
    parts[#parts + 1] = inner .. (is_list and pretty(name, inner)
      or ("%s: %s"):format(json.encode(name), pretty(value[name], inner)))
  end
  local open, close = unpack(is_list and { "[", "]" } or { "{", "}" })
  return ("%s\n%s\n%s%s"):format(open, table.concat(parts, ",\n"), indent, close)
end

written.write_or_check({ ["docs/schema.json"] = pretty({
  ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
  title = "What packaged scripts of shark print with --json",
  description = "Each line is a JSON value of its own. Under $defs, by the name of the script, is what its lines " ..
    "are. Units stand behind a semicolon: ns, us, s, bytes, 1/s.",
  ["$defs"] = defs,
}, "") .. "\n" }, "the tracers say")
