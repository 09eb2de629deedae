-- CONTRIBUTING.md shows the worked example as it is, and names folders that are there.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local proc = require "proc"
local t = require "t"

local EXAMPLE = "tests/example/timer"
local tests = {}

local function text_of(path)
  local file = assert(io.open(path))
  local text = file:read "*a"
  file:close()
  return text
end

local function lines_of(command)
  local list = {}
  for line in proc.run_shell(command).out:gmatch "[^\n]+" do
    list[#list + 1] = line
  end
  t.assertTrue(#list > 0, command)
  return list
end

local page = text_of "CONTRIBUTING.md"

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
    t.assertEquals(shown[path], text_of(EXAMPLE .. "/" .. path), path)
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
    for path in text_of(name):gmatch "`((%l+)/[%w_/.-]+)`" do
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

t.run(tests)
