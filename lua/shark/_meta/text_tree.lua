---@meta shark.text.tree
-- Of the module's docstrings; written by make reference.

local M = {}

--- Adds an IOMMU to a tree.
---@param parent table node
---@param unit table as shark.iommu has it
---@return table node of the IOMMU
function M.add_iommu(parent, unit) end

--- The tree of a map as irq.describe() gives it.
---@param map shark.IrqMap
---@return table node { line, node... }
function M.of(map) end

--- The tree as text, two blanks for each level; each node is one line.
---@param tree table node
---@return string
function M.text(tree) end

--- A tree of one's own.
---@param line string
---@param ... table its children
---@return table node
function M.node(line, ...) end

--- Appends a child to a node.
---@param parent table node
---@param line string
---@param ... table the child's children
---@return table child
function M.add(parent, line, ...) end

return M
