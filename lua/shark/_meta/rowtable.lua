---@meta shark.rowtable
-- Of the module's docstrings; written by make reference.

local M = {}

--- Runs a script that prints a table of a session's rows.
---@param spec table what shark.cli.run() takes, without report and show; and
---   title     string
---   columns   table[]  as shark.text.table has them
---   key       fun(row): string  default: what tells the session's rows apart
---   more      string[]?  further fields that complete() adds, for their order in JSON
---   label     fun(row): string  heading of the row's histogram
---   prepare   fun(rows)?  called with what read() returned
---   complete  fun(row)?  adds further fields
---   is_shown  fun(row): boolean  default: the row counted something
---   extend    fun(report, is_interval)?  adds to what is reported besides the rows
---   show_more fun(report)?  prints that, below the table
function M.run(spec) end

return M
