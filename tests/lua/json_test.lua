-- shark.json: exact numbers, each field once, valid whatever the names hold.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local json = require "shark.json"
local t = require "t"

local tests = {}

function tests.test_integers_are_exact()
  for text, value in pairs {
    ["0"] = -0.0, ["-1"] = -1, ["9007199254740992"] = 2 ^ 53, ["1763744000123456"] = 1763744000123456,
    ["18446744073709551615"] = 0xffffffffffffffffULL, ["-9223372036854775808"] = -0x7fffffffffffffffLL - 1LL,
    ["9007199254740993"] = 9007199254740993LL, ["1000000000000000"] = 1e15, ["1152921504606846976"] = 2 ^ 60,
    ["18446744073709551616"] = 2 ^ 64,
  } do
    t.assertEquals(json.encode(value), text)
  end
end

function tests.test_fractions_come_back()
  for _, value in ipairs { 0.1, 1 / 3, 1763744000.1234567, 5e-324, 1.7976931348623157e308, 2 ^ 63, -2.5 } do
    t.assertEquals(tonumber(json.encode(value)), value)
  end
  t.assertEquals(json.encode(0.3), "0.3")
end

function tests.test_times_have_nine_digits()
  t.assertEquals(json.encode(json.seconds(1763744000123456789LL)), "1763744000.123456789")
  t.assertEquals(json.encode(json.seconds(5)), "0.000000005")
end

function tests.test_fields_are_in_order_and_once()
  t.assertEquals(json.encode({ z = 1, b = 2, a = { b = 3, z = 4 } }, { "b", "z", "b" }),
    '{"b":2,"z":1,"a":{"b":3,"z":4}}')
  t.assertEquals(json.encode { d = 1, c = 2, b = 3, a = 4 }, '{"a":4,"b":3,"c":2,"d":1}')
end

function tests.test_lists_and_objects()
  t.assertEquals(json.encode { 1, "two", { 3 } }, '[1,"two",[3]]')
  t.assertEquals(json.encode {}, "[]")
  t.assertEquals(json.encode { json.object {}, json.object { a = 1 } }, '[{},{"a":1}]')
  t.assertEquals(json.encode { [5] = true, [10] = false }, '{"5":true,"10":false}')
  t.assertEquals(json.encode(nil), "null")
end

function tests.test_what_json_cannot_say_raises()
  local loop = {}
  loop.loop = loop
  for message, value in pairs {
    ["no JSON for the number nan"] = 0 / 0, ["no JSON for the number inf"] = { 1 / 0 },
    ["two fields are named '1'"] = { a = 1, [1] = 2, ["1"] = 3 }, ["no JSON for a function"] = { print },
    ["a table that holds itself"] = loop, ["no JSON for cdata"] = require("ffi").new "int[2]",
  } do
    for _ = 1, 300 do -- also when it was compiled
      local ok, why = pcall(json.encode, value)
      t.assertFalse(ok, message)
      t.assertStrContains(why:gsub("%-nan", "nan"), message)
    end
  end
end

-- As read() gives them: with their histogram, and in the order of the tracer.
function tests.test_rows()
  local rows, hist = require "shark.rows", require("shark.hist").new()
  hist:add(9)
  local row = setmetatable({ hist = hist, total_ns = 2 ^ 53, cpu = 1, irq = 26 },
    rows.type("hardirq", { "irq", "cpu", "count", "total_ns", "hist" }))
  t.assertEquals(json.encode { row },
    '[{"irq":26,"cpu":1,"total_ns":9007199254740992,"hist":[{"lo":9,"hi":10,"count":1}]}]')
  t.assertEquals(json.encode({ row }, { "cpu", "none" }),
    '[{"cpu":1,"hist":[{"lo":9,"hi":10,"count":1}],"irq":26,"total_ns":9007199254740992}]')
end

function tests.test_decode()
  for _, text in ipairs { '{"a":[1,2.5,"x\\u001b"],"b":{},"c":[],"d":true}', "[]", "-5" } do
    t.assertEquals(json.encode(json.decode(text)), text)
  end
  t.assertEquals(json.decode " null ", nil)
  t.assertEquals(json.decode('{"a":null,"b":1}'), { b = 1 })
  for _, text in ipairs { "", "[1,", "{a:1}", "1 2", "nan", "[1]]" } do
    local value, message, name = json.decode(text)
    t.assertEquals({ value, name }, { nil, "EBADMSG" }, text)
    t.assertStrContains(message, "no JSON: ")
  end
  t.assertErrorMsgContains("string expected, got nil", json.decode)
end

function tests.test_names_of_others()
  t.assertEquals(json.encode { ["\27\255"] = 'a"\\b\n\226\128\174' }, [[{"\u001b\\xff":"a\"\\b\u000a\u202e"}]])
  t.assertEquals(json.encode "\\xff", [["\\x5cxff"]])
end

t.run(tests)
