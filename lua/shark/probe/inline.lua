--- What is called like a helper and is instructions in place: arguments in r1 to r5, the result in r0; r0 to r5 are
-- used. One instruction of the IR for what would be thirty.

jit.off(true, true)

local M = {}

-- include/uapi/linux/bpf_common.h and bpf.h: with 64 bits; immediates, but for those of registers.
-- A jump's distance, and what is loaded and stored, are in `off`.
local ADD, SUB_REGISTER, OR, LSH, RSH, RSH_REGISTER, NEG, MOV, MOV_REGISTER, ADD_REGISTER =
  0x07, 0x1f, 0x47, 0x67, 0x77, 0x7f, 0x87, 0xb7, 0xbf, 0x0f
local SUB_BITS = 3

-- dst = k where r2 >= 2^k, else 0, by the sign of 2^k - 1 - r2; r2 is shifted by it. Of 64 bits the upper half is
-- looked at.
local function take(list, dst, bits)
  local k = 2 ^ bits
  if k == 32 then
    list { MOV_REGISTER, dst, 2, 0 }
    list { RSH, dst, 0, 32 }
    list { NEG, dst, 0, 0 }
  else
    list { MOV, dst, 0, 2 ^ k - 1 }
    list { SUB_REGISTER, dst, 2, 0 }
  end
  list { RSH, dst, 0, 63 }
  list { LSH, dst, 0, bits }
  list { RSH_REGISTER, 2, dst, 0 }
end

-- r0 = log2 of r2, which is above 0, without branches: they would multiply the ways that the verifier goes.
local function log2(list)
  take(list, 0, 5)
  for bits = 4, 1, -1 do
    take(list, 3, bits)
    list { ADD_REGISTER, 0, 3, 0 }
  end
  list { RSH, 2, 0, 1 } -- of 1, 2, 3
  list { ADD_REGISTER, 0, 2, 0 }
end

-- The bucket of a number, as in shark.hist: shift = log2(v | 8) - 3, bucket = shift * 8 + (v >> shift).
local function bucket(list)
  list { MOV_REGISTER, 2, 1, 0 }
  list { OR, 2, 0, 2 ^ SUB_BITS }
  log2(list)
  list { ADD, 0, 0, -SUB_BITS }
  list { RSH_REGISTER, 1, 0, 0 }
  list { LSH, 0, 0, SUB_BITS }
  list { ADD_REGISTER, 0, 1, 0 }
end

-- ---- extremes ----

local LOAD, STORE, ATOMIC, CMPXCHG = 0x79, 0x7b, 0xdb, 0xf1
local LESS_OR_EQUAL, EQUAL, JUMP = 0xbd, 0x1d, 0x05
local MOST_TRIES = 4

-- The word at r1 becomes r2 where that is larger, both without sign. Who comes in between has been larger than what was
-- there: then it is looked at once more. r0 = 0, or 1 where each try found another there.
local function raise(list)
  list { LOAD, 0, 1, 0 }
  for try = 1, MOST_TRIES do
    local left = 4 * (MOST_TRIES - try)
    list { LESS_OR_EQUAL, 2, 0, 0, 3 + left + 2 }
    list { MOV_REGISTER, 3, 0, 0 }
    list { ATOMIC, 1, 2, CMPXCHG }
    list { EQUAL, 0, 3, 0, left + 2 }
  end
  list { MOV, 0, 0, 1 }
  list { JUMP, 0, 0, 0, 1 }
  list { MOV, 0, 0, 0 }
end

-- The same where nobody can be kept from coming in between.
local function raise_unguarded(list)
  list { LOAD, 0, 1, 0 }
  list { LESS_OR_EQUAL, 2, 0, 0, 1 }
  list { STORE, 1, 2, 0 }
  list { MOV, 0, 0, 0 }
end

local makers, made = { bucket = bucket, raise = raise, raise_unguarded = raise_unguarded }, {}

--- Which do nothing but tell their result.
M.pure = { bucket = true }

-- { code, dst, src, imm, off } of each instruction.
local function instructions(name)
  if not made[name] then
    local list = {}
    makers[name](function(instruction) list[#list + 1] = instruction end)
    made[name] = list
  end
  return made[name]
end

--- Writes the instructions of a name.
--- @param put function(out, code, dst, src, off, imm)
function M.put(out, put, name)
  local list = instructions(name)
  for i = 1, #list do
    local one = list[i]
    put(out, one[1], one[2], one[3], one[5] or 0, one[4])
  end
end

return M
