-- Every code block of README.md, docs and docs/scripts runs as it stands and tells something; or the machine refuses
-- it, and says why. What needs probes of functions or an IOMMU, or moves interrupts, runs in a guest
-- (tests/guest/docs_test.lua).
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local documented = require "documented"

documented.run(function(block) return not block.in_guest end)
