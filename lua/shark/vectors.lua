--- What every CPU's vectors are for.
local M = {}

function M.slot()
  return nil, "this shark does not read kernel memory", "ENOTSUP"
end

return M
