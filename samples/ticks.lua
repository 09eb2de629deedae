-- ticks: what runs on the event loop: an interval, a timeout, and the end
local uv = require "uv"

local start = uv.hrtime()
local ticks = 0

set_interval(function()
  ticks = ticks + 1
  print(("tick %d after %.1f s"):format(ticks, (uv.hrtime() - start) / 1e9))
end, 200)

set_timeout(shark.stop, 1100)

shark.on_end(function()
  print(("%d ticks"):format(ticks))
end)
