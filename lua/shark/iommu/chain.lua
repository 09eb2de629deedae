--- Chains of decisions: what the kernel asked when it started, step by step, and
-- which answer decided.

local M = {}

--- @class shark.ChainStep
--- @field question string
--- @field answer string in words
--- @field ok boolean? false: this answer says no; nil: not known, or only told

local Chain = {}
Chain.__index = Chain

--- @return shark.Chain
function M.new()
  return setmetatable({ steps = {} }, Chain)
end

--- Adds a step. Returns ok.
function Chain:add(phase, question, ok, answer)
  table.insert(self.steps, { phase = phase, question = question, ok = ok, answer = answer })
  return ok
end

--- For what only says no: false when it does, nil (not known) otherwise.
function M.no_if(condition)
  if condition then
    return false
  end
  return nil
end

--- The first answer that said no; nil if none did.
function Chain:decisive()
  for _, step in ipairs(self.steps) do
    if step.ok == false then
      return step
    end
  end
end

--- The steps as lines of text, the one that decided marked.
--- @return string[]
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
