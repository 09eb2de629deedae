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

return M
