--- The time of day of events, which have CLOCK_MONOTONIC.

local ffi = require "ffi"
local json = require "shark.json"
local uv = require "uv"

local M = {}

local int64 = ffi.typeof "int64_t"
local BILLION = 1000000000LL

-- Between two readings of one clock lies the reading of the other.
local function offset()
  local before = uv.hrtime()
  local day_us = shark.gettimeofday()
  return int64(day_us) * 1000LL - int64((before + uv.hrtime()) / 2)
end

-- Once: a step of the clock must not put events in another order.
local offset_ns = offset()

local function of_day(ts_ns)
  return int64(ts_ns) + offset_ns
end

--- "12:34:56.123456", local time.
--- @param ts_ns integer|ffi.cdata* of an event @return string
function M.text(ts_ns)
  local ns = of_day(ts_ns)
  return ("%s.%06d"):format(os.date("%H:%M:%S", tonumber(ns / BILLION)), tonumber(ns % BILLION / 1000LL))
end

--- Seconds since 1970 for JSON, to the nanosecond.
--- @param ts_ns integer|ffi.cdata* of an event
function M.json(ts_ns)
  return json.seconds(of_day(ts_ns))
end

return M
