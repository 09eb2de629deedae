---@meta shark.affinity
-- Of the module's docstrings; written by make reference.

local M = {}

--- What /proc says of an IRQ. The kernel shows the mask that is pending as the one
--- asked for (kernel/irq/proc.c, show_irq_affinity()), so a pending one shows in
--- that the CPU in force is none of it.
---@param irq integer
---@return table? state { asked, effective: "0-1,4"; nil where the kernel does not tell }
function M.read(irq) end

--- CPUs that are online, as a list: "0-3"; "" where the kernel does not tell.
---@return string
function M.online() end

--- One word and a sentence on an IRQ.
---@param entry table { asked, effective, effective_before (lists), online (list), arrived = { [cpu] = interrupts },
---   moved_to? = { cpu }, pending? = left pending by the last request seen }
---@return string code "ok"|"quiet"|"pending"|"offline"|"moved"|"stray"|"unknown"
---@return string text
function M.verdict(entry) end

return M
