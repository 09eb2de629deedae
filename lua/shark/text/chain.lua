--- Chains of decisions as text: what the kernel asked when it started, and which
--- answer decided.

local M = {}

--- The steps as lines of text, the one that decided marked.
--- @param steps shark.ChainStep[] @param decisive? shark.ChainStep
--- @return string[] lines
function M.lines(steps, decisive)
  local lines = {}
  for i, step in ipairs(steps) do
    local mark = step.ok == true and "yes" or step.ok == false and "NO" or "-"
    lines[i] = ("  %-9s %-3s  %s: %s%s"):format(step.phase, mark, step.question, step.answer,
      decisive and step.question == decisive.question and step.phase == decisive.phase and "  <- this decided" or "")
  end
  return lines
end

return M
