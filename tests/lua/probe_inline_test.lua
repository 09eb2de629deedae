-- shark.probe.inline: what its instructions do, one after the other, also when others come in between.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local bit = require "bit"
local ffi = require "ffi"
local inline = require "shark.probe.inline"
local t = require "t"

local tests = {}

local BY_REGISTER = 0x08

-- ---- a machine of six registers and the word that r1 points to ----

local function instructions(name)
  local list = {}
  inline.put(list, function(out, code, dst, src, off, imm)
    out[#out + 1] = { code = code, dst = dst, src = src, off = off, imm = imm }
  end, name)
  return list
end

local function by(amount)
  return tonumber(bit.band(amount, 63ULL))
end

local COMPUTE = {
  [0x07] = function(a, b) return a + b end, [0x17] = function(a, b) return a - b end,
  [0x47] = bit.bor, [0xb7] = function(_, b) return b end,
  [0x67] = function(a, b) return bit.lshift(a, by(b)) end, [0x77] = function(a, b) return bit.rshift(a, by(b)) end,
  [0x87] = function(a) return 0ULL - a end,
}
local JUMPS = { [0x05] = function() return true end, [0x15] = function(a, b) return a == b end,
  [0xb5] = function(a, b) return a <= b end }

local ACCESS = {
  [0x79] = function(m, one) m.r[one.dst] = m.word end,
  [0x7b] = function(m, one)
    m.intrude()
    m.word = m.r[one.src]
  end,
  [0xdb] = function(m, one)
    t.assertEquals(one.imm, 0xf1)
    m.intrude()
    local there = m.word
    m.word = there == m.r[0] and m.r[one.src] or there
    m.r[0] = there
  end,
}

local function step(m, one)
  local plain = bit.band(one.code, bit.bnot(BY_REGISTER))
  local b = bit.band(one.code, BY_REGISTER) ~= 0 and m.r[one.src] or ffi.cast("uint64_t", ffi.cast("int64_t", one.imm))
  if ACCESS[one.code] then
    ACCESS[one.code](m, one)
  elseif JUMPS[plain] then
    return JUMPS[plain](m.r[one.dst], b) and one.off or 0
  else
    m.r[one.dst] = assert(COMPUTE[plain], one.code)(m.r[one.dst], b)
  end
  return 0
end

-- Runs it with r1 and r2; intrude(m) is called before each write.
local function run(name, word, value, intrude)
  local m = { word = word, r = { [0] = 0ULL, value, value, 0ULL, 0ULL, 0ULL } }
  m.intrude = function() return intrude and intrude(m) end
  local list, at = instructions(name), 1
  while list[at] do
    at = at + 1 + step(m, list[at])
  end
  t.assertEquals(at, #list + 1)
  return m.r[0], m.word
end

-- ---- buckets ----

local function bucket(value)
  local shift = 0
  while bit.rshift(value, shift) > 15ULL do
    shift = shift + 1
  end
  return shift * 8 + bit.rshift(value, shift)
end

function tests.test_buckets_of_all_powers_of_two_and_beside_them()
  for k = 0, 63 do
    local power = bit.lshift(1ULL, k)
    for _, value in ipairs { power - 1, power, power + 1, power * 3 } do
      t.assertEquals(run("bucket", 0ULL, value), bucket(value))
    end
  end
  t.assertEquals(run("bucket", 0ULL, -1ULL), 495ULL)
end

-- ---- extremes ----

local function larger(name)
  t.assertEquals({ run(name, 0ULL, 5ULL) }, { 0ULL, 5ULL })
  t.assertEquals({ run(name, 7ULL, 5ULL) }, { 0ULL, 7ULL })
  t.assertEquals({ run(name, 5ULL, 5ULL) }, { 0ULL, 5ULL })
  t.assertEquals({ run(name, 5ULL, -1ULL) }, { 0ULL, -1ULL })
end

function tests.test_the_larger_is_kept()
  larger "raise"
  larger "raise_unguarded"
end

-- Who raises the word before each of the first `times` writes.
local function intruder(times, by_how_much)
  return function(m)
    if times > 0 then
      times, m.word = times - 1, m.word + by_how_much
    end
  end
end

function tests.test_nothing_that_came_in_between_is_forgotten()
  t.assertEquals({ run("raise", 1ULL, 50ULL, intruder(1, 9)) }, { 0ULL, 50ULL })
  t.assertEquals({ run("raise", 1ULL, 50ULL, intruder(1, 99)) }, { 0ULL, 100ULL })
  t.assertEquals({ run("raise", 1ULL, 50ULL, intruder(3, 9)) }, { 0ULL, 50ULL })
  t.assertEquals({ run("raise_unguarded", 1ULL, 50ULL, intruder(1, 99)) }, { 0ULL, 50ULL })
end

function tests.test_who_tries_too_often_gives_up_and_says_so()
  t.assertEquals({ run("raise", 1ULL, 50ULL, intruder(4, 9)) }, { 1ULL, 37ULL })
end

t.run(tests)
