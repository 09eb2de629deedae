--- From the IR to BPF's instructions, as the kernel takes them.

local bit = require "bit"
local ffi = require "ffi"
local inline = require "shark.probe.inline"
local ir = require "shark.probe.ir"
local lifetimes = require "shark.probe.lifetimes"
local registers = require "shark.probe.registers"
local sized = require "table.new"

local M = {}

jit.off(true, true)

local ints = ffi.typeof "int32_t[?]"

local USUAL = 4 -- words for an instruction of the IR
local STACK = 512 -- MAX_BPF_STACK, include/linux/filter.h
local FRAME = 10 -- r10, the end of the stack

-- include/uapi/linux/bpf_common.h and bpf.h
local ALU = { add = 0x07, sub = 0x17, mul = 0x27, div = 0x37, ["or"] = 0x47, ["and"] = 0x57, lsh = 0x67, rsh = 0x77,
  mod = 0x97, xor = 0xa7, arsh = 0xc7 }
local JUMP = { eq = 0x15, ugt = 0x25, uge = 0x35, set = 0x45, ne = 0x55, sgt = 0x65, sge = 0x75, ult = 0xa5, ule = 0xb5,
  slt = 0xc5, sle = 0xd5 }
local OPPOSITE = { eq = "ne", ne = "eq", ugt = "ule", ule = "ugt", uge = "ult", ult = "uge", sgt = "sle", sle = "sgt",
  sge = "slt", slt = "sge" }
local SIZE = { [1] = 0x10, [2] = 0x08, [4] = 0x00, [8] = 0x18 }
local BY_REGISTER = 0x08
local MOV, MOV_REGISTER, MOV32, NEG, LD_IMM64, JA, CALL, EXIT, MAY_GOTO =
  0xb7, 0xbf, 0xb4, 0x87, 0x18, 0x05, 0x85, 0x95, 0xe5
local PSEUDO_MAP_FD, PSEUDO_MAP_VALUE, PSEUDO_BTF_ID = 1, 2, 3

local COMMUTES = lifetimes.COMMUTES
local SPARE, SECOND = registers.SCRATCH[1], registers.SCRATCH[2]

-- ---- one instruction ----

-- Two words each, signed: opcode, registers and offset; immediate.
local function put(out, code, dst, src, off, imm)
  local words, n = out.words, out.n
  words[2 * n + 1] = code + dst * 256 + src * 4096 + off * 65536
  words[2 * n + 2] = imm
  out.n = n + 1
end

local function put_wide(out, dst, src, low, high)
  put(out, LD_IMM64, dst, src, 0, low)
  put(out, 0, 0, 0, 0, high)
end

local function put_const(out, dst, value)
  local imm = ir.immediate(value)
  if imm then
    return put(out, MOV, dst, 0, 0, imm)
  end
  local word = ffi.cast("uint64_t", type(value) == "number" and ffi.cast("int64_t", value) or value)
  local low, high = bit.tobit(word), bit.tobit(bit.rshift(word, 32))
  if high == 0 then
    return put(out, MOV32, dst, 0, 0, low)
  end
  put_wide(out, dst, 0, low, high)
end

local function put_map(out, dst, kind, map, off)
  out.map_at[#out.map_at + 1] = { out.n, map, off }
  put_wide(out, dst, kind, 0, off or 0)
end

local function move(out, to, from)
  if to ~= from then
    put(out, MOV_REGISTER, to, from, 0, 0)
  end
end

-- ---- places ----

local function slot_of(out, place)
  return -(out.areas_size + 8 * -place)
end

-- The register that has a value, having fetched it into `spare` from the stack.
local function fetch(out, r, spare)
  local place = out.where[r]
  if place >= 0 then
    return place
  end
  put(out, 0x61 + SIZE[8], spare, FRAME, slot_of(out, place), 0)
  return spare
end

-- Where to compute what goes to r.
local function target(out, r)
  local place = out.where[r]
  return place >= 0 and place or SPARE
end

local function finish(out, r, register)
  local place = out.where[r]
  if place < 0 then
    put(out, 0x63 + SIZE[8], FRAME, register, slot_of(out, place), 0)
  elseif place ~= register then
    move(out, place, register)
  end
end

-- Register and offset of what an instruction loads or stores.
local function place_of(out, instr, spare)
  if instr.area then
    return FRAME, out.area_at[instr.area] + (instr.off or 0)
  elseif instr.map then
    put_map(out, spare, PSEUDO_MAP_VALUE, instr.map, instr.off or 0)
    return spare, 0
  end
  return fetch(out, instr.base, spare), instr.off or 0
end

-- ---- instructions ----

local function address(out, dst, area, off)
  move(out, dst, FRAME)
  put(out, ALU.add, dst, 0, 0, out.area_at[area] + (off or 0))
end

local emit = {}

function emit.const(out, instr)
  local place = out.where[instr.dst]
  local imm = place < 0 and ir.immediate(instr.value)
  if imm then
    return put(out, 0x62 + SIZE[8], FRAME, 0, slot_of(out, place), imm)
  end
  local dst = target(out, instr.dst)
  put_const(out, dst, instr.value)
  finish(out, instr.dst, dst)
end

function emit.mov(out, instr)
  if out.where[instr.dst] == out.where[instr.src] then
    return
  end
  finish(out, instr.dst, fetch(out, instr.src, target(out, instr.dst)))
end

-- dst = a op b, by BPF's dst op= b. The places are such that b's is dst's only where they may be turned round.
function emit.alu(out, instr)
  local code, a, b = ALU[instr.fn], instr.a, instr.b
  local dst = target(out, instr.dst)
  if not b then
    move(out, dst, fetch(out, a, dst))
    put(out, code, dst, 0, 0, instr.imm)
  elseif COMMUTES[instr.fn] and out.where[b] == dst then
    put(out, code + BY_REGISTER, dst, fetch(out, a, SECOND), 0, 0)
  else
    move(out, dst, fetch(out, a, dst))
    put(out, code + BY_REGISTER, dst, a == b and dst or fetch(out, b, SECOND), 0, 0)
  end
  finish(out, instr.dst, dst)
end

function emit.neg(out, instr)
  local dst = target(out, instr.dst)
  move(out, dst, fetch(out, instr.a, dst))
  put(out, NEG, dst, 0, 0, 0)
  finish(out, instr.dst, dst)
end

local function extend(out, dst, bits, signed)
  put(out, ALU.lsh, dst, 0, 0, 64 - bits)
  put(out, signed and ALU.arsh or ALU.rsh, dst, 0, 0, 64 - bits)
end

function emit.load(out, instr)
  local dst = target(out, instr.dst)
  local base, off = place_of(out, instr, dst)
  put(out, 0x61 + SIZE[instr.size], dst, base, off, 0)
  if instr.bits then
    extend(out, dst, instr.bits, instr.signed)
  end
  finish(out, instr.dst, dst)
end

function emit.store(out, instr)
  local base, off = place_of(out, instr, SPARE)
  if instr.src then
    put(out, 0x63 + SIZE[instr.size], base, fetch(out, instr.src, SECOND), off, 0)
  else
    put(out, 0x62 + SIZE[instr.size], base, 0, off, instr.imm)
  end
end

function emit.xadd(out, instr)
  local base, off = place_of(out, instr, SPARE)
  put(out, 0xc3 + SIZE[instr.size], base, fetch(out, instr.src, SECOND), off, 0)
end

function emit.address(out, instr)
  local dst = target(out, instr.dst)
  address(out, dst, instr.area, instr.off)
  finish(out, instr.dst, dst)
end

function emit.map(out, instr)
  local dst = target(out, instr.dst)
  put_map(out, dst, PSEUDO_MAP_FD, instr.map)
  finish(out, instr.dst, dst)
end

function emit.mapvalue(out, instr)
  local dst = target(out, instr.dst)
  put_map(out, dst, PSEUDO_MAP_VALUE, instr.map, instr.off or 0)
  finish(out, instr.dst, dst)
end

-- The second half's 0 says: of the kernel itself, not of a module.
function emit.variable(out, instr)
  local dst = target(out, instr.dst)
  put_wide(out, dst, PSEUDO_BTF_ID, instr.id, 0)
  finish(out, instr.dst, dst)
end

-- Registers first, at once; what comes from elsewhere reads none of them.
local function put_arguments(out, args)
  local from
  for n = 1, #args do
    local place = args[n].reg and out.where[args[n].reg]
    if place and place >= 0 and place ~= n then
      from = from or {}
      from[n] = place
    end
  end
  if from then
    registers.parallel(from, function(to, source) move(out, to, source) end)
  end
  for n = 1, #args do
    local arg = args[n]
    if arg.area then
      address(out, n, arg.area, arg.off)
    elseif arg.imm then
      put(out, MOV, n, 0, 0, arg.imm)
    elseif arg.map then
      put_map(out, n, PSEUDO_MAP_FD, arg.map)
    else
      fetch(out, arg.reg, n)
    end
  end
end

function emit.call(out, instr)
  put_arguments(out, instr.args)
  if instr.inline then
    inline.put(out, put, instr.inline)
  else
    put(out, CALL, 0, 0, 0, instr.helper)
  end
  if instr.dst and out.where[instr.dst] then
    finish(out, instr.dst, 0)
  end
end

-- ---- ends of blocks ----

local function jump_to(out, block, code, dst, src, imm)
  out.jumps[#out.jumps + 1] = { out.n, block }
  put(out, code, dst, src, 0, imm)
end

local function goto_unless_next(out, block, following)
  if block ~= following then
    jump_to(out, block, JA, 0, 0, 0)
  end
end

function emit.jump(out, instr, following)
  goto_unless_next(out, instr.to, following)
end

function emit.branch(out, instr, following)
  local cond, yes, no = instr.cond, instr.yes, instr.no
  if yes == following and OPPOSITE[cond] then
    cond, yes, no = OPPOSITE[cond], no, yes
  end
  local a = fetch(out, instr.a, SPARE)
  if instr.b then
    jump_to(out, yes, JUMP[cond] + BY_REGISTER, a, fetch(out, instr.b, SECOND), 0)
  else
    jump_to(out, yes, JUMP[cond], a, 0, instr.imm)
  end
  goto_unless_next(out, no, following)
end

function emit.may(out, instr, following)
  jump_to(out, instr.no, MAY_GOTO, 0, 0, 0)
  goto_unless_next(out, instr.yes, following)
end

function emit.exit(out, instr)
  put(out, MOV, 0, 0, 0, instr.imm or 0)
  put(out, EXIT, 0, 0, 0, 0)
end

-- ---- a function ----

local function lay_out_areas(func)
  local at, size = {}, 0
  for number, area in ipairs(func.areas) do
    size = size + math.ceil(area.size / 8) * 8
    at[number] = -size
  end
  return at, size
end

-- Where another line begins; of two at one instruction the later.
local function put_line(out, line)
  local last = out.lines[#out.lines]
  if last and last[1] == out.n then
    last[2] = line
  else
    out.lines[#out.lines + 1] = { out.n, line }
  end
  out.line = line
end

local function put_block(out, block, following)
  local list, at, before = out.ir, out.ir_at, #out.ir
  for n = 1, #block do
    local instr = block[n]
    local line = instr.line
    if line and line ~= out.line then
      put_line(out, line)
    end
    list[before + n], at[before + n] = instr, out.n
    emit[instr.op](out, instr, following)
  end
end

-- The kernel wants a line at the first instruction (check_btf_line(), kernel/bpf/verifier.c).
local function begin_lines(lines)
  if lines[1] then
    lines[1][1] = 0
  end
end

local function put_entry(out, context)
  local place = out.where[context]
  if place then
    out.ir[1], out.ir_at[1] = { op = "ctx", dst = context }, 0
    finish(out, context, 1)
  end
end

local function put_blocks(out, func, order)
  for i = 1, #order do
    out.starts[order[i]] = out.n
    out.ir_blocks[#out.ir + 1] = order[i]
    put_block(out, func.blocks[order[i]], order[i + 1])
  end
end

-- Writes the jumps' offsets. @return nil or what is wrong
local function resolve(out)
  for _, jump in ipairs(out.jumps) do
    local at, block = jump[1], jump[2]
    local off = out.starts[block] - at - 1
    if off > 32767 or off < -32768 then
      return ("the handler is too long: a jump over %d instructions; the kernel's reach 32767"):format(math.abs(off))
    end
    out.words[2 * at + 1] = out.words[2 * at + 1] + off * 65536 -- it was 0
  end
end

local function bytes_of(out)
  return ffi.string(ints(2 * out.n, out.words), 8 * out.n)
end

--- BPF's instructions of a function. Dead code and copies go from the function itself.
--- @return table|nil encoded { code = 8 bytes for each instruction, n, stack = bytes,
--- map_at = { { index, map, off? }, ... }, lines = { { index, line }, ... } without any where none is known,
--- ir = the IR's instructions in their order here, ir_at = the indices where they begin, ir_blocks = [of ir] the block
--- that begins there }
--- @return string message without `encoded`: why the kernel would not take it
function M.func(func)
  local lives = lifetimes.of(func)
  local where, slots = registers.allocate(func, lives)
  local area_at, areas_size = lay_out_areas(func)
  local stack = areas_size + 8 * slots
  if stack > STACK then
    return nil, ("the handler needs %d bytes of stack; the kernel gives %d"):format(stack, STACK)
  end
  local count = lives.count
  local out = { n = 0, words = sized(USUAL * count, 0), where = where, area_at = area_at, areas_size = areas_size,
    map_at = {}, jumps = {}, starts = sized(#func.blocks, 0), lines = {}, ir = sized(count, 0), ir_at = sized(count, 0),
    ir_blocks = sized(count, 0) }
  put_entry(out, lives.context)
  put_blocks(out, func, lives.order)
  local message = resolve(out)
  if message then
    return nil, message
  end
  begin_lines(out.lines)
  return { code = bytes_of(out), n = out.n, stack = stack, map_at = out.map_at, lines = out.lines, ir = out.ir,
    ir_at = out.ir_at, ir_blocks = out.ir_blocks }
end

--- The code with the maps' descriptors in it.
--- @param fds table<integer, integer> by the maps' index @return string code
function M.link(encoded, fds)
  local words = ints(2 * encoded.n)
  ffi.copy(words, encoded.code, 8 * encoded.n)
  for _, place in ipairs(encoded.map_at) do
    words[2 * place[1] + 1] = assert(fds[place[2]], "no map of this index")
  end
  return ffi.string(words, 8 * encoded.n)
end

return M
