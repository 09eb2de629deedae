---@meta shark.cli
-- Of the module's docstrings; written by make reference.

local M = {}

--- Converter for options that take seconds.
---@type fun(text: string): number?, string?
M.seconds = nil

--- Converter for options that take a number of the kernel's (IRQ, CPU, vector), or another whole number.
---@type fun(text: string): number?, string?
M.number = nil

--- Ends the script with a message on standard error and status 1.
---@param name string of the script
---@param message string
function M.fail(name, message) end

--- Ends the script with a message on standard error and status 2: the command line asks for what there is not.
---@param name string of the script
---@param message string
function M.misuse(name, message) end

--- A parser with --help, and --json if the script traces; a wrong command line
--- ends the script with status 2.
---@param name string of the script
---@param description string
function M.parser(name, description) end

--- Adds options that several scripts have, by name: the letter, the meaning and the text are the same in all.
--- docs/options.md lists them. Options of a script's own have names that these have not, and no letter.
---@param parser table of parser()
---@param wanted table[] names; or { name, more = "said of it besides", choices = {...}, convert = function,
---   default = value }
---@return any ... the options, as argparse has them
function M.options(parser, wanted) end

--- Adds the options of a script that runs for a while.
---@param parser table of parser()
function M.add_run_options(parser) end

--- Adds the options of a script that traces for a while: those, and --way.
---@param parser table of parser()
---@param traced string|string[] what it traces, by the names of shark.providers(): whose ways --way can name
function M.add_trace_options(parser, traced) end

--- The rows that --sort and --top ask for. Ends the script where there is no such column.
---@param name string of the script
---@param given table its options
---@param columns table[] as shark.text.table takes them
---@param rows table[]
---@return table[] rows
---@return integer left_out how many there are besides
function M.arranged(name, given, columns, rows) end

--- Opens a file that is written at the end: who waits for an hour shall not learn only then that it cannot be.
--- Ends the script where it cannot.
---@param name string of the script
---@param path string "-": standard output
---@return fun(text: string) write writes all of it
function M.writer(name, path) end

--- Runs a trace as its options say: until the duration is over, the command has
--- ended or the user interrupts; prints each interval and the total. Times count
--- from this call: what is traced is attached by then. Capabilities that only attaching needs are given up, for good,
--- when the command has been started.
---@param trace table
---   name     string  of the script
---   title    string?  what is traced, in words: "interrupt handlers"
---   filters  string[]?  names of options of its own that let only some things through
---   is_empty fun(report): boolean  whether they let nothing through; default: no rows, or a count of 0
---   options  table   parsed, see add_trace_options()
---   session  shark.Session, or sessions = { {name, session}, ... }
---   report   fun(before, seconds): table, any  what to say, as JSON-ready table, and
---            what to be given as before in the next interval, {} in the first;
---            seconds is the time since then. For the total, before is nil and
---            seconds the time of the whole trace
---   show     fun(report)  prints it as text
---   order    string[]  of the fields in JSON
---   opens_more  boolean?  it attaches while it runs, so capabilities are kept
function M.run(trace) end

return M
