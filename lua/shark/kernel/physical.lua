--- Physical addresses of the kernel's direct map.

local globals = require "shark.kernel.globals"

local M = {}

--- The physical address of what lies in the direct map, where page tables and
--- what the page allocator gives are (Documentation/arch/x86/x86_64/mm.rst).
--- @param virtual ffi.cdata* uint64_t
--- @return ffi.cdata*? physical uint64_t @return string? message
function M.address(virtual)
  local base, message = globals.get("page_offset_base", "unsigned long")
  if not base then
    return nil, message
  elseif virtual < base then
    return nil, "not in the direct map"
  end
  return virtual - base
end

return M
