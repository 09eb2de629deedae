---@meta shark.irq

local irq = {}

---@class shark.HardirqOptions
---@field irq? integer this IRQ only
---@field cpu? integer this CPU only
---@field way? "tp_btf"|"raw_tp"|"tp" this way of attaching only
---@field ring_bytes? integer room for events, rounded up to a power of two (262144)
---@field rows? integer room for handlers times CPUs; as this machine needs

---@class shark.HardirqRow
---@field irq integer
---@field action string name of the irqaction
---@field cpu integer
---@field count integer handlers that returned
---@field total_ns number
---@field max_ns number
---@field none integer returned IRQ_NONE
---@field handled integer returned IRQ_HANDLED
---@field wake_thread integer returned IRQ_WAKE_THREAD
---@field hist shark.Hist of the time in nanoseconds

---@class shark.HardirqEvent valid only in the handler it is given to
---@field ts_ns ffi.cdata* uint64_t, CLOCK_MONOTONIC at entry
---@field ns ffi.cdata* uint64_t
---@field irq integer
---@field cpu integer
---@field ret integer irqreturn_t
---@field action string

---@class shark.Loss a field is nil where this kernel cannot tell
---@field ring_drops integer?
---@field map_full integer?
---@field missed_runs integer?
---@field too_deep integer?
---@field unmatched_entries integer?
---@field unmatched_exits integer?
---@field in_flight integer handlers running now; not a loss

---@class shark.How
---@field way string
---@field loader "light"|"libbpf"
---@field forced boolean
---@field refused { way: string, reason: string, error: string }[]

---@class shark.Session
local session = {}

---@return shark.HardirqRow[]
function session:read() end

---@param handler fun(event: shark.HardirqEvent)?
---@return shark.Session? self
---@return string? message
---@return string? name of the error
function session:on(handler) end

---@param handler fun(events: ffi.cdata*, n: integer)?
---@return shark.Session? self
---@return string? message
---@return string? name of the error
function session:on_batch(handler) end

--- Hands over, now, what is in the ring.
---@return integer events
function session:drain() end

---@return shark.How
function session:how() end

---@return shark.Loss
function session:loss() end

--- Detaches; what was counted can still be read.
function session:stop() end

--- Gives everything back; may be called twice.
function session:close() end

--- Time in hard interrupt handlers, by IRQ, action and CPU.
---@param options? shark.HardirqOptions
---@return shark.Session?
---@return string? message
---@return string? name of the error
function irq.hardirq(options) end

return irq
