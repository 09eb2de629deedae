---@meta
-- Globals of handlers of shark.probe, and of them only: elsewhere in a script they are nil. Written by hand;
-- tests/lua/probe_refusals_test.lua holds it to what lua/shark/probe/builtins.lua has.

--- Nanoseconds of CLOCK_MONOTONIC.
---@return integer
function now() end

--- The thread that runs here.
---@return integer
function tid() end

--- The process that runs here.
---@return integer
function pid() end

--- The user that the thread is of.
---@return integer
function uid() end

--- The CPU that the handler runs on.
---@return integer
function cpu() end

--- Whether a hard interrupt, of a device or a vector, has come in here and not ended: also one that an NMI interrupted.
---@return boolean
function in_hardirq() end

--- Whether a softirq runs here, or was interrupted here; not where they are only kept out.
---@return boolean
function in_softirq() end

--- Whether an NMI runs here, or a breakpoint, which is one to the kernel.
---@return boolean
function in_nmi() end

--- The thread's name.
---@return string
function comm() end

--- Text of a char array, or at a pointer or an address in the kernel: a key, a field of emit, or compared with == and ~=.
---@param at any
---@param size? integer bytes, a constant up to 256; default: the array's, else 16
---@return string
function str(at, size) end

--- The same in the memory of the program that runs here.
---@param at any
---@param size? integer bytes, a constant up to 256; default 16
---@return string
function ustr(at, size) end

--- The kernel's stack: a key, or a field of emit.
---@return integer
function stack() end

--- The program's stack.
---@return integer
function ustack() end

--- Sends an event with these fields: numbers, booleans, texts, pointers (their addresses), stacks.
---@param fields table<string, any>
function emit(fields) end
