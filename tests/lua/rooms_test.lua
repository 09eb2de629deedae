-- What may know what: a file of the core includes its own room and those before it in the
-- table of docs/design.md, a tracer no other tracer; a module of Lua requires what is on
-- its floor or below, and nothing goes round in a circle.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local proc = require "proc"
local t = require "t"

local tests = {}

local function files(command)
  local list = {}
  for path in proc.run_shell(command).out:gmatch("[^\n]+") do
    list[#list + 1] = path
  end
  t.assertTrue(#list > 10, command)
  return list
end

-- ---- C ----

-- From the ground up. bpf is compiled for the kernel: it shares the wire format with trace.
local FLOORS = { base = 1, load = 2, kernel = 3, trace = 4, probe = 5, bpf = 6, tracers = 7, bind = 8, host = 9 }

local function room_of(path)
  local room, folder = path:match("^(%a+)/([%w_]*)")
  return room, room == "tracers" and folder or nil
end

function tests.test_the_core_includes_downwards()
  for _, path in ipairs(files "find core -name '*.[ch]'") do
    local room, tracer = room_of(path:match("^core/(.*)$"))
    t.assertTrue(FLOORS[room] ~= nil, path .. ": a room that no floor is known of")
    for included in proc.read_file(path):gmatch('#include "([%w_]+/[^"]+)"') do
      local below, other = room_of(included)
      t.assertTrue(FLOORS[below] and FLOORS[below] <= FLOORS[room] and other == (below == "tracers" and tracer or nil),
        ("%s includes %s"):format(path, included))
    end
  end
end

-- An include without a room is a generated one.
function tests.test_includes_name_their_room()
  for _, path in ipairs(files "find core -name '*.[ch]'") do
    for included in proc.read_file(path):gmatch('#include "([^"/]+)"') do
      t.assertTrue(included:find("%.image%.h$") ~= nil or included == "linked.h",
        ("%s includes %s"):format(path, included))
    end
  end
end

-- ---- Lua ----

-- core/tracers/NAME/NAME.lua is the module shark.tracers.NAME.
local function name_of(path)
  local tracer = path:match("^core/tracers/[^/]+/([^/]+)%.lua$")
  return tracer and "shark.tracers." .. tracer or path:match("^lua/(.*)%.lua$"):gsub("/", ".")
end

local function code_of(path)
  return (proc.read_file(path):gsub("%-%-[^\n]*", ""))
end

-- What a module requires, wherever in it; a name that is put together counts as all
-- that begin as it does. Returns also what is no name at all.
local function requires_of(code)
  local names, unread = {}, {}
  for at in code:gmatch("%f[%w_]require%f[^%w_]()") do
    local name, joined = code:match("^%s*[(,]?%s*[\"']([%w_.]+)[\"']%s*(%.?%.?)", at)
    names[#names + 1] = name and (joined == ".." and name .. "*" or name)
    unread[#unread + 1] = not name and code:match("^[^\n]*", at) or nil
  end
  return names, unread
end

local function modules()
  local paths = {}
  for _, path in ipairs(files "find lua/shark core/tracers -name '*.lua' -not -path '*/_meta/*'") do
    paths[name_of(path)] = path
  end
  return paths
end

-- "shark.text.*" and what is put together, "shark.tracers.*", as a pattern.
local function pattern_of(name)
  return "^" .. name:gsub("%.", "%%."):gsub("%*$", "[%%w_]+") .. "$"
end

-- The floors as docs/design.md has them: exact names, and patterns, each with its number.
local function floors()
  local exact, patterns = {}, {}
  for number, cell in proc.read_file("docs/design.md"):gmatch("\n| (%d+) | ([^|]+) |") do
    for name in cell:gmatch("`(shark%.[%w_.]+%*?)`") do
      if name:find("%*$") then
        patterns[pattern_of(name)] = tonumber(number)
      else
        exact[name] = tonumber(number)
      end
    end
  end
  return exact, patterns
end

local function floor_of(name, exact, patterns)
  local found = exact[name]
  for pattern, number in pairs(patterns) do
    if not exact[name] and name:find(pattern) then
      t.assertNil(found, name .. " stands on two floors of docs/design.md")
      found = number
    end
  end
  return found
end

-- Of each module of ours, the modules of ours that it requires.
local function graph(paths, known)
  local required = {}
  for name, path in pairs(paths) do
    local names, unread = requires_of(code_of(path))
    -- The room of a kernel requires for others.
    t.assertEquals(name == "shark.kernel.room" and {} or unread, {}, path .. " requires what has no name here")
    required[name] = {}
    for _, wanted in ipairs(names) do
      local found = false
      for candidate in pairs(known) do
        if candidate:find(pattern_of(wanted)) then
          required[name][candidate], found = true, true
        end
      end
      t.assertTrue(found or not wanted:find("^shark%."), ("%s requires %s, which is not there")
        :format(name, wanted))
    end
  end
  return required
end

-- Ours, and those of C and of the build, which are on the lowest floor.
local function all_names(paths)
  local known, exact = {}, floors()
  for name, number in pairs(exact) do
    known[name] = number == 1 or nil
  end
  for name in pairs(paths) do
    known[name] = true
  end
  return known
end

function tests.test_requires_are_found_wherever_they_stand()
  local names, unread = requires_of([[
    local a = require "shark.a"
    local b = require('shark.b').open
    return function() return pcall(require, "shark.c") end, pcall(require, "shark.d." .. name), required, require(x)
  ]])
  t.assertEquals(names, { "shark.a", "shark.b", "shark.c", "shark.d.*" })
  t.assertEquals(unread, { "(x)" })
end

function tests.test_every_module_has_a_floor_and_every_floor_its_modules()
  local paths = modules()
  local exact, patterns = floors()
  for name in pairs(paths) do
    t.assertNotNil(floor_of(name, exact, patterns), name .. " is on no floor of docs/design.md")
  end
  for name, number in pairs(exact) do
    t.assertTrue(number == 1 or paths[name] ~= nil, ("floor %d of docs/design.md has %s, which is not there")
      :format(number, name))
  end
end

local function is_tracer(name)
  return name:find("^shark%.tracers%.") ~= nil
end

function tests.test_modules_require_downwards()
  local paths = modules()
  local exact, patterns = floors()
  local count = 0
  for name, required in pairs(graph(paths, all_names(paths))) do
    for other in pairs(required) do
      local from, to = floor_of(name, exact, patterns), floor_of(other, exact, patterns)
      t.assertTrue(to <= from, ("%s (floor %d) requires %s (floor %d)"):format(name, from, other, to))
      local are_tracers = is_tracer(name) and is_tracer(other)
      t.assertTrue(name == other or not are_tracers, ("the tracer %s requires the tracer %s"):format(name, other))
      count = count + 1
    end
  end
  t.assertTrue(count > 200, count .. " requires were found")
end

-- The way from a module back to itself, or nil.
local function circle_from(name, required, done, way)
  if done[name] == "open" then
    return table.concat(way, " -> ") .. " -> " .. name
  elseif done[name] then
    return nil
  end
  done[name], way[#way + 1] = "open", name
  for other in pairs(required[name] or {}) do
    local found = circle_from(other, required, done, way)
    if found then
      return found
    end
  end
  done[name], way[#way] = "done", nil
end

function tests.test_requires_go_round_in_no_circle()
  local paths, done = modules(), {}
  local required = graph(paths, all_names(paths))
  for name in pairs(paths) do
    t.assertNil(circle_from(name, required, done, {}))
  end
  t.assertEquals(circle_from("a", { a = { b = true }, b = { c = true }, c = { b = true } }, {}, {}), "a -> b -> c -> b")
end

-- They are given what they decode: neither files nor the running kernel, by whatever way.
function tests.test_decoders_read_nothing()
  for _, path in ipairs(files "find lua/shark/decode -name '*.lua'") do
    local code = code_of(path)
    for _, way in ipairs { "io%.", "os%.", "%f[%w_]uv%f[^%w_]", "ffi%.C%f[%W]", "shark%.symbol", "shark%.core" } do
      t.assertNil(code:match("[^\n]*" .. way .. "[^\n]*"), path)
    end
  end
end

-- Files of this machine are no other kernel's: what reads kernels asks shark.system.files, for which images have a
-- stand-in.
local function reads_kernels(name, exact, patterns)
  local floor = floor_of(name, exact, patterns)
  return floor >= 4 and floor <= 7 or floor == 11 or floor == 12
end

local DOORS = {
  ["shark.system.files"] = true, -- the door
  ["shark.system.acpi"] = true, ["shark.system.interrupts"] = true, -- have stand-ins of their own
  ["shark.system.descendants"] = true, ["shark.system.kconfig"] = true, -- this process', this machine's
  ["shark.manual"] = true, -- runs groff
  ["shark.kernel"] = true, -- a descriptor of /sys/kernel/irq, where shark.system.files knows that
}

function tests.test_what_reads_kernels_opens_no_files()
  local exact, patterns = floors()
  local checked = 0
  for name, path in pairs(modules()) do
    if reads_kernels(name, exact, patterns) and not DOORS[name] then
      local code = code_of(path)
      for _, way in ipairs { "io%.open", "io%.lines", "io%.popen", "uv%.fs_" } do
        t.assertNil(code:match("[^\n]*" .. way .. "[^\n]*"), path)
      end
      checked = checked + 1
    end
  end
  t.assertTrue(checked > 40, checked .. " modules were looked at")
end

-- ---- what is public ----

local public = {}
for _, module in ipairs(require "shark.modules") do
  public[module.name] = module.text
end

function tests.test_public_modules_are_there()
  local paths = modules()
  for name in pairs(public) do
    t.assertNotNil(paths[name], name .. " is public and not there")
  end
  for name in pairs(paths) do
    t.assertTrue(public[name] ~= nil or name:find("^shark%.[^.]+%.") ~= nil, name .. " is in no folder and not public")
  end
end

function tests.test_packaged_scripts_require_public_modules()
  for _, path in ipairs(files "find samples tests/example -path '*samples/*.lua'") do
    local names, unread = requires_of(code_of(path))
    t.assertEquals(unread, {}, path)
    for _, name in ipairs(names) do
      t.assertTrue(public[name] ~= nil or not name:find "^shark%.", ("%s requires %s, which is not public")
        :format(path, name))
    end
  end
end

-- Every module that the guide names, in code or not.
function tests.test_the_guide_names_public_modules()
  local paths = modules()
  for _, path in ipairs { "docs/scripting.md", "docs/reference.md", "README.md" } do
    for name in proc.read_file(path):gmatch("shark%.[%a_][%w_.]*[%w_]") do
      t.assertTrue(public[name] ~= nil or not paths[name], ("%s names %s, which is not public"):format(path, name))
    end
    for _, name in ipairs((requires_of(proc.read_file(path)))) do
      t.assertTrue(public[name] ~= nil or not name:find "^shark%.", ("%s requires %s, which is not public")
        :format(path, name))
    end
  end
end

function tests.test_the_guide_lists_the_public_modules()
  local guide, listed = proc.read_file "docs/scripting.md", 0
  for name, text in guide:gmatch("\n| `(shark%.[%w_.]+)` | ([^|]+) |") do
    t.assertEquals(text, public[name], ("docs/scripting.md says of %s:"):format(name))
    listed = listed + 1
  end
  t.assertEquals(listed, #require "shark.modules")
end

t.run(tests)
