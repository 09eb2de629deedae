---@meta shark.virtblk

local virtblk = {}

---@class shark.VirtblkRequest
---@field ts_ns number
---@field device string
---@field queue integer
---@field op string
---@field sector integer? nil of a flush without data
---@field bytes integer
---@field pid integer
---@field tid integer
---@field comm string
---@field issue_cpu integer?
---@field first_seen string
---@field requeues integer
---@field depth integer?
---@field stages { stage: string, from: string, to: string, ns: number }[]
---@field ns number? of one that is completed, as are the following
---@field cpu integer?
---@field status string?
---@field completed_in string?
---@field irq integer?

---@class shark.VirtblkSession: shark.Session
local session = {}

--- Completed requests, counted by the stack they ended in; with stacks = true.
---@return { device: string, queue: integer, op: string, irq: integer?, stack: integer?, count: integer, total_ns: number }[]?
---@return string? message
---@return string? name of the error
function session:stacks() end

--- Requests issued and not yet completed, oldest first.
---@return shark.VirtblkRequest[]? requests
---@return string? message
---@return string? name of the error
function session:open_requests() end

--- Traces the requests of virtio-blk disks.
---@param options? shark.VirtblkOptions
---@return shark.VirtblkSession? session
---@return string? message
---@return string? name of the error
function virtblk.requests(options) end

--- Joins rows that agree in the fields given.
---@param rows shark.VirtblkRow[]
---@param fields string[]
---@param wanted? string rows of this `what` only
---@return shark.VirtblkRow[]
function virtblk.join(rows, fields, wanted) end

--- A request as a table that outlives the handler.
---@param request shark.VirtblkEvent
---@return shark.VirtblkRequest
function virtblk.copy(request) end

--- "2048 +4096", sector and bytes; "-" of a request without data.
---@param request shark.VirtblkRequest
---@return string
function virtblk.extent(request) end

--- What a session started now would see better.
---@param session shark.VirtblkSession
---@return string? hint
function virtblk.hint(session) end

--- The virtio-blk disks there are now.
---@return table[] disks
function virtblk.disks() end

--- Vector, CPU and IRTE of an IRQ.
---@param irq integer
---@return { vector: integer, cpu: integer, irte: integer? }? route
---@return string? message
function virtblk.route(irq) end

return virtblk
