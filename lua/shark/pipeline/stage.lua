--- The stage of an interrupt by its descriptor, on kernels with Dovetail.

local bit = require "bit"
local globals = require "shark.kernel.globals"
local k = require "shark.kernel"

local M = {}

--- The value of a flag of irq_desc.status_use_accessors, which moves between releases: the kernel's own enums say.
--- @param name string e.g. "OOB" @return integer? value nil where no enum of the kernel's has it
function M.flag(name)
  return k.enumerator("IRQ_" .. name) or k.enumerator("_IRQ_" .. name)
end

--- @param status integer irq_desc.status_use_accessors
--- @return "in-band"|"out-of-band"|nil stage nil on kernels without Dovetail
function M.of(status)
  local oob = globals.has_function "enable_oob_stage" and M.flag "OOB"
  if not oob then
    return nil
  end
  return bit.band(status, oob) ~= 0 and "out-of-band" or "in-band"
end

return M
