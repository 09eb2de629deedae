--- The part of an interrupt's map that is in kernel memory.

local M = {}

--- How kernel memory is read; nil and why not where it is not.
function M.reader()
  return nil, "this shark does not read kernel memory"
end

return M
