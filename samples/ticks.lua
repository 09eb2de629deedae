-- ticks: what runs on the event loop: an interval, a timeout, and the end
local start = shark.gettimeofday()
local ticks = 0

set_interval(function()
  ticks = ticks + 1
  print(("tick %d after %.1f s"):format(ticks, (shark.gettimeofday() - start) / 1e6))
end, 200)

set_timeout(shark.stop, 1100)

shark.on_end(function()
  print(("%d ticks"):format(ticks))
end)
