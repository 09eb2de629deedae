---@meta shark.probe
-- Of the module's docstrings; written by make reference.

local M = {}

--- Counts by key: n[comm()]:add(), or n:add() without keys; add(3) counts three.
---@param ... string|table keys, then options
---@return shark.probe.Aggregate
function M.count(...) end

--- Sums by key: total[comm()]:add(bytes).
---@param ... string|table keys, then options
---@return shark.probe.Aggregate
function M.sum(...) end

--- Histograms by key, of eight buckets for each power of two: bytes[comm()]:add(n).
---@param ... string|table keys, then options
---@return shark.probe.Aggregate
function M.hist(...) end

--- The largest values by key: big[comm()]:add(n).
---@param ... string|table keys, then options
---@return shark.probe.Aggregate
function M.max(...) end

--- The smallest values by key: small[comm()]:add(n).
---@param ... string|table keys, then options
---@return shark.probe.Aggregate
function M.min(...) end

--- A map of numbers that handlers read and write: started[tid()] = now(), and = nil to delete. Scripts have
--- get(key, ...), set(key, ..., value) and delete(key, ...). Without keys it is one number, with get() and set(value)
--- in handlers, too.
---@param ... string|table keys, then the type of the values: "i64", "u64", "ptr"; then options
---@return shark.probe.Aggregate
function M.map(...) end

--- A number that handlers read and scripts change while they run: limit() is its value, limit:set(8192) changes it.
---@param initial? integer default 0
---@return shark.probe.Aggregate
function M.var(initial) end

--- Attaches a handler: what it counts in can be read from now on, and what it sends with emit { } comes to
--- session:on(). It runs until session:close(), or the end of the run.
--- Names: "sched_switch" a tracepoint with its arguments; "sched:sched_switch" the same as a record; "vfs_read()" the
--- entry of a function, "return vfs_read()" its return, whose handler gets the result first; patterns of these, as
--- "vfs_*()"; "uprobe:BINARY:FUNCTION", "uretprobe:...", "usdt:BINARY:PROVIDER:NAME", "profile:99", "interval:1s". A
--- way before the name pins that one: "raw_tp:sched_switch", "kprobe:vfs_read()".
---@param name string
---@param handler function
---@param options? table ring_bytes: room for what emit sends
---@return shark.probe.Session? session
---@return string? message
---@return string? errname; raises for a handler
---   that cannot be compiled, with its file and line
function M.on(name, handler, options) end

--- Attaches several, all or none: probe.session { {"vfs_read()", entry}, {"return vfs_read()", left} }.
---@param list table[] { {name, handler}, ... }
---@param options? table as on() has them
---@return shark.probe.Session? session
---@return string? message
---@return string? errname
function M.session(list, options) end

--- The names that a pattern matches, as handlers can be attached to them: "block_*", "vfs_*()",
--- "syscalls:sys_enter_*".
---@param pattern string
---@return string[]? names
---@return string? message
---@return string? errname
function M.names(pattern) end

--- What handlers of a probe are given, by the best way that can be told of here.
---@param name string
---@return table? asked { name, way, arguments = { { name, type = as in C, members } } }; of a
---   record, the one argument's members are its fields
---@return string? message
---@return string? errname
function M.describe(name) end

--- In a handler: whether what x is (or points to) has this member on the running kernel.
function M.has(...) end

--- In a handler: x as pointer to another type, "struct NAME".
function M.cast(...) end

return M
