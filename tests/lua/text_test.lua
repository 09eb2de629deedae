-- shark.fmt and shark.text.table: numbers and tables as text.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local fmt = require "shark.fmt"
local t = require "t"
local table_text = require "shark.text.table"

local tests = {}

function tests.test_durations_have_three_digits()
  for ns, text in pairs {
    [0] = "0ns", [1] = "1ns", [999] = "999ns", [1000] = "1.00us", [1234] = "1.23us", [9995] = "10.0us",
    [99949] = "99.9us", [123456] = "123us", [999499] = "999us", [999500] = "1.00ms", [1.5e9] = "1.50s",
    [3.6e12] = "3600s",
  } do
    t.assertEquals(fmt.duration(ns), text)
  end
end

function tests.test_counts_have_no_exponent()
  t.assertEquals(fmt.count(1e15), "1000000000000000")
  t.assertEquals(fmt.rate(0), "0")
  t.assertEquals(fmt.rate(0.52), "0.5")
  t.assertEquals(fmt.rate(1234.4), "1234")
  t.assertEquals(fmt.microseconds(1234), "1.2")
end

function tests.test_columns_are_as_wide_as_needed()
  local columns = {
    { title = "N", field = "n" },
    { title = "NAME", field = "name", left = true },
    { title = "X", field = "x", format = fmt.count },
  }
  t.assertEquals(table_text.render(columns, { { n = 1, name = "a", x = 10 }, { n = 100, name = "longer" } }),
    "  N  NAME     X\n" ..
    "  1  a       10\n" ..
    "100  longer   -")
  t.assertEquals(table_text.render(columns, {}), "N  NAME  X")
end

t.run(tests)
