--- What a set of interrupt rates means: who hogs which CPU, what comes in bursts,
-- and what can be done.

local M = {}

-- From here on a figure is worth a line. A CPU that spends a fifth of its time in
-- interrupts is felt by what else runs there; below a thousand a second no rate is.
M.LIMITS = { cpu_share = 0.2, rate = 1000, burst = 4, silent = 0.5, lopsided = 0.9, ksoftirqd = 0.2 }

-- Each looks at one thing and returns a sentence, or nil.
local checks = {}

function checks.cpu_hog(figures, limits)
  local lines = {}
  for _, cpu in ipairs(figures.cpus) do
    if cpu.share >= limits.cpu_share then
      local top = cpu.top and (", most of it in %s"):format(cpu.top) or ""
      lines[#lines + 1] = ("CPU %d spends %.0f%% of its time in interrupts%s: move work away from it, or " ..
        "interrupts (/proc/irq/N/smp_affinity)."):format(cpu.cpu, cpu.share * 100, top)
    end
  end
  return lines
end

function checks.coalescing(figures, limits)
  local lines = {}
  for _, source in ipairs(figures.sources) do
    if source.kind == "IRQ" and source.rate >= limits.rate * 20 then
      lines[#lines + 1] = ("%s comes %.0f times a second: let the device coalesce (ethtool -C, a deeper queue).")
        :format(source.name, source.rate)
    end
  end
  return lines
end

function checks.bursts(figures, limits)
  local lines = {}
  for _, source in ipairs(figures.sources) do
    if source.rate >= limits.rate / 10 and source.peak_rate >= limits.rate and
      source.peak_rate >= limits.burst * source.rate then
      lines[#lines + 1] = ("%s comes in bursts: %.0f a second at its peak, %.0f on average.")
        :format(source.name, source.peak_rate, source.rate)
    end
  end
  return lines
end

function checks.silent_devices(figures, limits)
  local lines = {}
  for _, source in ipairs(figures.sources) do
    if source.none and source.count >= 100 and source.none >= limits.silent * source.count then
      lines[#lines + 1] = ("%s: %.0f%% of its calls found nothing to do (IRQ_NONE): it shares its line with " ..
        "another device, or interrupts are spurious."):format(source.name, source.none / source.count * 100)
    end
  end
  return lines
end

function checks.lopsided(figures, limits)
  local most, total = nil, 0
  for _, cpu in ipairs(figures.cpus) do
    total = total + cpu.device_count
    most = (not most or cpu.device_count > most.device_count) and cpu or most
  end
  if #figures.cpus < 2 or total < limits.rate * figures.seconds or most.device_count < limits.lopsided * total then
    return {}
  end
  return { ("CPU %d takes %.0f%% of all device interrupts: spread them (irqbalance, /proc/irq/N/smp_affinity).")
    :format(most.cpu, most.device_count / total * 100) }
end

function checks.ksoftirqd(figures, limits)
  local lines = {}
  for _, source in ipairs(figures.sources) do
    if source.ksoftirqd and source.count >= 100 and source.ksoftirqd >= limits.ksoftirqd * source.count then
      lines[#lines + 1] = ("%s runs in ksoftirqd %.0f%% of the time: the CPU does not keep up with it.")
        :format(source.name, source.ksoftirqd / source.count * 100)
    end
  end
  return lines
end

local ORDER = { "cpu_hog", "lopsided", "coalescing", "bursts", "silent_devices", "ksoftirqd" }

--- The highest rates of a session's rows, which is looked at often: bursts that an average
--- hides. peaks:sample(now_s) looks; peaks:note(key, rate) adds a rate that was measured
--- otherwise; peaks:of(key, all) is the highest since the last peaks:end_window(), or of all
--- the time. Keys are those of session:key(row).
--- @param session shark.Session @param least_s number a rate is told over no less than so many seconds
--- @return shark.Peaks
function M.peaks(session, least_s)
  return require("shark.trace.peaks").new(session, least_s)
end

--- What to say about the figures of a window.
--- @param figures table
---   seconds  number
---   cpus     { {cpu, share = of its time 0..1, top = name?, device_count}, ... }
---   sources  { {kind = "IRQ"|"softirq"|"vector", name, cpu, count, rate, peak_rate, none?, ksoftirqd?}, ... }
--- @return string[] advice, most urgent first
function M.advice(figures)
  local advice = {}
  for _, name in ipairs(ORDER) do
    for _, line in ipairs(checks[name](figures, M.LIMITS)) do
      advice[#advice + 1] = line
    end
  end
  return advice
end

return M
