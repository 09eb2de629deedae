--- Softirqs by name and number, as /proc/softirqs names them.

local M = {}

-- include/linux/interrupt.h, in the order of their numbers from 0 (kernel/softirq.c, softirq_to_name).
local NAMES = { [0] = "HI", "TIMER", "NET_TX", "NET_RX", "BLOCK", "IRQ_POLL", "TASKLET", "SCHED", "HRTIMER", "RCU" }

local NUMBERS = {}
for number, name in pairs(NAMES) do
  NUMBERS[name] = number
end

--- All names, by number from 0.
--- @return string[]
function M.names()
  return { NAMES[0], unpack(NAMES) }
end

--- What a softirq is called: "NET_RX"; its number as text if it is none that is known.
--- @param number integer @return string
function M.name_of(number)
  return NAMES[number] or tostring(number)
end

--- The number of a name, in whatever case; nil: there is none.
--- @param name string @return integer?
function M.number_of(name)
  return NUMBERS[name:upper()]
end

return M
