-- The reference and the editor's types are what the tracers say of themselves.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local proc = require "proc"
local t = require "t"

local tests = {}

function tests.test_nothing_is_stale()
  local result = proc.run_shell('"$SHARK" docs/reference.lua --check')
  t.assertEquals({ result.status, result.err }, { 0, "" })
end

function tests.test_the_schema_is_not_stale()
  local result = proc.run_shell('"$SHARK" docs/schema.lua --check')
  t.assertEquals({ result.status, result.err }, { 0, "" })
end

-- In a copy, with a line changed, the check fails and says what to do.
function tests.test_a_changed_line_is_noticed()
  local copy = proc.temporary_directory()
  local result = proc.run_shell(([[
    mkdir -p %s/lua/shark && cp -r docs %s && cp -r lua/shark/_meta %s/lua/shark &&
    cd %s && sed -i 's/IRQ_NONE/IRQ_MANY/' docs/reference.md && "$SHARK" docs/reference.lua --check]])
    :format(copy, copy, copy, copy))
  t.assertEquals({ result.status, result.err },
    { 1, "docs/reference.md: not what the tracers say of themselves; make reference\n" })
end

-- The types of public modules, as their docstrings have them; in a copy, without a file.
function tests.test_types_of_modules_are_not_stale()
  local result = proc.run_shell('"$SHARK" docs/types.lua --check')
  t.assertEquals({ result.status, result.err }, { 0, "" })
  local copy, here = proc.temporary_directory(), proc.run_shell("pwd").out:match("[^\n]+")
  result = proc.run_shell(([[
    cp -r lua %s && cd %s && rm lua/shark/_meta/rows.lua &&
    sed -i 's/percentile/percentage/' lua/shark/_meta/hist.lua &&
    "$SHARK" %s/docs/types.lua --check]]):format(copy, copy, here))
  t.assertEquals({ result.status, result.err }, { 1, "lua/shark/_meta/hist.lua, lua/shark/_meta/rows.lua: " ..
    "not what the docstrings say; make reference\n" })
end

-- What an editor is told of a module is what it has.
function tests.test_editors_know_the_functions_of_public_modules()
  local checked = 0
  for _, entry in ipairs(require "shark.modules") do
    local path = "lua/shark/_meta/" .. entry.name:gsub("^shark%.", ""):gsub("%.", "_") .. ".lua"
    local file = assert(io.open(path))
    local text, module = file:read("*a"), require(entry.name)
    file:close()
    t.assertStrContains(text, "---@meta " .. entry.name .. "\n")
    local owner = text:match("\nreturn ([%w_]+)\n")
    for name, value in pairs(type(module) == "table" and module or {}) do
      if type(value) == "function" then
        t.assertTrue(text:find(("\nfunction %s.%s("):format(owner, name), 1, true) ~= nil
          or text:find(("\n%s.%s ="):format(owner, name), 1, true) ~= nil, path .. " lacks " .. name)
        checked = checked + 1
      end
    end
    for name in text:gmatch("\nfunction " .. owner .. "%.([%w_]+)%(") do
      t.assertEquals(type(module[name]), "function", path .. " has " .. name)
    end
  end
  t.assertTrue(checked > 100, checked .. " functions")
end

function tests.test_every_tracer_says_what_it_has()
  local providers = shark.providers()
  t.assertTrue(#providers >= 12, #providers)
  for _, provider in ipairs(providers) do
    t.assertTrue(#provider.about > 10 and #provider.source > 10, provider.name)
    t.assertTrue(#provider.ways > 0 and #provider.rows > 0 and #provider.events > 0, provider.name)
    for _, field in ipairs(provider.rows) do
      t.assertTrue(type(field.text) == "string" and #field.text > 3, provider.name .. "." .. field.name)
    end
  end
end

local function by_name(list)
  local found = {}
  for _, entry in ipairs(list) do
    found[entry.name] = entry
  end
  return found
end

function tests.test_every_option_says_what_it_is_for()
  for _, provider in ipairs(shark.providers()) do
    t.assertTrue(#provider.filters > 0, provider.name)
    t.assertTrue(not provider.has_stacks or by_name(provider.events).stack ~= nil, provider.name)
    for _, kind in ipairs { "filters", "features", "sizes" } do
      for _, option in ipairs(provider[kind]) do
        t.assertTrue(#option.text > 3 and #option.type > 3, provider.name .. "." .. option.name)
        t.assertTrue(kind ~= "features" or type(option.default) == "boolean", provider.name .. "." .. option.name)
      end
    end
  end
end

-- As the public function takes them, which may be otherwise than the core does.
function tests.test_options_are_the_public_ones()
  local providers = by_name(shark.providers())
  t.assertEquals(by_name(providers.softirq.filters).softirq.type, "integer|string")
  t.assertEquals(by_name(providers.virtblk.filters).slower_than_us.type, "number")
  t.assertNil(by_name(providers.virtblk.filters).at_least_ns)
  t.assertEquals(by_name(providers.fault_amd.filters).source.type, "integer")
end

function tests.test_what_is_not_offered_is_refused()
  local core, refused = require "shark.core", 0
  for _, provider in ipairs(shark.providers()) do
    local offered = by_name(provider.sizes)
    offered.stacks = provider.has_stacks
    for name, value in pairs { stacks = true, in_flight = 5, device = 1 } do
      if not offered[name] and not (name == "device" and provider.name == "virtblk") then
        t.assertErrorMsgContains(("%s has no filter or option '%s'"):format(provider.name, name), core.session,
          provider.name, { [name] = value })
        refused = refused + 1
      end
    end
  end
  t.assertTrue(refused > #shark.providers())
end

-- What scripts ask instead of naming ways themselves.
function tests.test_ways_are_told_by_name()
  local providers = require "shark.providers"
  for _, provider in ipairs(shark.providers()) do
    t.assertEquals(providers.ways(provider.name), provider.ways)
    t.assertEquals(providers.way_of(provider.name, provider.ways[1]), provider.ways[1])
    t.assertNil(providers.way_of(provider.name, nil))
  end
  t.assertEquals(providers.ways { "affinity", "hardirq" }, { "fentry", "kprobe", "tp_btf", "raw_tp", "tp" })
  t.assertNil(providers.way_of("softirq", "tp_btf"))
  t.assertErrorMsgContains("no tracer 'hardirqs'", providers.ways, "hardirqs")
  t.assertErrorMsgContains("no tracer 'hardirqs'", providers.way_of, "hardirqs", "tp")
end

-- Each packaged script's --way takes what its tracers can, and says what that is.
function tests.test_scripts_name_no_ways()
  local scripts = proc.run_shell("ls samples/*.lua").out
  t.assertStrContains(scripts, "samples/hardirqs.lua")
  local result = proc.run_shell([[grep -nE '[{,] *"(tp_btf|raw_tp|fentry|kprobe|tp|receive)"' samples/*.lua]])
  t.assertEquals(result.out, "")
  result = proc.run_shell('"$SHARK" hardirqs --way nosuch')
  t.assertEquals(result.status, 2)
  for _, way in ipairs(require("shark.providers").ways "hardirq") do
    t.assertStrContains(result.err, way)
  end
end

function tests.test_a_tracer_that_is_not_there()
  local result = proc.run_shark("-e", "local function f()\n  return shark.trace 'nosuch'\nend\nf()")
  t.assertEquals(result.status, 1)
  t.assertStrContains(result.err, "no tracer 'nosuch'; there are: affinity, ")
end

t.run(tests)
