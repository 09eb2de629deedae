-- args: what handlers of a probe are given: arguments and fields with their types
local cli = require "shark.cli"
local out = require "shark.text.out"
local probe = require "shark.probe"
local probetable = require "shark.probetable"

local NAME = "args"

local parser = cli.parser(NAME, "Prints which arguments handlers of a probe have, with their types and members; " ..
  "of a pattern, of all that match.")
parser:argument("probe", "block_rq_issue, 'block_*', sched:sched_switch, 'return vfs_read()', ...")
parser:flag("--members", "Members of arguments too.")
cli.options(parser, { "json", "wide" })
local options = parser:parse()

local described = {}
local names = probetable.names(NAME, options.probe)
for i, name in ipairs(names) do
  local asked, message = probe.describe(name)
  if not asked and #names == 1 then
    cli.fail(NAME, message)
  end
  described[i] = asked or { name = name, arguments = {} }
end
if options.json then
  out.json({ probes = described }, { "name", "way", "arguments", "type", "members" })
  return
end
for _, asked in ipairs(described) do
  out.line("%s", asked.name)
  for _, argument in ipairs(asked.arguments) do
    local is_record = argument.type == "record"
    local name = probetable.argument(argument.name)
    out.line("    %-20s %s", name, is_record and "the record, with the fields" or argument.type)
    for _, member in ipairs((options.members or is_record) and argument.members or {}) do
      out.line("        .%-19s %s", member.name, member.type)
    end
  end
end
