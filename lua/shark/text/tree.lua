--- An interrupt's map as a tree of lines, from the device's side to the handler.

local fmt = require "shark.fmt"
local foreign = require "shark.text.foreign"

local M = {}

local function node(line, ...)
  return { line = line, ... }
end

local function add(parent, line, ...)
  local child = node(line, ...)
  parent[#parent + 1] = child
  return child
end

local function join(words, separator)
  return table.concat(words, separator or ", ")
end

-- ---- what the interrupt is ----

local function title(map)
  local names = {}
  for i, action in ipairs(map.actions or {}) do
    names[i] = action.name
  end
  return ("IRQ %d  %s"):format(map.irq, #names > 0 and join(names) or "(nobody requested it)")
end

local function add_device(tree, map)
  local device = map.device
  if device then
    add(tree, ("device %s%s%s"):format(device.pci or device.name, device.mode and ", " .. device.mode or "",
      device.driver and ", driver " .. device.driver or ""))
  end
end

-- ---- what the device sends ----

local function message_line(message)
  return ("address %s data %s: %s"):format(message.address, message.data, message.words)
end

local function add_msi(parent, msi)
  if not msi then
    return
  end
  local what = ("%s message%s"):format(msi.kind, msi.index and " " .. msi.index or "")
  if msi.live then
    local live = add(parent, ("%s, live in the device: %s"):format(what, message_line(msi.live)))
    add(live, msi.differs and "DIFFERS from what the kernel wrote: " .. message_line(msi.cached)
      or "the same as the kernel wrote")
    if msi.masked then
      add(live, "MASKED in the device")
    end
  elseif msi.cached then
    add(parent, ("%s, as the kernel wrote it: %s"):format(what, message_line(msi.cached)))
  end
end

-- ---- the IOMMU ----

local function copy_line(irte)
  local cached = irte.cached
  if not cached then
    return "the kernel's copy was not read"
  elseif not irte.differs and not irte.cleared then
    return "the same as the kernel's copy"
  end
  return ("%s %s: %s"):format(irte.cleared and "cleared, as the interrupt is not activated; the kernel's copy"
    or "DIFFERS from the kernel's copy", join(cached.raw, " "), join(cached.words))
end

local function add_irte(parent, irte)
  if not irte then
    return
  end
  local which = ("IRTE %d of %s%s"):format(irte.index, irte.iommu, irte.device
    and (", table of device %s"):format(irte.device) or "")
  if irte.live then
    local live = add(parent, ("%s, live %s: %s"):format(which, join(irte.live.raw, " "), join(irte.live.words)))
    add(live, copy_line(irte))
  elseif irte.cached then
    add(parent, ("%s, the kernel's copy %s: %s"):format(which, join(irte.cached.raw, " "), join(irte.cached.words)))
  else
    add(parent, which .. ": not read")
  end
  if irte.device_entry then
    add(parent, irte.device_entry.words)
  end
end

local function add_register(parent, name, decoded)
  if decoded then
    add(parent, ("%s %s: %s"):format(name, decoded.raw, #decoded.words > 0 and join(decoded.words) or "nothing set"))
  end
end

-- Registers in this order, if they were read.
local REGISTERS = {
  { "cap", "CAP" }, { "ecap", "ECAP" }, { "gcmd", "GCMD, as the kernel keeps it" }, { "gsts", "GSTS, live" },
  { "irta", "IRTA, live" }, { "fsts", "FSTS, live" }, { "efr", "EFR" }, { "efr2", "EFR2" },
  { "control", "control, live" }, { "status", "status, live" },
}

--- Adds an IOMMU to a tree.
--- @param parent table node @param unit table as shark.iommu has it
--- @return table node of the IOMMU
function M.add_iommu(parent, unit)
  local line = ("IOMMU %s"):format(unit.name)
  if unit.reg_phys then
    line = ("%s, segment %d, registers at %s"):format(line, unit.segment or 0, unit.reg_phys)
  end
  line = line .. (unit.irq and unit.irq > 0 and (", its own IRQ %d"):format(unit.irq) or "")
  local tree = add(parent, line)
  for _, entry in ipairs(REGISTERS) do
    add_register(tree, entry[2], unit[entry[1]])
  end
  if unit.table_phys then
    add(tree, ("interrupt table at %s, %s"):format(unit.table_phys, unit.table_words))
  end
  return tree
end

-- ---- the hierarchy ----

local function name_with(name, symbol)
  return symbol and symbol ~= name and ("%s (%s)"):format(name or "?", symbol) or (name or "?")
end

local function add_level(tree, map, level)
  local chip = name_with(level.chip, level.chip_symbol)
  local line = ("level %d: chip %s, hwirq %s"):format(level.level, chip, level.hwirq)
  if level.domain then
    line = ("%s, domain %s"):format(line, name_with(level.domain, level.ops))
  end
  local branch = add(tree, line)
  for _, word in ipairs(level.words or {}) do
    add(branch, word)
  end
  if level.has == "msi" then
    add_msi(branch, map.msi)
  elseif level.has == "irte" then
    add_irte(branch, map.irte)
    if map.iommu then
      M.add_iommu(branch, map.iommu)
    end
  end
end

-- ---- the CPU ----

local function add_vector(tree, map)
  local vector = map.vector
  if not vector then
    return
  end
  local branch = add(tree, ("vector %d (0x%02x) on CPU %d"):format(vector.number, vector.number, vector.cpu))
  if vector.idt then
    add(branch, "IDT entry: " .. vector.idt)
  end
  for _, word in ipairs(vector.words or {}) do
    add(branch, word)
  end
end

local function add_actions(parent, map)
  for _, action in ipairs(map.actions or {}) do
    local line = "action " .. action.name
    if action.handler then
      line = ("%s: %s"):format(line, action.handler)
    end
    local branch = add(parent, line)
    if action.thread_fn then
      add(branch, ("thread %s%s"):format(action.thread_fn, action.thread and ", " .. action.thread or ""))
    end
    if action.flag_words and #action.flag_words > 0 then
      add(branch, "flags " .. join(action.flag_words))
    end
  end
end

local function add_descriptor(tree, map)
  local parts = {}
  parts[#parts + 1] = map.descriptor and "irq_desc " .. map.descriptor or nil
  parts[#parts + 1] = map.handle_irq and ("flow handler %s"):format(map.handle_irq) or nil
  parts[#parts + 1] = map.flow and ("flow \"%s\""):format(map.flow) or nil
  parts[#parts + 1] = map.type and map.type .. " triggered" or nil
  parts[#parts + 1] = map.stage and map.stage .. " stage" or nil
  local branch = add(tree, #parts > 0 and join(parts) or "descriptor")
  if map.state and #map.state > 0 then
    add(branch, "state: " .. join(map.state))
  end
  add_actions(branch, map)
end

-- Only CPUs that count: a large machine has hundreds.
local function counts_line(map)
  local parts = {}
  for _, entry in ipairs(map.counts) do
    if entry.count > 0 then
      parts[#parts + 1] = ("CPU %d: %s"):format(entry.cpu, fmt.count(entry.count))
    end
  end
  local unit = map.count == 1 and "interrupt" or "interrupts"
  return ("%s %s%s"):format(fmt.count(map.count), unit, #parts > 0 and " (" .. join(parts) .. ")" or "")
end

-- ---- all of it ----

--- The tree of a map as irq.describe() gives it.
--- @param map shark.IrqMap @return table node { line, node... }
function M.of(map)
  local tree = node(title(map))
  if map.changed then
    add(tree, "NOT READ, " .. map.changed)
  end
  add_device(tree, map)
  for _, level in ipairs(map.levels or {}) do
    add_level(tree, map, level)
  end
  if not map.levels and map.chip then
    add(tree, ("chip %s%s"):format(map.chip, map.hwirq and (", hwirq %s"):format(map.hwirq) or ""))
  end
  if not map.levels then
    add_msi(tree, map.msi)
  end
  add_vector(tree, map)
  add_descriptor(tree, map)
  add(tree, counts_line(map))
  add(tree, "affinity: " .. join(map.affinity.words))
  for _, missing in ipairs(map.missing or {}) do
    add(tree, ("missing: %s: %s"):format(missing.what, missing.why))
  end
  return tree
end

local function render(tree, indent, lines)
  lines[#lines + 1] = indent .. foreign.line(tree.line)
  for _, child in ipairs(tree) do
    render(child, indent .. "  ", lines)
  end
  return lines
end

--- The tree as text, two blanks for each level; each node is one line.
--- @param tree table node @return string
function M.text(tree)
  return table.concat(render(tree, "", {}), "\n")
end

--- A tree of one's own.
--- @param line string @param ... table its children @return table node
M.node = node

--- Appends a child to a node.
--- @param parent table node @param line string @param ... table the child's children @return table child
M.add = add

return M
