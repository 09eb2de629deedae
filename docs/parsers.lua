--- The parsers of packaged scripts, which are run up to where they parse, for what beside this one writes
-- of their options.
local cli = require "shark.cli"
local written = require "written"

local M = {}

-- What a script does first is to declare its options.
local function parser_of(path)
  local make, reached = cli.parser, nil
  cli.parser = function(...)
    local parser = make(...)
    parser.parse = function(self)
      reached = self
      error(path, 0)
    end
    return parser
  end
  local chunk = assert(loadfile(path))
  local ok, message = pcall(chunk)
  cli.parser = make
  return reached or not ok and error(message, 0)
end

--- @param option table of argparse @return string "-i --irq IRQ"
function M.usage(option)
  local argument = type(option._argname) == "string" and " " .. option._argname or ""
  return table.concat(option._public_aliases, " ") .. argument
end

--- Every script that takes options.
--- @param folder string where they are @return table[] { name, parser }
function M.all(folder)
  local list, names = {}, {}
  local found = assert(io.popen(("ls '%s'"):format(folder)))
  for name in found:read("*a"):gmatch "([^\n]+)%.lua\n" do
    names[#names + 1] = name
  end
  found:close()
  table.sort(names)
  for _, name in ipairs(names) do
    local path = ("%s/%s.lua"):format(folder, name)
    local parser = written.read(path):find("cli.parser(", 1, true) and parser_of(path)
    list[#list + 1] = parser and { name = name, parser = parser } or nil
  end
  return list
end

return M
