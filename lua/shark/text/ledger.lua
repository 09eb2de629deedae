--- How a trace ended, in lines: how it was attached, what it saw of what the kernel
--- counted, and what it lost. "nothing" is lost only if neither knows of a loss.

local M = {}

local function counts_a_loss(loss)
  for name, count in pairs(loss) do
    if name ~= "in_flight" and type(count) == "number" and count > 0 then
      return true
    end
  end
  return false
end

local function lost(loss, audit)
  local missing = audit and audit.missing or 0
  if missing == 0 then
    return tostring(loss), counts_a_loss(loss)
  end
  local own = counts_a_loss(loss) and "; " .. tostring(loss)
    or ", and no counter of shark's knows why" .. tostring(loss):gsub("^[^;]*", "", 1)
  return ("%.0f not seen%s"):format(missing, own), true
end

--- @param how table of session:how() @param loss table of session:loss()
--- @param audit? table of session:audit()
--- @return string[] lines the last says what was lost @return boolean whether anything was
function M.lines(how, loss, audit)
  local lines = { "attached: " .. tostring(how) }
  if audit then
    lines[#lines + 1] = "seen: " .. tostring(audit)
  end
  local text, is_loss = lost(loss, audit)
  lines[#lines + 1] = "lost: " .. text
  return lines, is_loss
end

return M
