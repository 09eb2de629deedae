---@meta shark.kernel

local kernel = {}

---@alias shark.Address integer|ffi.cdata*|string number, uint64_t or "0x..."

--- A struct, union or array of the kernel. Its fields are the kernel's, as the
--- BTF tells them; elements count from 0. Two are equal when address and type are.
---@class shark.KernelObject
---@field [string|integer] any

--- What is raised where there is no place for nil, message, name.
---@class shark.KernelFault
---@field message string
---@field name string "EFAULT"

---@class shark.KernelVariable: shark.KernelObject
local variable = {}

--- A number, text, ... or an object.
---@return any
function variable:value() end

---@return ffi.cdata* address uint64_t
function variable:address() end

---@return string name of the type
function variable:type() end

---@class shark.KernelHow
---@field way "bpf"|"kcore"|"image"|nil
---@field image? string what kind of file it is
---@field forced boolean
---@field refused { way: string, reason: string, error: string }[]

--- The descriptor of an IRQ.
---@param irq integer
---@return shark.KernelObject? desc struct irq_desc
---@return string? message
---@return string? name of the error
function kernel.irq_desc(irq) end

--- Iterates over all descriptors.
---@return fun(): integer?, shark.KernelObject?
function kernel.irq_descs() end

--- The object of a type at an address; of a type such as "int", its value.
---@param type_name string
---@param address shark.Address|shark.KernelObject
---@return any value
---@return string? message
---@return string? name of the error
function kernel.cast(type_name, address) end

--- A global variable.
---@param name string
---@param type_name? string
---@return shark.KernelVariable?
---@return string? message
---@return string? name of the error
function kernel.var(name, type_name) end

--- A CPU's own instance of a variable, or of what a per-CPU pointer points to.
---@param what string|shark.KernelObject
---@param cpu integer
---@param type_name? string
---@return any value
---@return string? message
---@return string? name of the error
function kernel.per_cpu(what, cpu, type_name) end

--- What a per-CPU pointer points to on several CPUs, copied in one go.
---@param pointer shark.KernelObject
---@param cpus integer[]
---@return table<integer, any>? values by CPU
---@return string? message
---@return string? name of the error
function kernel.per_cpu_each(pointer, cpus) end

--- This process' struct task_struct.
---@return shark.KernelObject?
---@return string? message
---@return string? name of the error
function kernel.current() end

---@param head string|shark.KernelObject|shark.Address struct list_head
---@param type_name string of the entries
---@param member string of the entries
---@param max? integer 65536
---@return fun(): shark.KernelObject?
function kernel.list(head, type_name, member, max) end

---@param first shark.KernelObject?
---@param field string
---@param max? integer 65536
---@return fun(): shark.KernelObject?
function kernel.chain(first, field, max) end

---@param tree string|shark.KernelObject|shark.Address
---@param type_name? string of the entries; none: they are addresses
---@return fun(): integer?, any
function kernel.xarray(tree, type_name) end

---@param tree string|shark.KernelObject|shark.Address
---@param index integer
---@param type_name? string
---@return any entry nil for nothing
---@return string? message
---@return string? name of the error
function kernel.xarray_find(tree, index, type_name) end

kernel.radix_tree = kernel.xarray
kernel.radix_tree_find = kernel.xarray_find

---@param tree string|shark.KernelObject|shark.Address
---@param type_name? string of the entries; none: they are addresses
---@return fun(): integer|ffi.cdata*|nil, any first index, entry
function kernel.maple_tree(tree, type_name) end

---@param tree string|shark.KernelObject|shark.Address
---@param index integer|ffi.cdata*
---@param type_name? string
---@return any entry nil for nothing
---@return string? message
---@return string? name of the error
function kernel.maple_tree_find(tree, index, type_name) end

---@param mask shark.KernelObject
---@return integer[]? cpus
---@return string? message
---@return string? name of the error
function kernel.cpumask(mask) end

--- The value of an enumerator by its name alone, as of the kernel's flags, whose enums have none: "IRQ_OOB".
---@param name string
---@return integer? value
---@return string? message
---@return string? name "ENOENT": no enum has it
function kernel.enumerator(name) end

--- Text in an array of bytes that are not of the type char.
---@param array shark.KernelObject
---@return string?
---@return string? message
---@return string? name of the error
function kernel.text(array) end

---@param address shark.Address|shark.KernelObject
---@param size integer
---@return string? bytes
---@return string? message
---@return string? name of the error
function kernel.read(address, size) end

--- All of an object, read at once.
---@param object shark.KernelObject
---@return shark.KernelObject? copy
---@return string? message
---@return string? name of the error
function kernel.copy(object) end

--- Reads a copy again, in place.
---@param object shark.KernelObject
---@return shark.KernelObject? object
---@return string? message
---@return string? name of the error
function kernel.refresh(object) end

--- Calls work(...) and reads again every pointer it followed; nil, message,
--- "EAGAIN" when one changed.
---@param work function
---@return any ...
function kernel.stable(work, ...) end

---@param object shark.KernelObject
---@return ffi.cdata* address uint64_t
function kernel.addressof(object) end

---@param object shark.KernelObject
---@return string name of the type
function kernel.typeof(object) end

--- A pointer, enum or integer field as the number it is.
---@param object shark.KernelObject
---@param field string
---@return ffi.cdata*|number
function kernel.raw(object, field) end

---@param member shark.KernelObject|shark.Address
---@param type_name string
---@param field string
---@return shark.KernelObject?
---@return string? message
---@return string? name of the error
function kernel.container_of(member, type_name, field) end

---@param what string|shark.KernelObject
---@return integer? bytes
---@return string? message
---@return string? name of the error
function kernel.sizeof(what) end

---@param what string|shark.KernelObject
---@param field string "a.b" for a field of a field
---@return boolean? nil when there is no such type
---@return string? message
---@return string? name of the error
function kernel.has_field(what, field) end

---@param what string|shark.KernelObject
---@param field string
---@return integer? bytes
---@return integer|string|nil bit of a bitfield, or a message
---@return string? name of the error
function kernel.offsetof(what, field) end

---@param what string|shark.KernelObject
---@return string[]?
---@return string? message
---@return string? name of the error
function kernel.fields(what) end

---@param address shark.Address
---@return string? symbol "vring_interrupt+0x10 [virtio_ring]"
---@return string? message
---@return string? name of the error
function kernel.symbol(address) end

---@param name string
---@return ffi.cdata*? address uint64_t
---@return string? message
---@return string? name of the error
function kernel.address(name) end

---@param value shark.Address|shark.KernelObject
---@return string digits "0xffffffff81000000"
function kernel.hex(value) end

--- How memory is read; as text: the way, and why no better.
---@return shark.KernelHow
function kernel.how() end

---@param way "bpf"|"kcore"|nil nil: the best
---@return true? ok
---@return string? message
---@return string? name of the error
function kernel.use(way) end

---@class shark.KernelFiles
---@field core string path of the memory
---@field btf? string path of its types
---@field symbols? string path of its symbols

--- This module, of a kernel that is not running.
---@class shark.KernelImage: shark.kernel
local image = {}

--- A module that reads kernels, of this one.
---@param name string
---@return any module
function image:require(name) end

--- Gives it back; reading more raises an error.
function image:close() end

---@param of shark.KernelFiles
---@return shark.KernelImage? image
---@return string? message
---@return string? name of the error
function kernel.open(of) end

---@class shark.KernelWork
---@field calls integer times that the kernel was asked for memory
---@field reads integer pieces of memory in them
---@field bytes integer
---@field names integer times that it was asked for a name
---@field passes integer over all of /proc/kallsyms

--- What looking at kernel memory has cost this process so far.
---@return shark.KernelWork
function kernel.work() end

return kernel
