-- remap: is interrupt remapping on, why not, and every entry in use with its IRQ
local chain_text = require "shark.text.chain"
local cli = require "shark.cli"
local out = require "shark.text.out"
local plain = require "shark.text.plain"
local remap = require "shark.remap"
local rowtable = require "shark.rowtable"

local NAME = "remap"

local parser = cli.parser(NAME, "Interrupt remapping: its state, the conditions that the kernel asked and which one " ..
  "decided, and every entry in use with its IRQ and device.")
parser:flag("--state", "Only the state.")
cli.options(parser, { "sort", "top", "json", "wide" })
local options = parser:parse()

local state = remap.state()

local function missing_entries(message)
  table.insert(state.missing, { what = "entries of the interrupt remapping tables", why = message })
end

if not options.state then
  local entries, message = remap.entries()
  state.entries = entries
  if not entries then
    missing_entries(message)
  end
end

-- ---- text ----

local function print_ops()
  local ops = state.ops
  if ops == nil then
    return
  elseif not ops then
    out.line("irq_remap_ops: none are active (remap_ops is NULL)")
    return
  end
  out.line("irq_remap_ops: %s", ops.name or "without a name")
  for _, pointer in ipairs(ops.pointers) do
    out.line("  %-16s %s", pointer.field, pointer.symbol)
  end
end

local columns = {
  { title = "IOMMU", field = "iommu", left = true }, { title = "TABLE-OF", field = "device", left = true, rank = 3 },
  { title = "IRTE", field = "index", key = true }, rowtable.IRQ,
  { title = "FORMAT", field = "format", left = true, rank = 2 },
  { title = "VECTOR", field = "vector", key = true }, { title = "DEST", field = "dest" },
  { title = "SOURCE", field = "source", left = true, rank = 1 },
  { title = "ACTION", field = "action", left = true, cut = true },
}

-- A logical destination is a mask of APICs, not an id.
local function dest_of(decoded)
  local form = decoded.dest_mode == "logical" and "mask 0x%x" or "%d"
  return decoded.dest and form:format(decoded.dest)
end

local function row_of(entry)
  local decoded = entry.entry
  return {
    iommu = entry.iommu, device = entry.device, index = entry.index, irq = entry.irq, format = decoded.format,
    vector = decoded.vector, dest = dest_of(decoded), source = decoded.source,
    action = entry.actions and table.concat(entry.actions, ", ") or "(no IRQ has it)",
  }
end

local function print_entries()
  local rows = {}
  for i, entry in ipairs(state.entries) do
    rows[i] = row_of(entry)
  end
  out.line("\n%d entries are present", #rows)
  if #rows > 0 then
    local shown, left_out = cli.arranged(NAME, options, columns, rows)
    out.table(columns, shown, { left_out = left_out })
  end
end

local function print_text()
  out.line("%s", state.verdict)
  out.lines(chain_text.lines(state.steps, state.decisive))
  print_ops()
  if state.entries then
    print_entries()
  end
  for _, missing in ipairs(state.missing) do
    out.line("missing: %s: %s", missing.what, missing.why)
  end
end

if options.json then
  out.json(plain(state), { "verdict", "enabled", "why", "kind", "mode", "ops", "name", "pointers", "field",
    "symbol", "steps", "phase", "question", "ok", "answer", "decisive", "entries", "iommu", "device", "index", "irq",
    "actions", "pci", "entry", "missing", "what" })
else
  print_text()
end
