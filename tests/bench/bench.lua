--- make bench: every target of shark's performance, side by side with the peers.
--
-- A target is a table:
--   name, title    string
--   unit, scale    what is printed: a sample divided by scale, with the unit
--   ours, theirs   fun(): number  take one sample, or raise why they cannot
--   at_most        number  limit of ours / theirs; or
--   at_least       number  likewise; or
--   most           number  limit of ours alone (no theirs)
--   beyond         fun(found, limit): string?  why a limit that was missed cannot
--                  be reached with what this machine offers
-- Measuring adds result: { ours, theirs (see stats.of()), and what verdict.of() says };
-- why, when it is "not measured": with what was found, or alone.
local here = arg[0]:gsub("[^/]+$", "")
package.path = here .. "?.lua;" .. here .. "../lib/?.lua;" .. package.path
local cli = require "shark.cli"
local pairing = require "pairing"
local peers = require "peers"
local report = require "report"
local tool = require "tool"
local uv = require "uv"
local verdict = require "verdict"

local NAME = "bench"

local function whole(text)
  local n = cli.number(text)
  return n and n > 0 and n or nil, ("'%s' is not a number from 1 up"):format(text)
end

local parser = cli.parser(NAME, "Measures shark against its peers.")
parser:option("--build", "Directory of the build."):argname("DIR"):default("build")
parser:option("--rounds", "Samples of each."):argname("N"):convert(whole):default("7")
parser:option("--only", "Only targets whose names begin so."):argname("NAME")
local options = parser:parse()

local function wanted_targets()
  local commands, list = peers.commands(), {}
  for _, module in ipairs { "start", "cost", "events", "walk", "probes" } do
    for _, target in ipairs(require(module).targets(commands)) do
      if target.name:sub(1, #(options.only or "")) == (options.only or "") then
        list[#list + 1] = target
      end
    end
  end
  return list
end

local function measure(target)
  local order = target.theirs and { "ours", "theirs" } or { "ours" }
  local found, why = pairing.measure(options.rounds, target, order)
  if not found then
    return { verdict = "not measured", why = why }
  end
  local result = verdict.of(target, found)
  result.ours, result.theirs = found.ours, found.theirs
  result.why = result.verdict == "MISSED" and target.beyond and target.beyond(found, target.at_least) or nil
  if result.why then
    result.verdict = "not measured"
  end
  return result
end

if uv.getuid() ~= 0 then
  cli.fail(NAME, "tracers want root")
end
tool.use(options.build)
peers.set_environment()
-- What others do on the machine shall disturb less; the children inherit it.
pcall(uv.os_setpriority, uv.os_getpid(), -20)

local targets = wanted_targets()
if #targets == 0 then
  cli.fail(NAME, ("no target's name begins with '%s'"):format(options.only))
end
for _, target in ipairs(targets) do
  target.result = measure(target)
  report.progress(target)
end
report.print(targets)
report.write(options.build .. "/bench.json", {
  date = os.date("!%Y-%m-%dT%H:%M:%SZ"), kernel = uv.os_uname().release, cpus = #uv.cpu_info(),
  rounds = options.rounds,
}, targets)
