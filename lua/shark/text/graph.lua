--- Interrupt maps as pictures: a chain of boxes from device to handler for each
-- IRQ, for Graphviz (dot) and as SVG.

local fmt = require "shark.fmt"
local foreign = require "shark.text.foreign"

local M = {}

local text = fmt.printable

-- ---- boxes ----

-- The columns, in the direction of the interrupt.
local COLUMNS = { "device", "message", "IRTE", "vector", "irq_desc", "action" }

local function device_box(map)
  local device = map.device
  if device then
    return { id = "device " .. (device.pci or device.name), lines = { text(device.pci or device.name), device.mode,
      device.driver and text(device.driver) } }
  end
  return { id = "chip " .. tostring(map.chip), lines = { text(map.chip or "?") } }
end

local function message_box(map)
  local message = map.msi and (map.msi.live or map.msi.cached)
  if message then
    return { id = "message " .. map.irq, lines = { map.msi.kind .. (map.msi.index and " " .. map.msi.index or ""),
      message.address .. " " .. message.data, message.format } }
  end
  local pin = map.pin
  return pin and { id = "pin " .. map.irq, lines = { pin } } or nil
end

local function irte_box(map)
  local irte = map.irte
  local entry = irte and (irte.live or irte.cached)
  if entry then
    return { id = "irte " .. map.irq, lines = { ("IRTE %d"):format(irte.index), text(irte.iommu or irte.device or ""),
      entry.present and entry.format or "NOT present" } }
  end
end

local function vector_box(map)
  local vector = map.vector
  if vector then
    return { id = ("vector %d %d"):format(vector.cpu, vector.number),
      lines = { ("CPU %d"):format(vector.cpu), ("vector %d"):format(vector.number) } }
  end
end

local function descriptor_box(map)
  return { id = "irq " .. map.irq, lines = { ("IRQ %d"):format(map.irq), map.handle_irq and text(map.handle_irq)
    or map.flow and text(map.flow), fmt.count(map.count) .. " interrupts" } }
end

local function compact(box)
  local lines = {}
  for i = 1, 4 do
    lines[#lines + 1] = box.lines[i] or nil
  end
  box.lines = lines
  return box
end

--- The boxes of a map: rows of { column, id, lines }, and the ids that are joined.
--- Boxes with the same id are the same thing.
local function chain(map)
  local boxes = {}
  for i, make in ipairs { device_box, message_box, irte_box, vector_box, descriptor_box } do
    local box = make(map)
    if box then
      box.column = i
      boxes[#boxes + 1] = compact(box)
    end
  end
  for i, action in ipairs(map.actions) do
    boxes[#boxes + 1] = compact { column = 6, id = ("action %d %d"):format(map.irq, i), after = "irq " .. map.irq,
      lines = { text(action.name), action.handler and text(action.handler) } }
  end
  for i = 2, #boxes do
    boxes[i].after = boxes[i].after or boxes[i - 1].id
  end
  return boxes
end

-- ---- Graphviz ----

--- @param maps shark.IrqMap[]
--- @return string text for dot(1)
function M.dot(maps)
  local out, seen = { "digraph irqmap {", "  rankdir=LR;", "  node [shape=box, fontname=\"monospace\"];" }, {}
  for _, map in ipairs(maps) do
    for _, box in ipairs(chain(map)) do
      if not seen[box.id] then
        out[#out + 1] = ("  %s [label=%s];"):format(foreign.dot(box.id), foreign.dot(unpack(box.lines)))
        seen[box.id] = true
      end
      if box.after then
        out[#out + 1] = ("  %s -> %s;"):format(foreign.dot(box.after), foreign.dot(box.id))
      end
    end
  end
  out[#out + 1] = "}"
  return table.concat(out, "\n")
end

-- ---- SVG ----

local WIDTH, GAP, LINE, PAD, MARGIN = 210, 40, 16, 8, 20

-- What is too long for a box is cut; the whole of it is the box's title.
local function svg_line(words)
  local most = math.floor((WIDTH - 2 * PAD) / 7.3)
  local shown = foreign.line(words)
  return foreign.xml(foreign.width(shown) > most and foreign.cut(shown, most - 2) .. ".." or shown)
end

local function svg_box(box, x, y)
  local height = #box.lines * LINE + 2 * PAD
  local out = { ('<g><title>%s</title><rect x="%d" y="%d" width="%d" height="%d" rx="4"/>')
    :format(foreign.xml(table.concat(box.lines, "\n")), x, y, WIDTH, height) }
  for i, line in ipairs(box.lines) do
    out[#out + 1] = ('<text x="%d" y="%d">%s</text>'):format(x + PAD, y + PAD + i * LINE - 4, svg_line(line))
  end
  out[#out + 1] = "</g>"
  return table.concat(out), height
end

local function svg_arrow(from, to)
  return ('<path d="M%d %d L%d %d" marker-end="url(#tip)"/>'):format(from.x + WIDTH, from.y + 20, to.x - 2, to.y + 20)
end

-- One IRQ: its boxes side by side, several actions below one another.
local function svg_row(map, top, out)
  local places, bottom, action_y = {}, top, top
  for _, box in ipairs(chain(map)) do
    local place = { x = MARGIN + (box.column - 1) * (WIDTH + GAP), y = box.column == 6 and action_y or top }
    local drawing, height = svg_box(box, place.x, place.y)
    places[box.id] = place
    out[#out + 1] = drawing
    if box.after then
      out[#out + 1] = svg_arrow(places[box.after], place)
    end
    action_y = box.column == 6 and action_y + height + PAD or action_y
    bottom = math.max(bottom, place.y + height)
  end
  return bottom + MARGIN
end

local STYLE = "<style>rect{fill:#f4f7fb;stroke:#35506b}text{font:12px monospace;fill:#12202e}" ..
  "path{stroke:#35506b;fill:none}</style><defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" " ..
  "markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\"><path d=\"M0 0 L8 4 L0 8 z\" style=\"fill:#35506b\"/>" ..
  "</marker></defs>"

--- @param maps shark.IrqMap[]
--- @return string text of an SVG file
function M.svg(maps)
  local out, y = {}, MARGIN
  for i, name in ipairs(COLUMNS) do
    out[#out + 1] = ('<text x="%d" y="%d">%s</text>'):format(MARGIN + (i - 1) * (WIDTH + GAP), y, name)
  end
  y = y + MARGIN
  for _, map in ipairs(maps) do
    y = svg_row(map, y, out)
  end
  local width = 2 * MARGIN + #COLUMNS * (WIDTH + GAP) - GAP
  return ('<?xml version="1.0" encoding="UTF-8"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" ' ..
    'viewBox="0 0 %d %d">\n<rect width="100%%" height="100%%" style="fill:#fff;stroke:none"/>%s\n%s\n</svg>')
    :format(width, y, width, y, STYLE, table.concat(out, "\n"))
end

return M
