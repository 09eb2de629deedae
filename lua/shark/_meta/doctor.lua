---@meta shark.doctor
-- Of the module's docstrings; written by make reference.

local M = {}

--- Tries everything; takes a second or two.
---@param options? table all = true: ways after the first that succeeds, too
---@return table report { kernel, rights = of shark.system.rights, can_trace, tracers, probes, reading } of answers
---   { name, title, ok, way?, tried = {{ way, ok, skipped?, reason?, error?, cause? = { kind, name, remedy? } }} }
function M.examine(options) end

--- What refuses, each once, in the order in which it was met.
---@param report table of examine()
---@return table[] causes {{ kind, name, remedy?, reason = the first that was met, refused = {{ title, ways }} }}
function M.causes(report) end

return M
