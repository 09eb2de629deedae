---@meta shark.remap.trace

local remap_trace = {}

---@class shark.ChangeOptions
---@field irq? integer this IRQ only
---@field cpu? integer done on this CPU only
---@field at_least_ns? integer only events that took so long; rows count all
---@field stacks? boolean keep the kernel stack of each request
---@field way? "fentry"|"kprobe"|"raw_tp" raw_tp: Intel only, without IRQ and times
---@field ring_bytes? integer
---@field rows? integer

---@class shark.ChangeRow
---@field irq integer? nil for what = "other"
---@field unit string "dmar0", "ivhd0"
---@field device string? AMD: whose table, "00:03.0"
---@field index integer of the entry
---@field what "set affinity"|"activate"|"deactivate"|"post to a guest"|"other"
---@field cpu integer
---@field count integer writes
---@field total_ns number from the requests to their ends
---@field max_ns number
---@field hist shark.Hist
---@field flushes integer invalidations
---@field flush_ns number spent in them
---@field refused integer writes whose request failed
---@field unchanged integer writes of what was there

---@class shark.ChangeEvent : shark.Event valid only in the handler it is given to
---@field ts_ns ffi.cdata* uint64_t, CLOCK_MONOTONIC, of the request
---@field ns ffi.cdata* uint64_t
---@field flush_ns ffi.cdata* uint64_t
---@field irq integer -1: not told
---@field unit_name string
---@field device_name string? AMD
---@field index integer
---@field entries integer invalidated from index on, 0: all
---@field reason string
---@field before shark.Irte? nil where it is not known
---@field after shark.Irte
---@field old ffi.cdata* uint64_t[2]
---@field now ffi.cdata* uint64_t[2]
---@field no_old boolean
---@field no_time boolean
---@field flushes integer
---@field ret integer negative errno, or what the kernel's function returned
---@field pid integer
---@field task string that asked, or was interrupted
---@field cpu integer
---@field stack integer index for session:stack(), negative for none

---@class shark.Irte an entry as shark.decode.irte decodes it
---@field present boolean
---@field vector integer
---@field dest integer APIC id, or mask
---@field dest_mode "physical"|"logical"
---@field cpus integer[] that the destination means
---@field raw string[]

---@class shark.AffinityOptions
---@field irq? integer
---@field cpu? integer
---@field stacks? boolean
---@field way? "fentry"|"kprobe"
---@field ring_bytes? integer
---@field rows? integer

---@class shark.AffinityRow
---@field irq integer
---@field what "asked"|"moved"|"set"
---@field cpu integer
---@field count integer
---@field total_ns number of "moved" the time it was pending, of the others that of the call
---@field max_ns number
---@field hist shark.Hist
---@field left_pending integer
---@field failed integer
---@field replaced integer asked while another was pending
---@field ask_unseen integer asked before the trace

---@class shark.AffinityEvent : shark.Event valid only in the handler it is given to
---@field ts_ns ffi.cdata* uint64_t, CLOCK_MONOTONIC
---@field ns ffi.cdata* uint64_t of the call
---@field wait_ns ffi.cdata* uint64_t of "moved": since it was first asked for
---@field name "asked"|"moved"|"set"
---@field irq integer
---@field cpus string asked for, "0-1,4"
---@field was_on integer CPU in force before, -1 for none
---@field is_on integer and behind
---@field pending boolean not in force yet
---@field was_pending boolean
---@field ask_unseen boolean
---@field ret integer
---@field pid integer of "moved" that of who had asked last
---@field task string
---@field cpu integer of "moved" where the interrupt came
---@field stack integer

---@class shark.FaultOptions
---@field source? integer bus << 8 | device << 3 | function
---@field way? "fentry"|"kprobe"|"fentry_thread"|"kprobe_thread" the last two: AMD before 6.12
---@field ring_bytes? integer
---@field rows? integer

---@class shark.FaultRow
---@field unit string
---@field source string "00:1f.2"
---@field code integer VT-d's fault reason, AMD's event type
---@field reason string in words
---@field cpu integer
---@field count integer
---@field last_ns number
---@field overflows integer the IOMMU had no room for more

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

---@class shark.FaultEvent valid only in the handler it is given to
---@field ts_ns ffi.cdata* uint64_t, when the kernel looked
---@field decoded shark.Fault
---@field record ffi.cdata* uint64_t[2]
---@field cpu integer
---@field lost integer 1: the IOMMU had no room for more

--- Whose IOMMU is in use.
---@return "intel"|"amd"? vendor
---@return string? message
---@return string? name of the error
function remap_trace.vendor() end

--- Whose IOMMU remaps interrupts here.
---@return "intel"|"amd"? vendor
---@return string? message
---@return string? name of the error
function remap_trace.remapping() end

--- Entries of the interrupt remapping tables that are written.
---@param options? shark.ChangeOptions
---@return shark.Session?
---@return string? message
---@return string? name of the error
function remap_trace.changes(options) end

--- Affinity: asked for, left pending, in force.
---@param options? shark.AffinityOptions
---@return shark.Session?
---@return string? message
---@return string? name of the error
function remap_trace.affinity(options) end

--- Requests that an IOMMU refused.
---@param options? shark.FaultOptions
---@return shark.Session?
---@return string? message
---@return string? name of the error
function remap_trace.faults(options) end

return remap_trace
