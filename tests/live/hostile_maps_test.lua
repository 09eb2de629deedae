-- The maps of interrupts, remapping and disks in every output, where all names are hostile: an IOMMU's too, in guests.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local hostile_scripts = require "hostile_scripts"
local t = require "t"

local tests = {}

for _, entry in ipairs(hostile_scripts.MAPS) do
  tests["test_" .. table.concat(entry, "_")] = function()
    t.needs("root", "tracing", "disk")
    hostile_scripts.check(entry)
  end
end

t.run(tests)
