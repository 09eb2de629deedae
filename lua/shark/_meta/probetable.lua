---@meta shark.probetable
-- Of the module's docstrings; written by make reference.

local M = {}

--- Keys as users write them: "comm", or "NAME=EXPRESSION" where the name may have a type ("file:text(64)=...").
---@param list string[]
---@return string[] names as probe.count() takes them
---@return string[] expressions of Lua
function M.keys(list) end

--- What a script counts in, by keys that users wrote; ends the script where they are none.
---@param script string its name
---@param kind string "count"
---@param keys any[] as probe.count() takes them
---@return shark.probe.Aggregate
function M.declare(script, kind, keys) end

--- The names that a pattern of a user's matches; ends the script where there are none.
---@param script string its name
---@param pattern string
---@return string[]
function M.names(script, pattern) end

--- What an argument is called in expressions: as in the kernel, or with a line behind where Lua keeps the word.
---@param name string
---@return string
function M.argument(name) end

--- A handler of expressions that users wrote. Its arguments are called as those of the probe.
--- Ends the script where there is no such probe, or the expressions are no Lua.
---@param script string its name
---@param name string of the probe
---@param body string statements of Lua
---@param given? table<string, any> what the body refers to besides
---@return function handler
function M.handler(script, name, body, given) end

--- Attaches probes for a script; ends it, with what is wrong, where that cannot be.
---@param script string its name
---@param list table[] { {name, handler}, ... }
---@return shark.probe.Session
function M.attach(script, list) end

--- An address of four bytes in network order, as a number of this machine.
---@param address integer
---@return string "192.0.2.1"
function M.ipv4(address) end

--- An address of four words in network order, as RFC 5952 writes it.
---@return string "2001:db8::1"
function M.ipv6(...) end

--- Runs a script that prints what an aggregate has counted.
---@param spec table name, options, session: as shark.cli.run() takes them; and
---   counted  shark.probe.Aggregate
---   title    string
---   filters  string[]?  as shark.cli.run() takes them
function M.run(spec) end

--- Runs a script that prints a line for each event.
---@param spec table name, options, session: as shark.cli.run() takes them; and
---   columns  table[]  { title, field, width, format = fun(value) }
---   prepare  fun(record)?  changes what is printed of an event
---   what     string  what is counted at the end: "execs"
---   filters  string[]?  as shark.cli.run() takes them
function M.lines(spec) end

return M
