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

--- The IRQ whose handler runs here, or was interrupted here; nil: none. Threads of interrupts are in none.
--- A key of the type irq takes nil, too; elsewhere it is tested first. The session has a tracer for it, see how().
---@return integer?
function irq() end

--- The system vector (local timer, reschedule, ...) whose handler runs here, or was interrupted here; nil: none.
---@return integer?
function vector() end

--- The softirq that runs here, or was interrupted here, also in ksoftirqd; nil: none. A number in handlers; in rows
--- and events, by a key of the type softirq, its name: "NET_RX".
---@return integer?
function softirq() end

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
