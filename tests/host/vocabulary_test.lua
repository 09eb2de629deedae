-- Options of packaged scripts: a letter and a name have one meaning, whichever script takes them.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. "docs/?.lua;" .. package.path
local options = require "shark.options"
local parsers = require "parsers"
local proc = require "proc"
local t = require "t"

local tests = {}

local scripts = parsers.all "samples"

-- Without those of argparse itself.
local function each_option(visit)
  local n = 0
  for _, script in ipairs(scripts) do
    for _, option in ipairs(script.parser._options) do
      if option._name ~= "-h" and option._name ~= "--help" then
        visit(script, option, ("%s %s"):format(script.name, table.concat(option._public_aliases, " ")))
        n = n + 1
      end
    end
  end
  t.assertTrue(n > 100, n)
end

function tests.test_a_letter_and_a_name_mean_one_thing()
  local known = { h = "help", help = "help" }
  for _, entry in ipairs(options.list) do
    for _, name in ipairs { entry.name, entry.short } do
      t.assertNil(known[name], name)
      known[name] = entry.name
    end
    t.assertTrue(#entry.text > 10 and entry.text:find "%.$" ~= nil, entry.name)
  end
end

function tests.test_scripts_take_options_of_the_vocabulary_as_it_has_them()
  each_option(function(_, option, what)
    local entry = options.by_name[option.shared]
    if entry then
      local aliases = { entry.short and "-" .. entry.short or "--" .. entry.name,
        entry.short and "--" .. entry.name or nil }
      t.assertEquals(option._public_aliases, aliases, what)
      t.assertEquals(option._description:sub(1, #entry.text), entry.text, what)
      t.assertEquals(option._argname, entry.argument, what)
      t.assertTrue(entry.convert == nil or option._convert == entry.convert, what)
    end
  end)
end

-- They have no letter, and a name that means nothing elsewhere.
function tests.test_options_of_one_script_are_no_others()
  local owners = {}
  each_option(function(script, option, what)
    if not option.shared then
      t.assertEquals(#option._public_aliases, 1, what)
      local name = option._public_aliases[1]:match "^%-%-(%l[%l-]+)$"
      t.assertTrue(name ~= nil, what)
      t.assertNil(options.by_name[name], what)
      t.assertNil(owners[name], ("%s, which %s has too"):format(what, tostring(owners[name])))
      owners[name] = script.name
    end
  end)
end

function tests.test_help_has_every_option()
  local scripts_by_help = proc.run_shell([[for name in samples/*.lua; do
    name=${name#samples/}; echo "=== ${name%.lua}"; "$SHARK" ${name%.lua} --help; done]]).out
  each_option(function(script, option, what)
    local help = scripts_by_help:match("=== " .. script.name:gsub("%-", "%%-") .. "\n(.-)\n===")
      or scripts_by_help:match("=== " .. script.name:gsub("%-", "%%-") .. "\n(.*)")
    for _, alias in ipairs(option._public_aliases) do
      t.assertTrue(help:find(alias, 1, true) ~= nil, ("%s has no %s:\n%s"):format(what, alias, help))
    end
  end)
end

function tests.test_every_word_of_the_vocabulary_is_taken()
  local taken = {}
  each_option(function(_, option) taken[option.shared or ""] = true end)
  for _, entry in ipairs(options.list) do
    t.assertTrue(taken[entry.name] == true, entry.name)
  end
end

-- In a copy where a script spells an option itself, the table is another.
function tests.test_the_table_of_options_is_not_stale()
  local result = proc.run_shell('"$SHARK" docs/options.lua --check')
  t.assertEquals({ result.status, result.err }, { 0, "" })
  local copy = proc.temporary_directory()
  result = proc.run_shell(([[cp -r docs samples %s && cd %s && sed -i 's/"irq", "cpu"/"cpu"/' samples/hardirqs.lua &&
    "$SHARK" docs/options.lua --check]]):format(copy, copy))
  t.assertEquals({ result.status, result.err }, { 1, "docs/options.md: not what the scripts take; make reference\n" })
end

t.run(tests)
