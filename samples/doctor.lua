-- doctor: what can be traced here, and of what cannot, what refuses it and what to do
local cli = require "shark.cli"
local doctor = require "shark.doctor"
local out = require "shark.text.out"
local wrap = require "shark.text.wrap"

local NAME = "doctor"
local WIDTH, INDENT = 80, 32

local parser = cli.parser(NAME, "Tries all that shark can trace, each way into the kernel, and says what refuses " ..
  "the rest: a capability, a kernel option, lockdown, a sysctl. Exit status 1 if nothing can be traced.")
cli.options(parser, { { "all", more = "The ways behind one that works, and every reason." }, "json", "wide" })
local options = parser:parse()

local report, why_not = doctor.examine { all = options.all }
if not report then
  cli.fail(NAME, why_not)
end
report.causes = doctor.causes(report)

-- ---- text ----

local function hanging(first, text, indent)
  for i, line in ipairs(wrap.lines(text, WIDTH - indent)) do
    out.line("%-" .. indent .. "s%s", i == 1 and first or "", line)
  end
end

-- "fentry: a rule of this machine; kprobe: CONFIG_KPROBE_EVENTS"
local function refusals(answer)
  local parts = {}
  for i, cause in ipairs(doctor.causes { tracers = { answer }, probes = {}, reading = {} }) do
    local ways = table.concat(cause.refused[1].ways, ", ")
    parts[i] = (ways ~= "" and ways .. ": " or "") .. cause.name
  end
  return table.concat(parts, "; ")
end

local function verdict(answer)
  if not answer.ok then
    return "NO: " .. refusals(answer)
  end
  local ways = {}
  for _, entry in ipairs(answer.tried) do
    ways[#ways + 1] = entry.ok and entry.way or nil
  end
  local refused = refusals(answer)
  return ("yes, by %s%s"):format(table.concat(ways, ", "), refused ~= "" and ("; not " .. refused) or "")
end

local function print_answers(title, answers)
  out.line("\n%s", title)
  for _, answer in ipairs(answers) do
    hanging("  " .. answer.title, verdict(answer), INDENT)
  end
end

local function print_process()
  local rights = report.rights
  out.line("Linux %s; user %d%s, lockdown: %s", report.kernel, rights.user,
    rights.in_user_namespace and " of a user namespace" or "", rights.lockdown or "not told")
  local sysctls = {}
  for name, value in pairs(rights.sysctls) do
    sysctls[#sysctls + 1] = ("kernel.%s=%d"):format(name, value)
  end
  table.sort(sysctls)
  hanging("sysctls: ", table.concat(sysctls, " "), 14)
  hanging("capabilities: ", #rights.capabilities > 0 and table.concat(rights.capabilities, " ")
    or "none of those that tracing asks for", 14)
end

local function refused_by(cause)
  local parts = {}
  for i, entry in ipairs(cause.refused) do
    parts[i] = entry.title .. (#entry.ways > 0 and (" (%s)"):format(table.concat(entry.ways, ", ")) or "")
  end
  return table.concat(parts, ", ")
end

local function print_causes()
  out.line("\n%s", #report.causes > 0 and "What refuses, and what to do" or "Nothing was refused.")
  for _, cause in ipairs(report.causes) do
    hanging("  ", cause.name, 2)
    hanging("    ", "refused: " .. refused_by(cause), 4)
    if cause.name ~= cause.reason and (options.all or not cause.remedy) then
      hanging("    ", "because " .. cause.reason, 4)
    end
    if cause.remedy then
      hanging("    -> ", cause.remedy, 7)
    end
  end
end

if options.json then
  out.json(report, { "kernel", "can_trace", "rights", "tracers", "probes", "reading", "name", "title", "ok", "way",
    "tried", "skipped", "reason", "error", "cause", "causes", "kind", "remedy", "refused", "ways" })
else
  print_process()
  print_answers("Traces", report.tracers)
  print_answers("Probes written in Lua", report.probes)
  print_answers("What is read", report.reading)
  print_causes()
end
if not report.can_trace then
  os.exit(1, true)
end
