---@meta shark.storm

local storm = {}

--- From here on a figure is worth a line of advice.
---@type table<string, number>
storm.LIMITS = nil

---@class shark.Peaks
local peaks = {}

--- Looks at the counts once.
---@param now_s number seconds of any clock that is not set back
function peaks:sample(now_s) end

--- A rate that was measured otherwise: no peak is below the average of its window.
---@param key string as session:key() has it
---@param rate number per second
function peaks:note(key, rate) end

--- The highest rate of a row since the last end_window(), or of all the time.
---@param key string as session:key() has it
---@param all boolean
---@return number per second
function peaks:of(key, all) end

--- From here on another window.
function peaks:end_window() end

--- The highest rates of a session's rows, which is looked at often.
---@param session shark.Session
---@param least_s number a rate is told over no less than so many seconds
---@return shark.Peaks
function storm.peaks(session, least_s) end

---@class shark.StormFigures of a window
---@field seconds number
---@field cpus { cpu: integer, share: number, top: string?, device_count: integer }[]
---@field sources { kind: "IRQ"|"softirq"|"vector", name: string, cpu: integer, count: integer, rate: number, peak_rate: number, none: integer?, ksoftirqd: integer? }[]

--- What to say about the figures of a window.
---@param figures shark.StormFigures
---@return string[] advice most urgent first
function storm.advice(figures) end

return storm
