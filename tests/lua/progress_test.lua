-- What is told of what takes long, and when.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local progress = require "shark.text.progress"
local t = require "t"

local tests = {}

-- A terminal and a clock, in seconds.
local function begin(is_watched)
  local state = { now = 100, text = "" }
  progress.begin("irqmap", {
    is_watched = is_watched, now = function() return state.now * 1e9 end,
    write = function(text) state.text = state.text .. text end,
  })
  return state
end

function tests.test_nothing_is_told_within_a_second()
  local state = begin(true)
  progress.tell("interrupts", 1, 9)
  state.now = 100.9
  progress.tell("interrupts", 2, 9)
  progress.finish()
  t.assertEquals(state.text, "")
end

function tests.test_then_what_and_how_far_until_something_is_printed()
  local state = begin(true)
  state.now = 101
  progress.tell("interrupts", 3, 9)
  progress.tell("interrupts", 4, 9) -- not for each
  state.now = 101.2
  progress.tell("probes", 5)
  progress.finish()
  progress.tell("probes", 6)
  progress.finish()
  t.assertEquals(state.text, "\r\27[Kshark irqmap: interrupts, 3 of 9\r\27[Kshark irqmap: probes, 5\r\27[K")
end

function tests.test_nobody_watches()
  local state = begin(false)
  state.now = 200
  progress.tell("interrupts", 3, 9)
  progress.finish()
  t.assertEquals(state.text, "")
end

t.run(tests)
