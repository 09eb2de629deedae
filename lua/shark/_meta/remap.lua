---@meta shark.remap

local remap = {}

---@class shark.ChainStep
---@field phase string "supported", "prepared", "enabled", "mode"; "built", "detected", "allowed", "in use"
---@field question string
---@field answer string
---@field ok boolean? false: this answer says no; nil: not known, or only told

---@class shark.RemapState
---@field enabled boolean
---@field why string
---@field kind "intel"|"amd"
---@field mode "xAPIC"|"x2APIC"|nil
---@field ops { name: string, capability: integer, pointers: { field: string, symbol: string }[] }|false|nil active irq_remap_ops; false: none; nil: not read
---@field steps shark.ChainStep[]
---@field decisive shark.ChainStep? the first that said no
---@field verdict string
---@field missing shark.Missing[]

--- The state of interrupt remapping, and which condition decided.
---@return shark.RemapState
function remap.state() end

---@class shark.RemapEntry
---@field iommu string
---@field index integer
---@field device string? AMD: whose table
---@field entry table see shark.decode.irte
---@field irq integer? nil: no IRQ has it now
---@field actions string[]?
---@field pci string?

--- Every entry that is present in an interrupt remapping table.
---@return shark.RemapEntry[]? entries
---@return string? message
---@return string? name of the error
function remap.entries() end

---@class shark.Irte an entry as shark.decode.irte decodes it
---@field present boolean
---@field vector integer
---@field dest integer APIC id, or mask
---@field dest_mode "physical"|"logical"
---@field cpus integer[] that the destination means
---@field raw string[]

---@class shark.Fault
---@field unit string
---@field source string
---@field what "DMA"|"interrupt"
---@field reason string
---@field index integer? of an interrupt, Intel
---@field address ffi.cdata*? uint64_t
---@field access "read"|"write"|nil
---@field pasid integer?
---@field raw string[] the IOMMU's record

--- Entries of the interrupt remapping tables that are written.
---@param options? shark.ChangeOptions
---@return shark.Session?
---@return string? message
---@return string? name of the error
function remap.changes(options) end

--- Affinity: asked for, left pending, in force.
---@param options? shark.AffinityOptions
---@return shark.Session?
---@return string? message
---@return string? name of the error
function remap.affinity(options) end

--- Requests that an IOMMU refused.
---@param options? shark.FaultOptions
---@return shark.Session?
---@return string? message
---@return string? name of the error
function remap.faults(options) end

return remap
