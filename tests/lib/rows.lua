--- Sums over the rows of a session.
local M = {}

--- How often a session counted, in all its rows.
--- @param session shark.Session @return integer
function M.count_of(session)
  local n = 0
  for _, row in ipairs(session:read()) do
    n = n + row.count
  end
  return n
end

return M
