-- shark.storm: what figures of interrupts mean.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local storm = require "shark.storm"
local t = require "t"

local tests = {}

local function figures(sources, cpus)
  return { seconds = 1, sources = sources, cpus = cpus or {} }
end

local function source(fields)
  local all = { kind = "IRQ", name = "IRQ 36 disk", cpu = 0, count = 100, rate = 100, peak_rate = 100 }
  for name, value in pairs(fields) do
    all[name] = value
  end
  return all
end

local function assert_advice(what, expected)
  local advice = storm.advice(what)
  t.assertEquals(#advice, expected and 1 or 0, table.concat(advice, "\n"))
  if expected then
    t.assertStrContains(advice[1], expected)
  end
end

function tests.test_nothing_to_say()
  assert_advice(figures({ source {} }, { { cpu = 0, share = 0.05, device_count = 100 } }))
  assert_advice(figures({}))
end

function tests.test_a_cpu_that_is_hogged()
  assert_advice(figures({}, { { cpu = 3, share = 0.5, top = "IRQ 36 disk", device_count = 1 } }),
    "CPU 3 spends 50% of its time in interrupts, most of it in IRQ 36 disk")
end

function tests.test_bursts()
  assert_advice(figures { source { rate = 200, peak_rate = 5000 } }, "comes in bursts: 5000 a second at its peak, 200")
  assert_advice(figures { source { rate = 200, peak_rate = 700 } })
  assert_advice(figures { source { rate = 5, peak_rate = 5000 } })
end

function tests.test_a_rate_worth_coalescing()
  assert_advice(figures { source { rate = 50000, peak_rate = 50000 } }, "IRQ 36 disk comes 50000 times a second")
  assert_advice(figures { source { kind = "softirq", rate = 50000, peak_rate = 50000 } })
end

function tests.test_handlers_with_nothing_to_do()
  assert_advice(figures { source { count = 200, none = 150 } }, "75% of its calls found nothing to do")
  assert_advice(figures { source { count = 20, none = 20 } })
end

function tests.test_one_cpu_takes_all()
  local cpus = { { cpu = 0, share = 0, device_count = 9900 }, { cpu = 1, share = 0, device_count = 100 } }
  assert_advice(figures({}, cpus), "CPU 0 takes 99% of all device interrupts")
  cpus[2].device_count = 9000
  assert_advice(figures({}, cpus))
end

function tests.test_ksoftirqd()
  assert_advice(figures { source { kind = "softirq", name = "softirq NET_RX", count = 1000, ksoftirqd = 600 } },
    "softirq NET_RX runs in ksoftirqd 60% of the time")
end

t.run(tests)
