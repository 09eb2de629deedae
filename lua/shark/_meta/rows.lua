---@meta shark.rows
-- Of the module's docstrings; written by make reference.

local M = {}

--- What the rows that agree in these fields have in common.
---@param fields string[]
---@return fun(row): string
function M.key_by(fields) end

--- Order by these fields, the first before the second.
---@param fields string[]
---@param nil_last? boolean a row without one is last instead of first
---@return fun(a, b): boolean
function M.order_by(fields, nil_last) end

--- Adds a row to another that means the same. A field that only one of them has is what that one says.
---@param spec table { sums = {...}, maxima = { "max_ns" }, hists = { "hist" }, counts = {...} }: names of fields;
---   counts are tables of counts by name
---@return fun(into, row)
function M.merger(spec) end

--- What a row has more than it had before. Of maxima the kernel keeps one, since the start.
---@param row table
---@param before? table the same row then; nil: it was not there, or a copy is wanted
---@param spec? table { sums = {...}, hists = {...}, counts = {...} }: names of fields
---@return table
function M.since(row, before, spec) end

--- A metatable for rows: reading a field that there is not raises and lists those there are, so that one that is
--- mistyped is not taken for one that is nil; shark.json writes them in this order.
---@param what string what is traced
---@param fields string[]
---@param inner? string[] further ones, not to be listed
---@return table
function M.type(what, fields, inner) end

--- Rows by their key.
---@param rows table[]
---@param key fun(row): string|number
---@return table rows by their key
function M.by_key(rows, key) end

return M
