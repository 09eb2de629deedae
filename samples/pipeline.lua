-- pipeline: is there an interrupt pipeline (I-pipe, Dovetail), its stages, and which interrupts wait in it
local cli = require "shark.cli"
local out = require "shark.text.out"
local pipeline = require "shark.pipeline"

local NAME = "pipeline"

local parser = cli.parser(NAME, "The interrupt pipeline of kernels with I-pipe or Dovetail: its domains or stages, " ..
  "and every interrupt with its handler, flags, counts and whether it waits.")
cli.options(parser, { "irq", "cpu", { "all", more = "Interrupts that nobody uses." }, "sort", "top" })
parser:flag("--watch", "Go on, and print what changed.")
cli.add_run_options(parser)
local options = parser:parse()

-- ---- reading ----

local function is_wanted(row)
  return (not options.irq or row.irq == options.irq) and (options.all or options.irq or not row.quiet)
end

-- Of this CPU only.
local function of_cpu(row)
  if not options.cpu then
    return row
  end
  row.hits = 0
  local cpus = {}
  for _, entry in ipairs(row.cpus) do
    if entry.cpu == options.cpu then
      cpus[1], row.hits = entry, entry.hits
    end
  end
  row.cpus = cpus
  return row
end

local function check_cpu(found)
  for _, entry in ipairs(found.stages[1].cpus) do
    if entry.cpu == options.cpu then
      return
    end
  end
  cli.fail(NAME, ("CPU %d is not online"):format(options.cpu))
end

local function read()
  local found, message = pipeline.read()
  if not found then
    cli.fail(NAME, message)
  elseif not found.kind then
    return found
  elseif options.cpu then
    check_cpu(found)
  end
  local rows, quiet = {}, 0
  for _, row in ipairs(found.interrupts) do
    quiet = quiet + (row.quiet and 1 or 0)
    rows[#rows + 1] = is_wanted(row) and of_cpu(row) or nil
  end
  found.interrupts, found.left_out_quiet = rows, not (options.all or options.irq) and quiet or nil
  return found
end

-- ---- text ----

local COLUMNS = {
  { title = "IRQ", field = "irq", key = true }, { title = "STAGE", field = "stage", left = true, cut = 8 },
  { title = "KIND", field = "kind", left = true, rank = 3 },
  { title = "ALLOCATED", field = "is_allocated", left = true, rank = 5 },
  { title = "FLAGS", field = "words", left = true, rank = 1 },
  { title = "HITS", field = "hits", most = true }, { title = "PENDING", field = "pending", left = true },
  { title = "HELD", field = "held", left = true, rank = 2 },
  { title = "HANDLER", field = "handler", left = true, cut = true },
  { title = "ACK", field = "ack", left = true, cut = true, rank = 4 },
  { title = "FOR", field = "use", left = true, cut = true, rank = 1 },
}

local function yes_no(value)
  if value == nil then
    return nil
  end
  return value and "yes" or "no"
end

-- Without nothing: a dash says it.
local function some(text)
  return text ~= "" and text or nil
end

local function waiting(row)
  local stray = pipeline.cpus(row, "stray")
  local words = { some(pipeline.cpus(row, "pending")) }
  words[#words + 1] = stray ~= "" and ("(stray: %s)"):format(stray) or nil
  return some(table.concat(words, " "))
end

local function shown(row)
  return {
    irq = row.irq, stage = row.stage, kind = row.kind, is_allocated = yes_no(row.allocated), hits = row.hits,
    words = some(table.concat(row.flags, " ")),
    pending = waiting(row),
    held = some(pipeline.cpus(row, "held")), handler = row.handler or row.flow, ack = row.ack,
    use = row.own or row.actions and some(table.concat(row.actions, ", ")) or row.cookie,
  }
end

local function print_stage(stage)
  local stalled, unknown = {}, 0
  for _, entry in ipairs(stage.cpus) do
    stalled[#stalled + 1] = entry.stalled and entry.cpu or nil
    unknown = unknown + (entry.stalled == nil and 1 or 0)
  end
  out.line("%s stage %s: %s", stage.role, stage.name or "without a name",
    unknown == #stage.cpus and "whether it is stalled is not known"
    or #stalled == 0 and "stalled on no CPU" or "stalled on CPU " .. table.concat(stalled, ", "))
end

local function print_numbers(found)
  local numbers = found.numbers
  if not numbers.log_levels then
    return
  end
  out.line("%d interrupts%s, logs of %d levels with words of %d bits", numbers.interrupts, numbers.first_virtual
    and (", virtual ones from %d"):format(numbers.first_virtual) or "", numbers.log_levels, numbers.word_bits)
end

local function print_head(found)
  out.line("%s%s%s", found.kind, found.version and (", version %s"):format(found.version) or "",
    found.release and (", in Linux %s"):format(found.release) or "")
  for _, stage in ipairs(found.stages) do
    print_stage(stage)
  end
  print_numbers(found)
end

local function print_missing(found)
  for _, missing in ipairs(found.missing) do
    out.line("missing: %s: %s", missing.what, missing.why)
  end
end

-- Dovetail holds nothing back.
local function columns_of(found)
  local columns = {}
  for _, column in ipairs(COLUMNS) do
    local is_there = column.field ~= "held" or found.kind == "I-pipe"
    columns[#columns + 1] = is_there and column or nil
  end
  return columns
end

local function print_found(found)
  print_head(found)
  local columns = columns_of(found)
  local rows = {}
  for i, row in ipairs(found.interrupts) do
    rows[i] = shown(row)
  end
  local list, left_out = cli.arranged(NAME, options, columns, rows)
  out.line("")
  out.table(columns, list, { left_out = left_out })
  if (found.left_out_quiet or 0) > 0 then
    out.line("left out (--all): %d interrupts that nobody uses", found.left_out_quiet)
  end
  print_missing(found)
end

local CHANGES = {
  COLUMNS[1], COLUMNS[2], { title = "CAME", field = "hits", most = true },
  { title = "PENDING", field = "pending", left = true, format = some }, { title = "HELD", field = "held", left = true,
    format = some }, { title = "HANDLER", field = "handler", left = true, cut = true },
}

local function print_changes(report)
  if report.report == "interval" then
    out.line("\n%s", os.date("%H:%M:%S"))
  else
    out.line("\ninterrupts that came or wait otherwise than before, %.1f s", report.seconds)
  end
  out.table(CHANGES, report.changes, { left_out = report.left_out })
end

local function print_verbose(found)
  for _, entry in ipairs(shark.verbose and found.looked_for or {}) do
    out.complain("shark %s: %s, of %s: %s", NAME, entry.symbol, entry.of, entry.found and "there" or "not there")
  end
end

-- ---- going on ----

local ORDER = { "kind", "release", "version", "stages", "name", "role", "numbers", "interrupts", "left_out",
  "irq", "stage", "allocated", "flags", "control", "hits", "cpus", "cpu", "stalled", "pending", "held", "stray",
  "handler", "ack", "missing", "looked_for" }

local function watch(first)
  local last = first
  cli.run {
    name = NAME, title = "the interrupt pipeline", options = options, opens_more = true, show = print_changes,
    order = { "changes", "irq", "stage", "role", "kind", "hits", "pending", "held", "stray", "handler", "own" },
    report = function(before)
      local now = read()
      local changes = pipeline.changes(before and last or first, now)
      local rows, left_out = cli.arranged(NAME, options, CHANGES, changes)
      last = now
      return { changes = rows, left_out = left_out > 0 and left_out or nil }, {}
    end,
  }
end

local found = read()
print_verbose(found)
if options.json then
  out.json(found, ORDER)
elseif not found.kind then
  out.line("no interrupt pipeline: the kernel has no symbol of I-pipe or Dovetail")
else
  print_found(found)
end
local goes_on = options.watch or options.interval or options.duration or #options.command > 0
if found.kind and goes_on then
  options.interval = options.interval or 1
  watch(found)
end
