---@meta shark.text.terminal
-- Of the module's docstrings; written by make reference.

local M = {}

--- From now on lines may be as long as they are (--wide).
function M.widen() end

--- The columns that a line may take: of the environment's COLUMNS, or else of the terminal.
---@return integer? columns nil: any number
function M.columns() end

--- Does somebody see standard error as it is written?
---@return boolean
function M.is_watched() end

--- May there be colours? NO_COLOR: https://no-color.org
---@return boolean
function M.is_coloured() end

return M
