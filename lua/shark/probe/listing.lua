--- A compiled handler for people: its lines of Lua, of each the IR and the BPF instructions, and
-- the machine code that the kernel made.

local bit = require "bit"
local ffi = require "ffi"
local ir = require "shark.probe.ir"

local M = {}

jit.off(true, true)

-- ---- BPF as text, as the verifier's log has it ----

local OPERATIONS = { [0] = "+=", "-=", "*=", "/=", "|=", "&=", "<<=", ">>=", [9] = "%=", [10] = "^=", [11] = "=",
  [12] = "s>>=" }
local CONDITIONS = { "==", ">", ">=", "&", "!=", "s>", "s>=", [10] = "<", [11] = "<=", [12] = "s<", [13] = "s<=" }
local SIZES = { [0x00] = "u32", [0x08] = "u16", [0x10] = "u8", [0x18] = "u64" }
-- include/uapi/linux/bpf.h
local HELPERS = { "map_lookup_elem", "map_update_elem", "map_delete_elem", [5] = "ktime_get_ns",
  [8] = "get_smp_processor_id", [14] = "get_current_pid_tgid", [15] = "get_current_uid_gid", [16] = "get_current_comm",
  [25] = "perf_event_output", [27] = "get_stackid", [35] = "get_current_task", [112] = "probe_read_user",
  [113] = "probe_read_kernel", [114] = "probe_read_user_str", [115] = "probe_read_kernel_str", [130] = "ringbuf_output",
  [131] = "ringbuf_reserve", [132] = "ringbuf_submit", [133] = "ringbuf_discard", [158] = "get_current_task_btf",
  [173] = "get_func_ip", [174] = "get_attach_cookie", [181] = "loop" }

local function memory(code, register, off)
  return ("*(%s *)(r%d %+d)"):format(SIZES[bit.band(code, 0x18)], register, off)
end

local function alu(i)
  local w = i.class == 4 and "w" or "r"
  local operation = bit.rshift(i.code, 4)
  if operation == 8 then
    return ("%s%d = -%s%d"):format(w, i.dst, w, i.dst)
  end
  local right = bit.band(i.code, 8) ~= 0 and w .. i.src or tostring(i.imm)
  return ("%s%d %s %s"):format(w, i.dst, OPERATIONS[operation] or "?=", right)
end

local function jump(i)
  local operation = bit.rshift(i.code, 4)
  if i.code == 0x85 then
    return ("call %s#%d"):format(HELPERS[i.imm] or "helper", i.imm)
  elseif i.code == 0x95 then
    return "exit"
  elseif i.code == 0x05 then
    return ("goto %+d"):format(i.off)
  elseif i.code == 0xe5 then
    return ("may_goto %+d"):format(i.off)
  end
  local right = bit.band(i.code, 8) ~= 0 and "r" .. i.src or tostring(i.imm)
  return ("if r%d %s %s goto %+d"):format(i.dst, CONDITIONS[operation] or "?", right, i.off)
end

-- By the class of the opcode, its lowest three bits.
local classes = {
  [0] = function(i, following, map)
    if map then
      return ("r%d = map%d%s"):format(i.dst, map[2], map[3] and (" value+%d"):format(map[3]) or "")
    end
    return ("r%d = 0x%s%s"):format(i.dst, bit.tohex(following.imm), bit.tohex(i.imm))
  end,
  [1] = function(i) return ("r%d = %s"):format(i.dst, memory(i.code, i.src, i.off)) end,
  [2] = function(i) return ("%s = %d"):format(memory(i.code, i.dst, i.off), i.imm) end,
  [3] = function(i)
    local atomic = bit.band(i.code, 0xe0) == 0xc0
    return ("%s%s %s r%d"):format(atomic and "lock " or "", memory(i.code, i.dst, i.off), atomic and "+=" or "=", i.src)
  end,
  [4] = alu, [5] = jump, [7] = alu,
}

local function read(code)
  local words, list = ffi.cast("const int32_t *", code), {}
  for n = 0, #code / 8 - 1 do
    local head = words[2 * n]
    list[n] = { code = bit.band(head, 0xff), dst = bit.band(bit.rshift(head, 8), 15),
      src = bit.band(bit.rshift(head, 12), 15), off = bit.arshift(head, 16), imm = words[2 * n + 1],
      class = bit.band(head, 7) }
  end
  return list, #code / 8
end

--- BPF instructions as text, by their index from 0; the second half of a wide one has none.
--- @param code string @param map_at? table[] where maps are, as encode.func() gives them
--- @return table<integer, string> lines @return integer n
function M.disassemble(code, map_at)
  local list, n = read(code)
  local maps, lines, at = {}, {}, 0
  for _, place in ipairs(map_at or {}) do
    maps[place[1]] = place
  end
  while at < n do
    local one = list[at]
    local to_text = classes[one.class]
    lines[at] = to_text and to_text(one, list[at + 1] or { imm = 0 }, maps[at]) or ("?? 0x%02x"):format(one.code)
    at = at + (one.code == 0x18 and 2 or 1)
  end
  return lines, n
end

-- ---- a handler ----

local function add(lines, text, ...)
  lines[#lines + 1] = text:format(...)
end

local function put_bpf(lines, bpf, from, to)
  for at = from, to - 1 do
    if bpf[at] then
      add(lines, "        %4d  %s", at, bpf[at])
    end
  end
end

local function put_line(lines, text, line)
  add(lines, "%d  %s", line, text[line] and text[line]:match "^%s*(.-)%s*$" or "")
end

local function put_code(lines, encoded, text)
  local bpf = M.disassemble(encoded.code, encoded.map_at)
  local last
  for i, instr in ipairs(encoded.ir) do
    if instr.line and instr.line ~= last then
      put_line(lines, text, instr.line)
      last = instr.line
    end
    if encoded.ir_blocks[i] then
      add(lines, "    b%d:", encoded.ir_blocks[i])
    end
    add(lines, "      %s", ir.line_of(instr))
    put_bpf(lines, bpf, encoded.ir_at[i], encoded.ir_at[i + 1] or encoded.n)
  end
end

local function put_machine_code(lines, code)
  for at = 1, #code, 16 do
    add(lines, "    %04x  %s", at - 1, code:sub(at, at + 15):gsub(".", function(c)
      return ("%02x "):format(c:byte())
    end):sub(1, -2))
  end
end

local function title(point, info)
  local func, encoded = point.func, point.encoded
  local parts = { func.name or "handler" }
  if func.file then parts[#parts + 1] = func.file end
  parts[#parts + 1] = encoded.n .. " instructions"
  parts[#parts + 1] = info.verified and info.verified .. " verified" or "verified: this kernel does not tell"
  parts[#parts + 1] = encoded.stack .. " bytes of stack"
  return table.concat(parts, ", ")
end

local function put_program(lines, program, info)
  local code, why = program:jited()
  if not code then
    return add(lines, "machine code: %s", why or "not told")
  end
  add(lines, "machine code: %d bytes", info.jited or #code)
  put_machine_code(lines, code)
end

--- A compiled handler as text: each line of Lua, of it the IR, of that the BPF instructions.
--- @param point { func = IR, encoded = of encode.func(), text? = { [line] = Lua }, program? = loaded } @return string
function M.text(point)
  local program = point.program
  local info = program and program:info() or {}
  local lines = { title(point, info) }
  put_code(lines, point.encoded, point.text or {})
  if program then
    put_program(lines, program, info)
  end
  return table.concat(lines, "\n") .. "\n"
end

return M
