---@meta shark.text.foreign
-- Of the module's docstrings; written by make reference.

local M = {}

--- One line: what is not shown as it is becomes \xNN, newlines too. What was made fit
--- before stays as it is.
---@param value any
---@return string
function M.line(value) end

--- The same for text of several lines: newlines and tabs stay.
---@param value any
---@return string
function M.lines(value) end

--- What stands between the quotes of a JSON string.
---@param text string
---@return string
function M.json(text) end

--- Text or an attribute's value of XML (SVG).
---@param value any
---@return string
function M.xml(value) end

--- A quoted string of Graphviz, of one line or several.
---@param ... string lines
---@return string
function M.dot(...) end

--- Columns of text that was made fit: none for a mark above a letter, two for an ideograph.
---@param text string
---@return integer
function M.width(text) end

--- At most so many columns of text that was made fit, no character cut in two.
---@param text string
---@param most integer
---@return string
function M.cut(text, most) end

return M
