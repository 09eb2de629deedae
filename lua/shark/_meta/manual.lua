---@meta shark.manual
-- Of the module's docstrings; written by make reference.

local M = {}

--- The questions that packaged scripts answer, and the pages of those that do.
---@return table[] { { question, scripts = { { name, summary, question, text, has_options }, ... } }, ... };
---   text is Markdown
function M.questions() end

--- Names of all packaged scripts, in the order of the questions that they answer.
---@return string[]
function M.names() end

--- The page of a packaged script.
---@param name string
---@return table? as in questions(); nil if there is none
---@return string? message with the nearest
function M.page(name) end

--- The columns of a packaged script's tables, by their titles.
---@param name string
---@return string[]
function M.columns(name) end

--- What a packaged script takes, as it says itself.
---@param name string
---@return table { usage = lines, { title = "Options", entries = { { label, text }, ... } }, ... }
function M.options(name) end

--- A page as lines for a terminal, with what the script takes.
---@param page table as page() has it
---@param width integer columns
---@return string[]
function M.lines(page, width) end

--- What scripts there are, by the question that they answer, as lines.
---@param width integer columns
---@return string[]
function M.list(width) end

return M
