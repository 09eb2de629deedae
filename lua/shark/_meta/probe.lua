---@meta shark.probe
-- Types of shark.probe for editors; what handlers have at hand is in builtins.lua.

local M = {}

-- ---- what handlers count in ----

--- What handlers count in, by keys: agg[key]:add(n) in a handler; scripts read it.
---@class shark.probe.Aggregate
---@field [any] any in handlers: an element, or the value of a map
local Aggregate = {}

--- In a handler: adds one, or n; of a histogram, a sum, a maximum or minimum, a value.
---@param n? integer
function Aggregate:add(n) end

--- What was counted so far: a table per key, in the order of the keys; without keys one table.
---@return shark.probe.Row[]? rows
---@return string? message
---@return string? errname
function Aggregate:read() end

--- What a row of read() has more than it had before.
---@param row shark.probe.Row
---@param before? shark.probe.Row
---@return shark.probe.Row
function Aggregate:since(row, before) end

--- What tells a row of read() from the others.
---@param row shark.probe.Row
---@return string
function Aggregate:key(row) end

--- Forgets what was counted.
---@return true? ok
---@return string? message
---@return string? errname
function Aggregate:clear() end

--- A row: fields by the names of the keys, and what was counted.
---@class shark.probe.Row
---@field count integer|ffi.cdata*|nil
---@field total integer|ffi.cdata*|nil of a sum
---@field max integer|ffi.cdata*|nil
---@field min integer|ffi.cdata*|nil
---@field value integer|ffi.cdata*|nil of a map
---@field hist shark.Hist?
---@field [string] any the keys

---@class shark.probe.Map: shark.probe.Aggregate
local Map = {}

---@param ... any the keys
---@return integer|ffi.cdata*|nil value
function Map:get(...) end

---@param ... any the keys, then the value
---@return true? ok
---@return string? message
---@return string? errname
function Map:set(...) end

---@param ... any the keys
function Map:delete(...) end

---@class shark.probe.Var
---@overload fun(): integer
local Var = {}

---@return integer|ffi.cdata*
function Var:get() end

---@param value integer|ffi.cdata*
---@return shark.probe.Var
function Var:set(value) end

---@class shark.probe.Options
---@field entries? integer how many keys there is room for
---@field name? string what it is called where it is said what was lost
---@field unit? "ns"|"bytes" how values are printed
---@field value? "i64"|"u64" of sums, maxima and minima

--- Counts by key: n[comm()]:add().
---@param ... string|shark.probe.Options keys, then options
---@return shark.probe.Aggregate
function M.count(...) end

--- Sums by key: total[comm()]:add(bytes).
---@param ... string|shark.probe.Options keys, then options
---@return shark.probe.Aggregate
function M.sum(...) end

--- Histograms by key, of eight buckets for each power of two: bytes[comm()]:add(n).
---@param ... string|shark.probe.Options keys, then options
---@return shark.probe.Aggregate
function M.hist(...) end

--- The largest values by key.
---@param ... string|shark.probe.Options keys, then options
---@return shark.probe.Aggregate
function M.max(...) end

--- The smallest values by key.
---@param ... string|shark.probe.Options keys, then options
---@return shark.probe.Aggregate
function M.min(...) end

--- A map of numbers that handlers read and write.
---@param ... string|shark.probe.Options keys, then the type of the values: "i64", "u64", "ptr"; then options
---@return shark.probe.Map
function M.map(...) end

--- A number that handlers read and scripts change while they run.
---@param initial? integer|ffi.cdata* default 0
---@return shark.probe.Var
function M.var(initial) end

-- ---- probes ----

--- Running probes: on, on_batch, drain, stop, close, loss as every session of shark.
---@class shark.probe.Session: shark.Session
local Session = {}

--- How each probe reached the kernel; as text, a line.
---@return { way: string, points: table[], context: table[] }
function Session:how() end

--- What its handlers count in, as rows, by the name of the variable.
---@return table<string, shark.probe.Row[]>
function Session:read() end

--- Each handler as lines of Lua with their instructions.
---@return string
function Session:code() end

--- Attaches a handler; raises for one that cannot be compiled.
---@param name string "sched_switch", "sched:sched_switch", "vfs_read()", "return vfs_read()", "uprobe:/bin/sh:main", ...
---@param handler fun(...)
---@param options? { ring_bytes: integer? }
---@return shark.probe.Session? session
---@return string? message
---@return string? errname
function M.on(name, handler, options) end

--- Attaches several, all or none.
---@param list { [1]: string, [2]: fun(...) }[]
---@param options? { ring_bytes: integer? }
---@return shark.probe.Session? session
---@return string? message
---@return string? errname
function M.session(list, options) end

--- The names that a pattern matches.
---@param pattern string "block_*", "vfs_*()", "syscalls:sys_enter_*"
---@return string[]? names
---@return string? message
---@return string? errname
function M.names(pattern) end

--- What handlers of a probe are given.
---@param name string
---@return { name: string, way: string, arguments: { name: string, type: string, members: table[]? }[] }? asked
---@return string? message
---@return string? errname
function M.describe(name) end

--- In a handler: whether what x is, or points to, has this member on the running kernel.
---@param x any
---@param member string
---@return boolean
function M.has(x, member) end

--- In a handler: x as a pointer to another type.
---@param x any
---@param type string "struct sock"
---@return any
function M.cast(x, type) end

return M
