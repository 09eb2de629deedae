-- Memory of guests, walked on this machine by an ordinary user: row by row what shark told in the guest itself, but
-- for what is in live devices.
-- IMAGES="5.10-intel 7-amd" chooses others.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local json = require "dkjson"
local proc = require "proc"
local t = require "t"
local uv = require "uv"

local tests = {}

local GUESTS = os.getenv "IMAGES" or "7-intel"
local SCRIPTS = { irqmap = "irqmap --all", iommu = "iommu", remap = "remap", vectors = "vectors" }

-- What a guest is asked for; its memory last, as it goes on while it is looked at. Standard error is the terminal on
-- which the rig is told of the dump: no place for how far something is.
local function commands()
  local list = { "mkdir /artefacts; cd /artefacts" }
  for name, command in pairs(SCRIPTS) do
    list[#list + 1] = ("shark %s --json > %s.json 2> %s.errors"):format(command, name, name)
  end
  list[#list + 1] = "cat /proc/kallsyms > symbols; cat /sys/kernel/btf/vmlinux > btf"
  list[#list + 1] = "echo @@guest dump@@ > /dev/ttyS1; read -r answer < /dev/ttyS1; echo $answer"
  return table.concat(list, "; ")
end

local function boot(guest, folder)
  local kernel, iommu = guest:match("^(.-)%-(.*)$")
  local result = proc.run("tests/vm/run", {
    "--kernel", kernel, "--iommu", iommu, "--nic", "--artefacts", folder, "--dump", folder .. "/core",
    "--", "sh", "-c", commands(),
  })
  t.assertEquals({ result.out, result.status }, { "dumped\n", 0 }, result.err)
end

-- ---- what is in live devices, or goes on while a guest is looked at ----

-- By the path to it.
local ASIDE = {
  "%.source$", "%.missing$", "%.counts?$", "%.counts?%.", "%.unhandled$", -- of rows
  "%.msi%.live", "%.msi%.masked$", "%.msi%.differs$", -- messages in devices
}

-- Registers of IOMMUs, and what is told of them.
for _, register in ipairs { "gsts", "fsts", "irta", "version", "control", "status", "table_live", "table_words" } do
  table.insert(ASIDE, "^%.%d+%.iommu%." .. register)
  table.insert(ASIDE, "^%.units%.%d+%." .. register)
end

local function is_aside(path)
  for _, pattern in ipairs(ASIDE) do
    if path:find(pattern) then
      return true
    end
  end
  return false
end

-- path -> value of all there is in a tree.
local function flatten(value, path, into)
  if is_aside(path) then
    return into
  elseif type(value) ~= "table" then
    into[path] = value
    return into
  end
  for key, inner in pairs(value) do
    flatten(inner, ("%s.%s"):format(path, tostring(key)), into)
  end
  return into
end

local function differences(live, image)
  local list = {}
  for path, value in pairs(live) do
    if image[path] ~= value then
      list[#list + 1] = ("%s: %s live, %s in the image"):format(path, tostring(value), tostring(image[path]))
    end
  end
  for path, value in pairs(image) do
    if live[path] == nil then
      list[#list + 1] = ("%s: %s in the image only"):format(path, tostring(value))
    end
  end
  table.sort(list)
  return list
end

-- ---- offline ----

local function run_offline(folder, options, command)
  local words = { "--core", folder .. "/core" }
  for word in (options .. " " .. command):gmatch("%S+") do
    words[#words + 1] = word
  end
  return proc.run(proc.shark, words, { uid = 65534, gid = 65534 })
end

local function offline(folder, command, symbols)
  symbols = symbols or folder .. "/symbols"
  local result = run_offline(folder, ("--btf %s/btf --symbols %s"):format(folder, symbols), command)
  t.assertEquals({ result.err, result.status }, { "", 0 })
  return result.out
end

-- The serial port's handler may run while the guest asks for the dump.
local function without_progress(found)
  for _, map in ipairs(found) do
    for i, word in ipairs(map.state) do
      if word == "in progress" then
        table.remove(map.state, i)
      end
    end
  end
  return found
end

local function assert_same(folder, name, command)
  local live = without_progress(json.decode(proc.read_file(("%s/%s.json"):format(folder, name))))
  local image = without_progress(json.decode(offline(folder, command .. " --json")))
  t.assertEquals(differences(flatten(live, "", {}), flatten(image, "", {})), {}, name)
  return image
end

-- The System.map of a kernel that was moved: the addresses of /proc/kallsyms before that, without modules.
local LINKED_AT = 0x81000000 -- _text, of which the upper 32 bits stay (CONFIG_PHYSICAL_START)

local function write_system_map(folder)
  local symbols = proc.read_file(folder .. "/symbols")
  local moved = tonumber(symbols:match("\nffffffff(%x+) %a _text\n"), 16) - LINKED_AT
  local lines = {}
  for half, address, rest in symbols:gmatch("(%x%x%x%x%x%x%x%x)(%x%x%x%x%x%x%x%x)( %a [^\n\t]+)\n") do
    local offset = half == "ffffffff" and moved or 0 -- those of CPUs' areas count from 0
    lines[#lines + 1] = ("%s%08x%s\n"):format(half, tonumber(address, 16) - offset, rest)
  end
  return proc.write_file(folder .. "/System.map", table.concat(lines)), moved
end

local function assert_found_where_it_was_moved(folder)
  local map, moved = write_system_map(folder)
  t.assertTrue(moved > 0, "the guest's kernel was not moved: boot it with KASLR")
  t.assertTrue(offline(folder, "irqmap --json", map) == offline(folder, "irqmap --json"), "with System.map it differs")
end

-- Without these files the kernel's own types and symbols serve, which know of no modules.
local function assert_enough_by_itself(folder, guest)
  local result = run_offline(folder, "", "irqmap --all --json")
  if guest:find "^5%." then -- VMCOREINFO does not tell of its symbols
    t.assertStrContains(result.err, "--symbols")
    return
  end
  t.assertEquals({ result.err, result.status }, { "", 0 })
  local given = flatten(json.decode(offline(folder, "irqmap --all --json")), "", {})
  local own, compared = flatten(json.decode(result.out), "", {}), 0
  for path, value in pairs(given) do
    if not tostring(value):find " %[" then -- a symbol of a module
      t.assertEquals(own[path], value, path)
      compared = compared + 1
    end
  end
  t.assertTrue(compared >= 100, compared)
end

-- Were there no interrupts in what was compared, all would be equal, too.
local function assert_whole(maps, has_iommu)
  local with = { vector = 0, irte = 0, handler = 0, device = 0 }
  for _, map in ipairs(maps) do
    with.vector = with.vector + (map.vector and map.vector.points_back and 1 or 0)
    with.irte = with.irte + (map.irte and map.irte.live and 1 or 0)
    with.handler = with.handler + (map.actions[1] and map.actions[1].handler and 1 or 0)
    with.device = with.device + (map.device and map.device.driver and 1 or 0)
    t.assertEquals(map.source, "kernel memory (image)")
  end
  t.assertTrue(with.vector >= 10 and with.handler >= 10 and with.device >= 5, json.encode(with))
  t.assertTrue(not has_iommu or with.irte >= 10, json.encode(with))
end

local function says_what_is_live(maps)
  for _, map in ipairs(maps) do
    for _, missing in ipairs(map.missing) do
      t.assertStrContains(missing.why, "image")
    end
  end
end

for guest in GUESTS:gmatch("%S+") do
  tests["test_the_memory_of_" .. guest:gsub("%W", "_")] = function()
    local folder = proc.temporary_directory()
    uv.fs_chmod(folder, 493) -- 0755: another user reads it
    boot(guest, folder)
    uv.fs_chmod(folder .. "/core", 420) -- 0644
    for name, command in pairs(SCRIPTS) do
      local found = assert_same(folder, name, command)
      if name == "irqmap" then
        assert_whole(found, not guest:find "none")
        says_what_is_live(found)
      end
    end
    assert_found_where_it_was_moved(folder)
    assert_enough_by_itself(folder, guest)
    os.remove(folder .. "/core")
  end
end

t.run(tests)
