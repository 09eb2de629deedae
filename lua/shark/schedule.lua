--- When a trace reports and when it ends, by the monotonic clock: from the moment
-- it is asked for, whatever the loop did before, and whatever happens to the
-- time of day.

local uv = require "uv"

local M = {}

-- A report that comes late leaves at least so much of its interval to the next:
-- what was counted in a moment gives no rates.
local SHORTEST = 0.5

-- A quotient of decimal fractions may be this much below the number it means.
local ROUNDING = 1e-9

--- Seconds on the monotonic clock, since an arbitrary moment.
--- @return number
function M.now()
  return tonumber(uv.hrtime()) / 1e9
end

-- Not before its time: a timer counts in milliseconds.
local function after(callback, seconds)
  set_timeout(callback, math.max(0, math.ceil(seconds * 1000)))
end

local function count_of(plan)
  if not plan.interval then
    return 0
  elseif not plan.duration then
    return math.huge
  end
  return math.floor(plan.duration / plan.interval + ROUNDING)
end

--- Calls report() at every multiple of the interval, and stop() at the duration.
--- With both, every whole interval has its report before stop(), also where the
--- loop is so late that it ends after its time; without a duration, reports that
--- nobody could make in time are left out.
--- @param plan table
---   interval  number?  seconds
---   duration  number?  seconds
---   report    fun()
---   stop      fun()
---   now       fun(): number  in place of M.now
---   after     fun(callback, seconds)  in place of a timer
function M.run(plan)
  local now, later = plan.now or M.now, plan.after or after
  local interval, count, start = plan.interval, count_of(plan), now()
  local done, last = 0, start
  local arm

  local function report()
    last, done = now(), done + 1
    if not plan.duration then
      done = math.max(done, math.floor((last - start) / interval + ROUNDING))
    end
    plan.report()
    arm()
  end

  function arm()
    if done < count then
      later(report, math.max(start + (done + 1) * interval, last + SHORTEST * interval) - now())
    elseif plan.duration then
      later(plan.stop, start + plan.duration - now())
    end
  end
  arm()
end

return M
