--- Reads of kernel memory as the core takes them (struct kmem_request, core/kernel/kmem.h): declared once, of
-- however many kernels.

local ffi = require "ffi"

ffi.cdef [[
struct shark_kmem_request { uint64_t address; void *into; uint32_t size; int32_t result; };
]]

--- @type ffi.ctype* an array of them
return ffi.typeof("struct shark_kmem_request[?]")
