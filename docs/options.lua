--- Writes the table of the options of packaged scripts, docs/options.md, from the vocabulary and the scripts'
-- own parsers.
-- usage: build/shark docs/options.lua          writes it
--        build/shark docs/options.lua --check  fails if what is there is another

package.path = arg[0]:gsub("[^/]+$", "?.lua;") .. package.path
local options = require "shark.options"
local parsers = require "parsers"
local written = require "written"

local MARKDOWN = "docs/options.md"

local function cell(text)
  return (text:gsub("|", "\\|"))
end

-- Option of the vocabulary -> "`hardirqs`, `softirqs`"; and a line for each of a script's own.
local function read()
  local takers, own = {}, {}
  for _, script in ipairs(parsers.all "samples") do
    for _, option in ipairs(script.parser._options) do
      local shared = option.shared
      if shared then
        takers[shared] = (takers[shared] and takers[shared] .. ", " or "") .. ("`%s`"):format(script.name)
      elseif option._name ~= "-h" and option._name ~= "--help" then
        own[#own + 1] = ("| `%s` | `%s` | %s |"):format(script.name, parsers.usage(option), cell(option._description))
      end
    end
  end
  return takers, own
end

local function markdown()
  local takers, own = read()
  local lines = {}
  for _, entry in ipairs(options.list) do
    lines[#lines + 1] = ("| %s`--%s` | %s | %s | %s |"):format(entry.short and "`-" .. entry.short .. "` " or "",
      entry.name, entry.argument or "", cell(entry.text), takers[entry.name])
  end
  return ([[
# Options of packaged scripts

Written by `make reference` from `lua/shark/options.lua` and the scripts. A letter means the same wherever it is taken;
`shark NAME --help` says what a script adds to the meaning. All have `-h`, `--help`.

| option | | | scripts |
|---|---|---|---|
%s

## Of one script each

| script | option | |
|---|---|---|
%s
]]):format(table.concat(lines, "\n"), table.concat(own, "\n"))
end

written.write_or_check({ [MARKDOWN] = markdown() }, "the scripts take")
