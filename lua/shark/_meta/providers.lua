---@meta shark.providers
-- Of the module's docstrings; written by make reference.

local M = {}

--- All that this shark can trace, by name.
---@return table[] providers { name, about, source, call, class, ways = { "tp_btf", ... } (best first),
---   filters = { "irq", ... }, features = {{ name, by_default }}, rows and events = {{ name, text, type, unit?,
---   is_key, sum? }}, tables = {{ field, name, how }}, losses = {{ field, text }}, points = { WAY = {{ program,
---   point }} }, has_audit }
function M.list() end

--- Starts a trace by its provider's name; see shark.trace().
---@param name string
---@param options? table
---@return shark.Session?
---@return string? message
---@return string? name
function M.open(name, options) end

return M
