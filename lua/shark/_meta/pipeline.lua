---@meta shark.pipeline

local pipeline = {}

--- A symbol that tells of a pipeline.
---@class shark.PipelineSymbol
---@field symbol string
---@field of "I-pipe"|"Dovetail"
---@field found boolean

---@class shark.PipelineStage
---@field name string? "Linux", "Xenomai"
---@field role "root"|"head"|"in-band"|"out-of-band"
---@field address string
---@field cpus { cpu: integer, stalled: boolean? }[] stalled is nil where it is not known; see missing

--- What a CPU has of an interrupt in a stage; only CPUs that have any of it.
---@class shark.PipelineCpu
---@field cpu integer
---@field hits integer
---@field pending true? it waits in the log
---@field held true? it waits until it is unlocked (I-pipe)
---@field stray true? it is in the map of the log, but no word above leads there

---@class shark.PipelineInterrupt
---@field irq integer
---@field stage string? name of the stage
---@field role string of the stage
---@field kind "real"|"virtual"|"synthetic"|"system"|nil
---@field allocated boolean?
---@field control string? the flag word
---@field flags string[] "handle", "sticky", "lock"; "oob", "chained"
---@field handler string? symbol
---@field handlers string[]? of all actions (Dovetail)
---@field actions string[]? names of all actions (Dovetail)
---@field flow string? the function that runs the actions (Dovetail)
---@field ack string? symbol
---@field cookie string? what the handler is given (I-pipe): a function of Linux, or an address
---@field own string? the pipeline's own: what it is for
---@field ipi true? and an IPI
---@field hits integer on all CPUs
---@field cpus shark.PipelineCpu[]
---@field quiet true? nobody uses it

---@class shark.Pipeline
---@field kind "I-pipe"|"Dovetail"|nil nil: there is none, and only looked_for is there
---@field looked_for shark.PipelineSymbol[]
---@field release string? of Linux
---@field version string? of I-pipe, where /proc tells it
---@field stages shark.PipelineStage[]
---@field interrupts shark.PipelineInterrupt[] once for each stage in which it is handled or waits
---@field numbers { interrupts: integer?, first_virtual: integer?, log_levels: integer?, word_bits: integer? }
---@field missing shark.Missing[]

--- Is there an interrupt pipeline?
---@return { kind: "I-pipe"|"Dovetail"|nil, looked_for: shark.PipelineSymbol[] }? found kind nil: there is none
---@return string? message why the kernel's symbols cannot be looked up
---@return string? name
function pipeline.find() end

--- The pipeline, its domains or stages, and every interrupt that it knows.
---@return shark.Pipeline?
---@return string? message
---@return string? name
function pipeline.read() end

--- On which CPUs an interrupt is pending, held or stray.
---@param row shark.PipelineInterrupt
---@param field "pending"|"held"|"stray"
---@return string cpus "0,2-3"; "" for none
function pipeline.cpus(row, field) end

---@class shark.PipelineChange
---@field irq integer
---@field stage string?
---@field role string
---@field kind string?
---@field handler string?
---@field own string?
---@field hits integer that came since
---@field pending string CPUs now: "0,2-3"
---@field held string
---@field stray string

--- What changed between two readings: the interrupts that came, or wait otherwise than before.
---@param before shark.Pipeline
---@param now shark.Pipeline
---@return shark.PipelineChange[]
function pipeline.changes(before, now) end

return pipeline
