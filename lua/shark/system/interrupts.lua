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

-- The numbers of a line, one for each CPU; some lines (ERR, MIS) have one only.
local function parse_counts(rest, cpus)
  local counts, total, at = {}, 0, 1
  for _, cpu in ipairs(cpus) do
    local count, rest_at = rest:match("^%s*(%d+)()", at) -- in place: lines of hundreds of CPUs are long
    if not count then
      break
    end
    counts[cpu], at = tonumber(count), rest_at
    total = total + counts[cpu]
  end
  return counts, total, rest:sub(at)
end

local function cpus_of(text)
  local cpus = {}
  for cpu in text:match("^[^\n]*"):gmatch("CPU(%d+)") do
    cpus[#cpus + 1] = tonumber(cpu)
  end
  return cpus
end

local function parse_line(line, cpus)
  local irq, rest = line:match("^%s*(%d+):(.*)$")
  if not irq then
    return nil
  end
  local counts, total
  counts, total, rest = parse_counts(rest, cpus)
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
  local by_irq, cpus = {}, cpus_of(text)
  for line in text:gmatch("[^\n]+") do
    local irq, entry = parse_line(line, cpus)
    if irq then
      by_irq[irq] = entry
    end
  end
  return by_irq
end

--- Parses the lines that have a name instead of a number: the system vectors of
--- /proc/interrupts ("LOC"), the softirqs of /proc/softirqs ("NET_RX").
--- @return table by_name name -> { count = over all CPUs, counts = { [cpu] = count } }
function M.parse_named(text)
  local by_name, cpus = {}, cpus_of(text)
  for line in text:gmatch("[^\n]+") do
    local name, rest = line:match("^%s*([%a][%w_]*):(.*)$")
    if name then
      local counts, total = parse_counts(rest, cpus)
      by_name[name] = { count = total, counts = counts }
    end
  end
  return by_name
end

local function read_text(path)
  local file, message = io.open(path)
  if not file then
    return nil, message
  end
  local text = file:read("*a")
  file:close()
  return text
end

local function read_and(parse, path, text)
  local message
  if not text then
    text, message = read_text(path)
  end
  return text and parse(text), message
end

--- Parses /proc/interrupts, as it is now or a text of it read before.
--- @param text string?
--- @return table? by_irq @return string? message
function M.read(text)
  return read_and(M.parse, "/proc/interrupts", text)
end

--- The same of its named lines.
--- @return table? by_name @return string? message
function M.read_named(text)
  return read_and(M.parse_named, "/proc/interrupts", text)
end

--- The same of /proc/softirqs.
--- @return table? by_name @return string? message
function M.read_softirqs(text)
  return read_and(M.parse_named, "/proc/softirqs", text)
end

--- Of what one of these returned: the counts of one CPU, or of all (nil).
--- @return table counts name -> count
function M.counts(entries, cpu)
  local counts = {}
  for name, entry in pairs(entries or {}) do
    counts[name] = cpu and (entry.counts[cpu] or 0) or entry.count
  end
  return counts
end

return M
