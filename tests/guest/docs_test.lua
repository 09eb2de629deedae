-- The code blocks of the documentation that need a guest: probes of functions, an IOMMU that remaps interrupts,
-- interrupts that move. What they print was printed in this guest.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local documented = require "documented"
local t = require "t"
local uv = require "uv"

-- In which what is shown was printed: other kernels have other interrupts.
local function is_the_guest()
  local uname = uv.os_uname()
  return uname.release:find "^6%.12%." and uname.release:find "rt" and uv.fs_stat "/sys/class/iommu/dmar0"
end

if is_the_guest() then
  documented.run(function(block) return block.in_guest end)
else
  t.run { test_pages = function() t.skip "the pages were printed in another guest" end }
end
