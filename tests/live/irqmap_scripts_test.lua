-- irqmap, vectors, remap and iommu, as a user runs them.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local interrupts = require "shark.system.interrupts"
local json = require "dkjson"
local proc = require "proc"
local script = require "script"
local t = require "t"

local out_of, shark = script.out_of, proc.run_shark
local tests = {}

local function decode(...)
  local value, _, message = json.decode(out_of(...))
  t.assertNil(message)
  return value
end

-- An IRQ whose action has a name that no other has.
local function an_irq()
  local names = {}
  for number, entry in pairs(interrupts.read()) do
    if #entry.actions == 1 and not entry.actions[1]:find "%[" then
      local name = entry.actions[1]
      names[name] = names[name] and 0 or number
    end
  end
  for name, number in pairs(names) do
    if number > 0 then
      return number, name
    end
  end
end

function tests.test_irqmap_of_one_by_number_and_by_name()
  t.needs "root"
  local number, name = an_irq()
  local by_number = out_of("irqmap", tostring(number))
  t.assertStrContains(by_number, ("IRQ %d  %s\n"):format(number, name))
  t.assertStrContains(by_number, "\n  affinity: asked for ")
  t.assertStrContains(out_of("irqmap", "-i", tostring(number)), ("IRQ %d  %s\n"):format(number, name))
  t.assertStrContains(out_of("irqmap", name), ("IRQ %d  %s\n"):format(number, name))
  t.assertEquals(decode("irqmap", name, "--json")[1].irq, number)
end

function tests.test_irqmap_has_a_line_for_each()
  t.needs "root"
  local text = out_of "irqmap"
  for number, entry in pairs(interrupts.read()) do
    t.assertStrMatches(text, ".*\n *" .. number .. " .*")
    for _, name in ipairs(entry.actions) do
      t.assertStrContains(text, name)
    end
  end
end

function tests.test_irqmap_of_all()
  t.needs "root"
  local maps = decode("irqmap", "--all", "--json")
  local text = out_of("irqmap", "--all")
  for _, map in ipairs(maps) do
    t.assertStrContains(text, ("IRQ %d "):format(map.irq))
    t.assertTrue(map.levels ~= nil or #map.missing > 0)
  end
end

function tests.test_irqmap_for_graphviz()
  t.needs "root"
  local number, name = an_irq()
  local text = out_of("irqmap", tostring(number), "--dot")
  t.assertStrMatches(text, "digraph irqmap {\n.*\n}\n")
  t.assertStrContains(text, ('"irq %d" -> "action %d 1";'):format(number, number))
  t.assertStrContains(text, name)
end

-- Every element that is opened is closed, and there is no other text in it.
function tests.test_irqmap_as_a_picture()
  t.needs "root"
  local text, open = out_of("irqmap", "--svg", "-"), {}
  t.assertStrMatches(text, "<%?xml .*<svg .*</svg>\n")
  for slash, name, rest in text:gmatch("<(/?)([%a]+)([^<>]*)>") do
    if slash == "/" then
      t.assertEquals(table.remove(open), name)
    elseif not rest:find("/$") then
      open[#open + 1] = name
    end
  end
  t.assertEquals(open, {})
  local _, name = an_irq()
  t.assertStrContains(text, name)
end

function tests.test_irqmap_of_what_is_not_there()
  t.needs "root"
  for what, message in pairs {
    ["999999"] = "no IRQ 999999 in /proc/interrupts", ["no-such"] = "no IRQ with an action 'no-such'",
  } do
    local result = shark("irqmap", what)
    t.assertEquals({ result.status, result.out }, { 1, "" })
    t.assertStrContains(result.err, "shark irqmap: " .. message)
  end
end

function tests.test_wrong_command_lines()
  for _, arguments in ipairs {
    { "irqmap", "--dot", "--svg", "-" }, { "irqmap", "--vector", "35" }, { "irqmap", "-c", "0" },
    { "irqmap", "-c", "0", "--vector", "256" },
    { "vectors", "-c", "x" }, { "remap", "--nope" }, { "iommu", "more" },
  } do
    local result = shark(unpack(arguments))
    t.assertEquals({ result.status, result.out }, { 2, "" })
    t.assertStrContains(result.err, "Usage: shark " .. arguments[1])
  end
end

function tests.test_vectors()
  t.needs("root", "kmem", "irq_descs")
  t.assertStrMatches(out_of "vectors", "CPU +USED .*\n +0 +%d+ .*")
  local found = decode("vectors", "--json")
  t.assertTrue(found.cpus[1].counts.used > 0)
  local used = out_of("vectors", "--used")
  for _, slot in ipairs(found.cpus[1].vectors) do
    if slot.irq then
      t.assertStrContains(used, ("in use, IRQ %d"):format(slot.irq))
    end
  end
  local result = shark("vectors", "-c", "4095")
  t.assertEquals({ result.status, result.err }, { 1, "shark vectors: CPU 4095 is not online\n" })
end

function tests.test_what_was_not_read_is_no_zero()
  t.needs("root", "kmem", "irq_descs")
  local found = decode("vectors", "--json")
  t.skipIf(not found.partial, "all of it can be read here")
  t.assertNil(found.available)
  t.assertNil(found.cpus[1].counts.free)
  t.assertStrContains(out_of "vectors", "\nmissing: vectors that are free")
end

function tests.test_remap()
  t.needs "root"
  local text, state = out_of "remap", decode("remap", "--json")
  t.assertStrContains(text, state.verdict)
  t.assertStrMatches(text, "interrupts are .*\n  supported .*\n  enabled .*")
  for _, entry in ipairs(state.entries or {}) do
    t.assertTrue(entry.entry.present)
  end
  if state.enabled and state.ops then
    t.assertStrContains(text, state.ops.name)
  end
end

function tests.test_iommu()
  t.needs "root"
  local text, found = out_of "iommu", decode("iommu", "--json")
  t.assertEquals(#found.chains, 2)
  for _, chain in ipairs(found.chains) do
    t.assertStrContains(text, chain.verdict)
    t.assertTrue(chain.in_use or chain.decisive ~= nil)
  end
  for _, unit in ipairs(found.units) do
    t.assertStrContains(text, "IOMMU " .. unit.name)
  end
  t.assertStrMatches(out_of("iommu", "--tables"), ".*DMAR.*IVRS.*")
end

function tests.test_without_root_it_is_said()
  t.needs "root"
  local nobody = { uid = 65534, gid = 65534 }
  local result = shark(nobody, "irqmap", tostring((an_irq())))
  t.assertEquals(result.status, 0)
  t.assertStrContains(result.out, "missing: hierarchy, vector, message, IRTE, handlers: ")
  for _, name in ipairs { "remap", "iommu" } do
    t.assertEquals(shark(nobody, name).status, 0)
  end
end

t.run(tests)
