-- shark.fmt and shark.text.table: numbers and tables as text.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local fmt = require "shark.fmt"
local foreign = require "shark.text.foreign"
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

function tests.test_names_of_others_stay_in_their_cell()
  local columns = { { title = "NAME", field = "name", left = true }, { title = "N", field = "n" } }
  t.assertEquals(table_text.render(columns, { { name = "a\27[2J\nb", n = 1 }, { name = "gr\195\188n", n = 22 } }),
    "NAME            N\n" ..
    "a\\x1b[2J\\x0ab   1\n" ..
    "gr\195\188n           22")
end

function tests.test_printable()
  t.assertEquals(fmt.printable "virtio0-req.0", "virtio0-req.0")
  t.assertEquals(fmt.printable "\27]0;pwn\7\155\226\128\174\195\188", "\\x1b]0;pwn\\x07\\x9b\\xe2\\x80\\xae\195\188")
end

function tests.test_in_pictures()
  t.assertEquals(foreign.xml "<a href='&'>\27", "&lt;a href=&#39;&amp;&#39;&gt;\\x1b")
  t.assertEquals(foreign.dot('a"\\N', "\n"), [["a\"\\N\n\\x0a"]])
  t.assertEquals(foreign.cut("gr\195\188n", 3), "gr\195\188")
end

t.run(tests)
