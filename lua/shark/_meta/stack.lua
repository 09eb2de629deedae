---@meta shark.stack
-- Of the module's docstrings; written by make reference.

local M = {}

---@class shark.Stack array of uint64_t, innermost first; as text, a line each
local Stack = {}

--- The stack's frames, from the traced function on; not to be written, for stacks share them.
---@return { address: string, name: string }[] {{address = "ffffffff81234567", name = "symbol+0x1/0x2 [module]"}}
function Stack:frames() end

--- Frames as text, a line each: "0xffffffff81234567 : symbol+0x1/0x2 [module]".
---@param list table[] of Stack:frames()
---@return string[]
function M.lines(list) end

--- The frames' names in one line, outermost first, joined by ";" as folded stacks
--- are; without offsets.
---@param list table[] of Stack:frames()
---@return string
function M.fold(list) end

--- All of the frames as fold() has them.
---@return string
function Stack:folded() end

--- A stack from an array of return addresses (uint64_t), innermost first.
---@param addresses ffi.cdata*[]
---@return shark.Stack
function M.new(addresses) end

--- "symbol+0xoffset/0xsize [module]" of one address, "?" if it has none.
---@param address integer uint64_t
---@return string
function M.name_of(address) end

return M
