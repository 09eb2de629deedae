--- What this kernel takes in programs, found out by loading one; kept as long as the process runs.

local bit = require "bit"

local M = {}

local known = {}

local function instruction(code, dst_src, off, imm)
  off, imm = bit.band(off, 0xffff), bit.tobit(imm)
  return string.char(code, dst_src, bit.band(off, 0xff), bit.rshift(off, 8), bit.band(imm, 0xff),
    bit.band(bit.rshift(imm, 8), 0xff), bit.band(bit.rshift(imm, 16), 0xff), bit.rshift(imm, 24))
end

local MOV_R0, MAY_GOTO, JA, EXIT, LD_IMM64, BTF_ID_TO_R0 = 0xb7, 0xe5, 0x05, 0x95, 0x18, 0x30
local STORE_0, ATOMIC, R0_TO_STACK, CMPXCHG = 0x7a, 0xdb, 0x0a, 0xf1

-- r0 = 0; while (may_goto) { } return r0
local function endless_loop()
  return instruction(MOV_R0, 0, 0, 0) .. instruction(MAY_GOTO, 0, 1, 0) .. instruction(JA, 0, -2, 0) ..
    instruction(EXIT, 0, 0, 0)
end

local function can_load(code)
  local program = require("shark.core.probe").program { type = "raw_tp", name = "shark_feature", code = code }
  if program then
    program:close()
  end
  return program ~= nil
end

--- How loops without a bound known beforehand can be ended: "may_goto" (6.9 and later,
--- kernel/bpf/verifier.c), or "none".
--- @return string
function M.loops()
  known.loops = known.loops or can_load(endless_loop()) and "may_goto" or "none"
  return known.loops
end

-- stack = 0; r0 = 0; r0 = cmpxchg(stack, r0, r0); r0 = 0; return r0
local function swapping()
  return instruction(STORE_0, R0_TO_STACK, -8, 0) .. instruction(MOV_R0, 0, 0, 0) ..
    instruction(ATOMIC, R0_TO_STACK, -8, CMPXCHG) .. instruction(MOV_R0, 0, 0, 0) .. instruction(EXIT, 0, 0, 0)
end

--- Can programs compare and exchange (BPF_CMPXCHG, 5.12 and later, where the JIT has it)?
--- @return boolean
function M.swaps()
  if known.swaps == nil then
    known.swaps = can_load(swapping())
  end
  return known.swaps
end

-- r0 = address of the variable (BPF_PSEUDO_BTF_ID); r0 = 0; return r0
local function naming(btf_id)
  return instruction(LD_IMM64, BTF_ID_TO_R0, 0, btf_id) .. instruction(0, 0, 0, 0) .. instruction(MOV_R0, 0, 0, 0) ..
    instruction(EXIT, 0, 0, 0)
end

--- Can programs name this variable of the kernel? Not where the kernel's symbols are functions only
--- (CONFIG_KALLSYMS_ALL is off; check_pseudo_btf_id(), kernel/bpf/verifier.c).
--- @param btf_id integer
--- @return boolean
function M.variable(btf_id)
  local key = "variable " .. btf_id
  if known[key] == nil then
    known[key] = can_load(naming(btf_id))
  end
  return known[key]
end

return M
