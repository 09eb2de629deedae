-- CONTRIBUTING.md shows the worked example as it is and names folders that are there; the guide has an
-- example for each tracer, and its links lead somewhere.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local proc = require "proc"
local t = require "t"

local EXAMPLE = "tests/example/timer"
local tests = {}

local function lines_of(command)
  local list = {}
  for line in proc.run_shell(command).out:gmatch "[^\n]+" do
    list[#list + 1] = line
  end
  t.assertTrue(#list > 0, command)
  return list
end

local page = proc.read_file "CONTRIBUTING.md"

-- Blocks that show a file: `path`:, and a fence.
local function blocks()
  local shown, n = {}, 0
  for path, text in page:gmatch "`([%w_/.]+)`:\n\n```%a+\n(.-)```\n" do
    shown[path], n = text, n + 1
  end
  return shown, n
end

function tests.test_the_example_is_shown_as_it_is()
  local files = lines_of(("cd %s && find . -type f | sort"):format(EXAMPLE))
  local shown, n = blocks()
  t.assertEquals(n, #files)
  for _, path in ipairs(files) do
    path = path:gsub("^%./", "")
    t.assertEquals(shown[path], proc.read_file(EXAMPLE .. "/" .. path), path)
  end
end

local function folders_shown()
  local shown = {}
  for cells in page:match("| folder | what is in it |\n|[-|]+|\n(.-)\n\n"):gmatch "|([^|]+)|[^\n]+" do
    for folder in cells:gmatch "`([%w_/]+)`" do
      shown[folder] = true
    end
  end
  return shown
end

function tests.test_every_folder_is_told_of_and_there()
  local shown = folders_shown()
  for folder in pairs(shown) do
    t.assertEquals(proc.run_shell("test -d " .. folder).status, 0, folder)
  end
  for _, folder in ipairs(lines_of "ls -d core/*/ tests/*/ lua/shark/ samples/ docs/ deps/") do
    t.assertTrue(shown[(folder:gsub("/$", ""))], folder .. " is not told of")
  end
end

-- Files and folders of this tree that a page names, in backquotes.
function tests.test_files_that_pages_name_are_there()
  for _, name in ipairs { "CONTRIBUTING.md", "README.md", "docs/design.md", "docs/testing.md", "docs/scripting.md" } do
    local found = 0
    for path in proc.read_file(name):gmatch "`((%l+)/[%w_/.-]+)`" do
      local room = path:match "^%l+"
      local is_ours = room == "core" or room == "lua" or room == "docs" or room == "deps" or room == "samples"
      if is_ours and not path:find "timer" and not path:find "NAME" then
        found = found + 1
        t.assertEquals(proc.run_shell("ls -d " .. path .. " >/dev/null").status, 0, name .. " names " .. path)
      end
    end
    t.assertTrue(found > 0, name .. " names no file")
  end
end

-- ---- the guide ----

local guide = proc.read_file "docs/scripting.md"

function tests.test_the_guides_examples_are_lua()
  local n = 0
  for text in guide:gmatch "```lua[^\n]*\n(.-)```\n" do
    local chunk, message = loadstring(text)
    t.assertTrue(chunk ~= nil, tostring(message))
    n = n + 1
  end
  t.assertTrue(n >= 10, n)
end

-- "## `irq.hardirq`" is the place "#irqhardirq".
local function places_in(text)
  local places = {}
  for heading in ("\n" .. text):gmatch "\n#+ ([^\n]+)" do
    places[heading:lower():gsub("[^%w%s_-]", ""):gsub("%s", "-")] = true
  end
  return places
end

function tests.test_each_tracer_has_an_example_and_a_link_that_leads_somewhere()
  local places, linked = places_in(proc.read_file "docs/reference.md"), {}
  for place in guide:gmatch "reference%.md#([%w_-]+)" do
    t.assertTrue(places[place], "#" .. place)
    linked[place] = true
  end
  for _, provider in ipairs(shark.providers()) do
    -- Those that only shark.trace() opens have no module to be told of.
    if not provider.call:find "^shark%.trace" then
      t.assertTrue(linked[(provider.call:gsub("%.", ""))], provider.call)
      t.assertStrContains(guide, provider.call:match "[^.]+$" .. " {")
    end
  end
end

t.run(tests)
