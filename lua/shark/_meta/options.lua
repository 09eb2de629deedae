---@meta shark.options
-- Of the module's docstrings; written by make reference.

local M = {}

--- Converter for options that take seconds.
---@param text string
---@return number?
---@return string? message
function M.seconds(text) end

--- Converter for options that take a number of the kernel's (IRQ, CPU, vector), or another whole number.
---@param text string
---@return number?
---@return string? message
function M.number(text) end

--- The vocabulary: { name, short?, argument? (none: a flag), convert?, repeats? (may be given several times), text,
--- act? (what giving it does), filters? (it lets only some things through) }.
---@type table[]
M.list = nil

--- The vocabulary by name.
---@type table
M.by_name = nil

--- Adds options of the vocabulary to a parser.
---@param parser table of shark.cli.parser()
---@param wanted table[] names; or { name, more = "said of it besides", choices = {...}, convert = function,
---   default = value }
---@return any ... the options, as argparse has them
function M.add(parser, wanted) end

--- What was asked for that lets only some things through, as it is given: "-i 30 -c 1".
---@param given table what the command line says
---@param own? string[] names of such options that are not of the vocabulary
---@return string text "" for nothing
function M.filters(given, own) end

return M
