--- What /proc/interrupts says: which device, chip and count belong to an IRQ.

local M = {}

-- "PCI-MSIX-0000:00:02.0   1-edge      virtio1-req.0": chip, hwirq and flow,
-- actions (kernel/irq/proc.c, show_interrupts()). An IRQ without a domain has
-- no hwirq, one without an action ends there.
local function describe(text)
  local chip, hwirq, rest = text:match("^%s*(%S.-)%s+(%d+)(.*)$")
  if not chip then
    return text:match("^%s*(%S*)"), nil, nil, text:match("^%s*%S+%s+(%S.*)$")
  end
  local flow, actions = rest:match("^%-?(%S*)%s*(.-)%s*$")
  return chip, tonumber(hwirq), flow ~= "" and flow or nil, actions
end

local function split(actions)
  local list = {}
  for name in (actions or ""):gmatch("[^,%s][^,]*") do
    list[#list + 1] = name
  end
  return list
end

local function parse_line(line, cpus)
  local irq, rest = line:match("^%s*(%d+):(.*)$")
  if not irq then
    return nil
  end
  local counts, total = {}, 0
  for _, cpu in ipairs(cpus) do
    local count, after = rest:match("^%s*(%d+)(.*)$")
    counts[cpu], rest = tonumber(count), after
    total = total + counts[cpu]
  end
  local chip, hwirq, flow, actions = describe(rest)
  return tonumber(irq), {
    irq = tonumber(irq), counts = counts, count = total, chip = chip, hwirq = hwirq,
    flow = flow, actions = split(actions),
  }
end

--- Parses the text of /proc/interrupts; numbered IRQs only.
--- @return table by_irq irq -> { irq, chip, hwirq, flow = "edge", actions = {...},
---   count = over all CPUs, counts = { [cpu] = count } }
function M.parse(text)
  local by_irq, cpus = {}, {}
  local header = text:match("^[^\n]*")
  for cpu in header:gmatch("CPU(%d+)") do
    cpus[#cpus + 1] = tonumber(cpu)
  end
  for line in text:gmatch("[^\n]+") do
    local irq, entry = parse_line(line, cpus)
    if irq then
      by_irq[irq] = entry
    end
  end
  return by_irq
end

--- Reads and parses /proc/interrupts.
--- @return table? by_irq @return string? message
function M.read()
  local file, message = io.open("/proc/interrupts")
  if not file then
    return nil, message
  end
  local text = file:read("*a")
  file:close()
  return M.parse(text)
end

return M
