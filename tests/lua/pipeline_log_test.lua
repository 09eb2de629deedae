-- shark.pipeline.log, shark.decode.pipeline: bits of logs and of flag words.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local decode = require "shark.decode.pipeline"
local log = require "shark.pipeline.log"
local t = require "t"

local tests = {}

-- So many bytes, in which these bits are set.
local function map(size, ...)
  local bytes = {}
  for i = 1, size do
    bytes[i] = 0
  end
  for _, n in ipairs { ... } do
    local i = math.floor(n / 8) + 1
    bytes[i] = bytes[i] + 2 ^ (n % 8)
  end
  return string.char(unpack(bytes))
end

function tests.test_two_levels_of_32_bits()
  t.assertEquals({ log.read({ map(4, 0, 10), map(44, 0, 31, 320, 351) }, 32) }, { { 0, 31, 320, 351 }, {} })
end

-- Bit n of a level is word n of the next.
function tests.test_four_levels()
  local levels = { map(8, 1), map(64 * 8, 64 + 2), map(8 * 200, (64 + 2) * 64 - 64 * 64 + 3), map(8, 5) }
  t.assertEquals(log.read(levels, 64), {})
  levels = { map(1, 0), map(1, 2), map(8, 16), map(18, 128, 135) }
  t.assertEquals({ log.read(levels, 8) }, { { 128, 135 }, {} })
end

function tests.test_what_no_word_above_leads_to_is_stray()
  t.assertEquals({ log.read({ map(8, 1), map(24, 3, 64, 191) }, 64) }, { { 64 }, { 3, 191 } })
  t.assertEquals({ log.read({ map(8), map(16, 127) }, 64) }, { {}, { 127 } })
end

-- A word above that says more than there is leads nowhere.
function tests.test_a_level_that_ends_early()
  t.assertEquals({ log.read({ ("\255"):rep(8), map(8, 9) }, 64) }, { { 9 }, {} })
  t.assertEquals({ log.read({ ("\255"):rep(8), "" }, 64) }, { {}, {} })
end

function tests.test_control_words()
  t.assertEquals(decode.control(0), {})
  t.assertEquals(decode.control(5), { "handle", "lock" })
  t.assertEquals(decode.control(0xffffffffffffffffULL), { "handle", "sticky", "lock", "0xfffffffffffffff8" })
  t.assertEquals(decode.control(0x103ULL), { "handle", "sticky", "0x100" })
end

function tests.test_stalled_and_bits()
  t.assertEquals({ decode.is_stalled(1), decode.is_stalled(6ULL) }, { true, false })
  t.assertEquals({ decode.has_bit(2ULL ^ 63, 63), decode.has_bit(1, 64), decode.has_bit(1, -1) },
    { true, false, false })
end

t.run(tests)
