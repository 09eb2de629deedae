---@meta shark.irqmap

local irqmap = {}

---@class shark.Missing
---@field what string
---@field why string

---@class shark.IrqMap a field that is nil was not read: see missing
---@field irq integer
---@field source string "kernel memory (bpf)", "kernel memory (kcore)" or "/proc and /sys"
---@field missing shark.Missing[]
---@field changed string? it kept changing while it was read: only what /proc and /sys tell is here
---@field device { pci: string, mode: "MSI-X"|"MSI"|"INTx", driver: string? }?
---@field actions shark.IrqMapAction[]
---@field descriptor string? address of the irq_desc, hexadecimal
---@field handle_irq string? flow handler
---@field flow string? "edge"
---@field type string? "edge" or "level"
---@field stage "in-band"|"out-of-band"|nil of Dovetail's pipeline
---@field state string[]? in words
---@field activated boolean?
---@field depth integer? how often it was disabled
---@field count integer
---@field counts { cpu: integer, count: integer }[]
---@field affinity shark.IrqMapAffinity
---@field chip string?
---@field hwirq integer?
---@field unhandled integer? of the last 100,000
---@field levels shark.IrqMapLevel[]?
---@field msi shark.IrqMapMsi?
---@field pin string? "IO-APIC 0 pin 4"
---@field redirection table? IO-APIC entry as the kernel wrote it, see shark.decode.ioapic; set_up is false while it is not
---  in the hardware
---@field irte shark.IrqMapIrte?
---@field iommu table? unit, registers as shark.Register
---@field vector shark.IrqMapVector?

---@class shark.IrqMapAction
---@field name string
---@field handler string? symbol
---@field thread_fn string? symbol
---@field thread string? "irq/24-acpi (pid 50)"
---@field flags string? hexadecimal
---@field flag_words string[]? IRQF_ names without prefix

---@class shark.IrqMapAffinity lists of CPUs as text: "0-3,8"
---@field asked string?
---@field effective string?
---@field pending string? the move to these waits for the next interrupt
---@field managed true?
---@field hint string?
---@field node integer?
---@field words string[]

---@class shark.IrqMapLevel
---@field level integer 0 is the device's side
---@field chip string?
---@field chip_symbol string?
---@field domain string?
---@field ops string?
---@field hwirq string hexadecimal
---@field kind "msi"|"ioapic"|"intel"|"amd"|"vector"|nil
---@field words string[]?

---@class shark.IrqMapMsi messages as shark.decode.msi decodes them
---@field kind "MSI-X"|"MSI"|"platform MSI"
---@field index integer?
---@field cached table
---@field live table?
---@field masked true?
---@field differs true?

---@class shark.IrqMapIrte entries as shark.decode.irte decodes them
---@field iommu string
---@field index integer
---@field device string? AMD: whose table it is in
---@field cached table?
---@field live table?
---@field differs true?
---@field cleared true? the interrupt is not activated
---@field device_entry table? AMD

---@class shark.IrqMapVector
---@field number integer
---@field cpu integer
---@field idt string? in words
---@field points_back boolean? vector_irq leads to this descriptor
---@field destination shark.Destination of the message that the APIC takes
---@field previous { number: integer, cpu: integer }? while it moves
---@field words string[]

---@class shark.Destination
---@field value integer
---@field mode "physical"|"logical"|nil nil: not known
---@field cpus integer[]? that it means
---@field words string "physical APIC id 3", "logical APIC mask 0x3 (CPUs 0-1)"

---@class shark.VectorSlot
---@field cpu integer
---@field vector integer
---@field state "exception"|"system"|"beyond"|"used"|"managed"|"allocated"|"free"|"unknown"
---@field irq integer?
---@field managed true?
---@field idt string?
---@field map shark.IrqMap?
---@field words string

---@class shark.Register
---@field raw string hexadecimal
---@field fields table<string, integer|ffi.cdata*> by the specification's names
---@field words string[] what is set

--- Everything that can be told about an IRQ.
---@param irq integer
---@return shark.IrqMap? map
---@return string? message
---@return string? name of the error: "ENOENT"
function irqmap.describe(irq) end

--- The maps of all IRQs, those included that nobody requested.
---@return shark.IrqMap[]? maps
---@return string? message
function irqmap.describe_all() end

--- What a CPU does when a vector arrives.
---@param cpu integer
---@param vector integer 0 to 255
---@return shark.VectorSlot? slot
---@return string? message
---@return string? name of the error
function irqmap.describe_vector(cpu, vector) end

---@class shark.CpuVectors
---@field cpu integer
---@field counts table<string, integer> by state, see shark.VectorSlot
---@field vectors shark.VectorSlot[] without their map
---@field available integer? the allocator's own count of what is free
---@field allocated integer?
---@field managed integer?
---@field managed_allocated integer?

---@class shark.Vectors fields but cpus, partial and missing are nil where the allocator cannot be read
---@field cpus shark.CpuVectors[]
---@field system { vector: integer, handler: string? }[]?
---@field available integer?
---@field reserved integer? interrupts that were promised a vector and have none yet
---@field allocated integer?
---@field first integer? of the vectors that the allocator gives
---@field last integer?
---@field partial true? only the vectors that interrupts have are known
---@field missing shark.Missing[]?

--- What the vectors of all online CPUs are for, and how many are left.
---@return shark.Vectors? vectors
---@return string? message
---@return string? name of the error
function irqmap.vectors() end

---@class shark.VectorsLeft
---@field cpus { cpu: integer, available: integer, allocated: integer, managed: integer, managed_allocated: integer }[]
---@field available integer
---@field reserved integer
---@field allocated integer

--- How many vectors each CPU has left: the allocator's counts, at the cost of a few reads.
---@return shark.VectorsLeft? left
---@return string? message
---@return string? name of the error
function irqmap.vectors_left() end

--- IRQs by the name of an action, or a number as text.
---@param what string "virtio0-req.0", "26"
---@return integer[]? irqs
---@return string? message
---@return string? name of the error: "ENOENT"
function irqmap.find(what) end

return irqmap
