---@meta shark.text.wrap
-- Of the module's docstrings; written by make reference.

local M = {}

---@param text string
---@param width integer columns; a word that is longer has a line of its own
---@return string[] lines at least one
function M.lines(text, width) end

--- A line that was made fit as several, of which the later ones stand deeper than the first; blanks stay.
---@param line string
---@param width integer columns
---@return string[] lines at least one
function M.hanging(line, width) end

--- Each line of a text as hanging() has it.
---@param text string whose lines were made fit
---@param width? integer columns; nil: any number
---@return string[] lines at least one
function M.folded(text, width) end

return M
