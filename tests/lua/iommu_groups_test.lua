-- shark.iommu.groups: what an IOMMU that is in use does with DMA, in words.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local groups = require "shark.iommu.groups"
local t = require "t"

local tests = {}

local function of(...)
  local list = {}
  for i, kind in ipairs { ... } do
    list[i] = { id = i - 1, kind = kind }
  end
  return list
end

function tests.test_all_alike()
  t.assertEquals(groups.verdict("an Intel IOMMU", of("passthrough", "passthrough")),
    "an Intel IOMMU passes DMA through untranslated: all groups (2) are identity")
  t.assertEquals(groups.verdict("an AMD IOMMU", of("translated")), "an AMD IOMMU translates DMA: all groups (1)")
end

function tests.test_some_of_each()
  t.assertEquals(groups.verdict("an Intel IOMMU", of("passthrough", "translated", "passthrough", "unmanaged")),
    "an Intel IOMMU translates DMA of some groups: 1 group translated, 2 passthrough, 1 unmanaged")
  t.assertEquals(groups.verdict("an Intel IOMMU", of("passthrough", "blocked")),
    "an Intel IOMMU translates DMA of no group: 1 group passthrough, 1 blocked")
end

-- What cannot be read is said neither to translate nor not to.
function tests.test_unknown()
  t.assertEquals(groups.verdict("an Intel IOMMU", of("unknown", "unknown")),
    "whether an Intel IOMMU translates DMA is not known: 2 groups unknown")
  t.assertStrContains(groups.verdict("an Intel IOMMU", {}), "no device has a domain")
end

t.run(tests)
