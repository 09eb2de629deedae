---@meta shark.providers
-- Of the module's docstrings; written by make reference.

local M = {}

--- All that this shark can trace, by name.
--- What may be asked for when a trace is opened are the options `filters`, `features` and `sizes`,
--- each { name, text, type, default? }, besides `way` and, with has_audit, `audit`. Which ways this
--- kernel allows is known only when one was tried: see how() of a session.
---@return table[] providers { name, title, about, source, call, class, ways = { "tp_btf", ... } (best first),
---   filters, features, sizes, has_stacks, has_audit, rows and events = {{ name, text, type, unit?,
---   is_key, sum? }}, losses = {{ field, text, advice?, is_own }} (is_own: not of every trace),
---   points = { WAY = {{ program, point }} } }
function M.list() end

--- The ways to attach what is named, each once; those of one tracer best first.
---@param names string|string[] names of list()
---@return string[]
function M.ways(names) end

--- A way, if what is named can be attached so, or nil: what a script that opens several traces
--- hands to each of them.
---@param name string of list()
---@param way? string
---@return string? way
function M.way_of(name, way) end

--- Starts a trace by its provider's name; see shark.trace().
---@param name string
---@param options? table
---@return shark.Session?
---@return string? message
---@return string? name
function M.open(name, options) end

return M
