-- irqmap: an interrupt's way from the device through remapping and vector to its handler
local cli = require "shark.cli"
local graph = require "shark.text.graph"
local irqmap = require "shark.irqmap"
local out = require "shark.text.out"
local plain = require "shark.text.plain"
local rowtable = require "shark.rowtable"
local tree = require "shark.text.tree"

local NAME = "irqmap"

local parser = cli.parser(NAME, "An interrupt's way from the device through message, remapping, vector and " ..
  "descriptor to its handler, live. Without an IRQ: one line for each.")
parser:argument("wanted", "IRQ number, or the name of an action."):argname("IRQ"):args("?")
parser:mutex(cli.options(parser, { "irq", { "all", more = "The whole way of each." },
  { "vector", more = "With --cpu: what that CPU does with it." } }))
cli.options(parser, { { "cpu", more = "With --vector." }, "sort", "top", "wide" })
parser:mutex(parser:flag("--dot", "Print it for Graphviz."),
  cli.options(parser, { { "svg", more = "'-' is standard output." }, "json" }))
local options = parser:parse()
options.wanted = options.wanted or options.irq and tostring(options.irq)
if (options.vector ~= nil) ~= (options.cpu ~= nil) then
  parser:error "--vector and --cpu are for each other"
elseif options.vector and options.vector > 255 then
  parser:error(("there is no vector %d: they are 0 to 255"):format(options.vector))
end
local write_picture = options.svg and cli.writer(NAME, options.svg)

-- ---- which ones ----

local function checked(value, message)
  if not value then
    cli.fail(NAME, message)
  end
  return value
end

local function wanted_maps()
  if not options.wanted then
    return checked(irqmap.describe_all())
  end
  local maps = {}
  for i, irq in ipairs(checked(irqmap.find(options.wanted))) do
    maps[i] = checked(irqmap.describe(irq))
  end
  return maps
end

-- ---- one line for each ----

local columns = {
  rowtable.IRQ, rowtable.CPU,
  { title = "VECTOR", field = "vector", key = true },
  { title = "IRTE", field = "irte", left = true, rank = 2 },
  { title = "CHIP", field = "chip", left = true, rank = 3 },
  { title = "FLOW", field = "flow", left = true, rank = 4 },
  rowtable.COUNT,
  { title = "HANDLER", field = "handler", left = true, cut = true, rank = 1 },
  { title = "ACTION", field = "action", left = true, cut = true },
}

local function names_of(map, field)
  local names = {}
  for _, action in ipairs(map.actions) do
    names[#names + 1] = action[field] and action[field] or nil
  end
  return #names > 0 and table.concat(names, ", ") or nil
end

local function row_of(map)
  local irte, vector = map.irte, map.vector
  return {
    irq = map.irq, cpu = vector and vector.cpu, vector = vector and vector.number,
    chip = map.chip,
    irte = irte and ("%s %d"):format(irte.iommu or irte.device, irte.index), count = map.count,
    flow = map.handle_irq or map.flow,
    handler = names_of(map, "handler"), action = names_of(map, "name"),
  }
end

-- What is missing, once for all IRQs, with the first reason.
local function print_missing(maps)
  local reasons, order = {}, {}
  for _, map in ipairs(maps) do
    for _, missing in ipairs(map.missing) do
      local known = reasons[missing.what]
      if not known then
        known = { why = missing.why, count = 0 }
        reasons[missing.what] = known
        order[#order + 1] = missing.what
      end
      known.count = known.count + 1
    end
  end
  for _, what in ipairs(order) do
    local known = reasons[what]
    out.line("missing: %s (%d IRQ%s): %s", what, known.count, known.count > 1 and "s" or "", known.why)
  end
end

local function print_changed(maps)
  for _, map in ipairs(maps) do
    if map.changed then
      out.line("IRQ %d: %s", map.irq, map.changed)
    end
  end
end

local function print_table(maps)
  local rows = {}
  for i, map in ipairs(maps) do
    rows[i] = row_of(map)
  end
  local shown, left_out = cli.arranged(NAME, options, columns, rows)
  out.table(columns, shown, { left_out = left_out })
  print_changed(maps)
  print_missing(maps)
end

-- ---- output ----

local ORDER = { "irq", "source", "changed", "device", "pci", "mode", "driver", "msi", "kind", "index", "cached", "live",
  "differs", "irte", "iommu", "vector", "cpu", "number", "idt", "descriptor", "handle_irq", "flow", "type", "stage",
  "state", "actions", "name", "handler", "thread_fn", "thread", "flags", "count", "counts", "affinity", "asked",
  "effective", "pending", "levels", "level", "chip", "chip_symbol", "domain", "ops", "hwirq", "words", "raw", "fields",
  "missing" }

local function print_trees(maps)
  for i, map in ipairs(maps) do
    if i > 1 then
      out.line("")
    end
    out.lines(tree.text(tree.of(map)))
  end
end

local function print_vector(slot)
  if options.json then
    out.json(plain(slot), ORDER)
    return
  end
  out.line("CPU %d, vector %d (0x%02x): %s", slot.cpu, slot.vector, slot.vector, slot.words)
  out.line("  IDT entry: %s", slot.idt or "not read")
  if slot.map then
    print_trees { slot.map }
  end
end

if options.vector then
  print_vector(checked(irqmap.describe_vector(options.cpu, options.vector)))
else
  local maps = wanted_maps()
  if options.json then
    out.json(plain(maps), ORDER)
  elseif options.dot then
    out.raw(graph.dot(maps))
  elseif options.svg then
    write_picture(graph.svg(maps) .. "\n")
  elseif options.wanted or options.all then
    print_trees(maps)
  else
    print_table(maps)
  end
end
