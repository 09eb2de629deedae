---@meta shark.irq

local irq = {}

---@class shark.Event over when the handler it is given to returns: reading it then raises
---@field ts_ns ffi.cdata* uint64_t, CLOCK_MONOTONIC at the start
---@field ns ffi.cdata* uint64_t
---@field cpu integer
---@field stack integer for session:stack(); negative for none
---@field copy fun(self: shark.Event): table all of its documented fields as a plain table, to keep

---@class shark.Loss a field is nil where this kernel cannot tell
---@field ring_drops integer?
---@field undelivered integer events left in the ring when nobody took them any more
---@field map_full integer? entries that found no room in a table: the sum of those below
---@field rows_full integer?
---@field hists_full integer?
---@field threads_full integer? of irq.thread
---@field calls_full integer? of remap.changes and remap.affinity
---@field requests_full integer? of virtblk.requests
---@field queues_full integer? of virtblk.requests
---@field stacks_full integer? of virtblk.requests
---@field missed_runs integer?
---@field too_deep integer?
---@field unmatched_entries integer?
---@field unmatched_exits integer?
---@field stacks_lost integer?
---@field late_adds integer? of virtblk.requests: first seen when added
---@field late_ends integer? of virtblk.requests: first seen when completed
---@field unseen_ends integer? of virtblk.requests: not seen to complete
---@field torn_rows integer rows read while they were counted in, see `torn`
---@field in_flight integer running now; not a loss

---@class shark.How
---@field way string
---@field forced boolean
---@field refused { way: string, reason: string, error: string }[]
---@field skipped { point: string, reason: string, error: string }[]

---@class shark.Audit
---@field source string
---@field kernel integer counted by the kernel
---@field missing integer of them not here
---@field surplus integer here and not there
---@field while_attaching integer
---@field rows { name: string, kernel: integer, missing: integer }[] where the two differ; missing below 0: a surplus

---@class shark.Session
local session = {}

---@return table[] rows
function session:read() end

--- What tells a row of read() from the others: the same as long as the session runs.
---@param row table
---@return string
function session:key(row) end

--- What a row of read() has more than it had before; maxima are those since the start.
---@param row table
---@param before? table the same row then; nil: it was not there
---@return table
function session:since(row, before) end

---@param handler fun(event: shark.Event)?
---@return shark.Session? self
---@return string? message
---@return string? name of the error
function session:on(handler) end

---@param handler fun(events: ffi.cdata*, n: integer)?
---@return shark.Session? self
---@return string? message
---@return string? name of the error
function session:on_batch(handler) end

--- Hands over, now, what waits in the ring; in the session's own handler, nothing.
---@return integer events
function session:drain() end

---Hands over no more than a turn of the loop would.
---@return boolean more some events wait still
function session:drain_slice() end

---Whether it was not closed: all other methods raise when it was.
---@return boolean
function session:is_open() end

---@param index integer field `stack` of an event
---@return shark.Stack?
---@return string? message
---@return string? name of the error
function session:stack(index) end

---@return shark.How
function session:how() end

---@return shark.Loss
function session:loss() end

---@return shark.Audit
function session:audit() end

--- Detaches and hands over what waits, within a second; what was counted can still be read.
function session:stop() end

--- Gives everything back, without handing over what waits; may be called twice, and from a handler.
function session:close() end

--- Time in hard interrupt handlers, by IRQ, action and CPU.
---@param options? shark.HardirqOptions
---@return shark.Session?
---@return string? message
---@return string? name of the error
function irq.hardirq(options) end

--- Threads of interrupt handlers: woken, running, asleep again.
---@param options? shark.ThreadOptions
---@return shark.Session?
---@return string? message
---@return string? name of the error
function irq.thread(options) end

--- Softirqs: raised, waiting, running.
---@param options? shark.SoftirqOptions
---@return shark.Session?
---@return string? message
---@return string? name of the error
function irq.softirq(options) end

--- Handlers of system vectors, and NMIs.
---@param options? shark.VectorOptions
---@return shark.Session?
---@return string? message
---@return string? name of the error
function irq.vector(options) end

--- Inter-processor interrupts: sent, under way, received.
---@param options? shark.IpiOptions
---@return shark.Session?
---@return string? message
---@return string? name of the error
function irq.ipi(options) end

---@class shark.VecallocSession: shark.Session
local vecalloc = {}

---@return shark.VecallocRow[]
function vecalloc:read() end

--- The newest state of each CPU that an event told of, and of all CPUs.
---@return { cpu: integer, available: integer, allocated: integer, managed: integer, managed_allocated: integer, last_ns: number }[] cpus
---@return { global_available: integer?, global_reserved: integer?, total_allocated: integer?, online_maps: integer? } all
function vecalloc:cpus() end

--- The vector allocator: which IRQ gets, moves or gives back which vector.
---@param options? shark.VecallocOptions
---@return shark.VecallocSession?
---@return string? message
---@return string? name of the error
function irq.vecalloc(options) end

--- Interrupts in Dovetail's pipeline: from entering to leaving it.
---@param options? shark.PipelineOptions
---@return shark.Session?
---@return string? message
---@return string? name of the error: "ENODEV" where the kernel has no Dovetail
function irq.pipeline(options) end

---@class shark.Interrupt a line of /proc/interrupts; what it does not tell is nil
---@field irq integer
---@field chip string?
---@field hwirq integer?
---@field flow string? "edge"
---@field actions string[]
---@field count integer over all CPUs
---@field counts table<integer, integer> by CPU

--- What /proc/interrupts says of each IRQ now.
---@return table<integer, shark.Interrupt>? interrupts by IRQ
---@return string? message
function irq.interrupts() end

--- Everything that can be told about an IRQ, from its device to its handler.
---@param irq integer
---@return shark.IrqMap? map
---@return string? message
---@return string? name of the error: "ENOENT"
function irq.describe(irq) end

--- What a CPU does when a vector arrives.
---@param cpu integer
---@param vector integer 0 to 255
---@return shark.VectorSlot? slot
---@return string? message
---@return string? name of the error
function irq.describe_vector(cpu, vector) end

return irq
