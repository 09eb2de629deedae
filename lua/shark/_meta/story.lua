---@meta shark.story
-- Of the module's docstrings; written by make reference.

local M = {}

--- Names of the kinds of record.
---@type table
M.KINDS = nil

--- Fields of the summary's vectors that are counts.
---@type table
M.VECTOR_COUNTS = nil

--- One line of text of a record, without its time.
---@param record table
---@return string
function M.text(record) end

---@class shark.Story
---@field sessions { name: string, session: shark.Session }[] by kind
---@field unavailable table<string, { message: string, error: string }> why kinds are not traced
---@field counts table<string, integer> records told, by kind
local Story = {}

--- Starts the traces that this machine allows.
---@param options table { irq?, kinds? = { irte = true, ... }, stacks?, matrix? = irq_matrix_* too, way? }
---@param emit fun(record, ns) receives the records in the order of time
---@return shark.Story
function M.open(options, emit) end

--- Tells what is old enough to be in order, or all that is left.
---@param all? boolean
function Story:flush(all) end

--- What was counted so far.
---@return table summary { irtes, affinities, faults: rows of read();
---   vectors: {{irq, vector, on_cpu, moving, unmatched, and those of VECTOR_COUNTS}};
---   unseen: IRQs that moved without an event, as CPUs went offline; cpus, all_cpus: see irq.vecalloc(); each nil
---   where that is not traced }
function Story:summary() end

return M
