--- The front end of the compiler: from a Lua function's bytecode to IR, in one pass in the order of
-- the bytecode. Each way into a block brings the values of its slots along (lower_join); what the
-- instructions do is in lower_flow, lower_arith, lower_calls, lower_members, lower_texts, lower_tables.

local bytecode = require "shark.probe.bytecode"
local Compiler = require "shark.probe.lower_base"
local ir = require "shark.probe.ir"
local join = require "shark.probe.lower_join"
local liveness = require "shark.probe.liveness"
local sized = require "table.new"
local values = require "shark.probe.values"

jit.off(true, true)

local M = {}

local MOST_RETRIES = 64
local RETRY = {}

-- ---- operations ----

-- name -> function(c, pc, proto): the next instruction where that is not the one behind.
local ops = {}
for _, part in ipairs { "flow", "compare", "arith", "calls", "members", "texts", "tables", "loops" } do
  for name, op in pairs(require("shark.probe.lower_" .. part).ops) do
    ops[name] = op
  end
end

local protos -- of one compilation: function -> decoded

local function proto_of(fn)
  local proto = protos[fn]
  if not proto then
    proto = liveness.analyse(bytecode.decode(fn))
    protos[fn] = proto
  end
  return proto
end

-- ---- edges ----

--- Adds a way from a block to an instruction of the current frame.
--- @param slots table values, of which those wanted there are copied
--- @param slot? integer @param value? table what that slot is on this way
function Compiler:edge(pc, block, slots, slot, value)
  local frame = self.frame
  local proto = frame.proto
  local wanted, copy = proto.wanted[pc], sized(proto.slots, 0)
  for i = 1, wanted and #wanted or 0 do
    copy[wanted[i]] = slots[wanted[i]]
  end
  if slot and liveness.wants(proto, pc, slot) then
    copy[slot] = value
  end
  local pending = frame.pending
  local list = pending[pc]
  local edge = { block = block, slots = copy, memo = self.memo }
  if list then
    list[#list + 1] = edge
  else
    pending[pc] = { edge }
  end
end

--- Goes to an instruction of the current frame, forward.
function Compiler:go(pc)
  self:edge(pc, self.block, self.slots)
  self.block = nil
end

-- ---- walking ----

local function arrive(c, frame, pc)
  if c.block then
    c:go(pc)
  end
  local edges = frame.pending[pc]
  if edges then
    frame.pending[pc] = nil
    join.join(c, edges, frame.proto.wanted[pc])
  end
end

local function go_to(c, frame, proto, pc)
  local line = proto.lines[pc]
  c.pc, c.line = pc, line or proto.first_line
  c.f.line = frame.inside and frame.call_line or line
end

local function refuse_op(c, pc, proto)
  c:refuse("this has no meaning in a handler (%s)", proto.op[pc])
end

--- Lowers instructions of the current frame, each as often as a way leads to it.
function Compiler:walk(from, to)
  local frame = self.frame
  local proto = frame.proto
  local leaders, names, pc = proto.leaders, proto.op, from
  while pc <= to do
    local is_leader = leaders[pc]
    if is_leader or self.block then
      go_to(self, frame, proto, pc)
    end
    if is_leader then
      arrive(self, frame, pc)
      if self.block and proto.loops[pc] then
        self:head(pc)
      end
    end
    pc = self.block and (ops[names[pc]] or refuse_op)(self, pc, proto) or pc + 1
  end
end

-- ---- frames ----

--- Lowers a Lua function in place.
--- @param fn function @param arguments table[] values @param wants? boolean is its result used?
--- @return table[] edges of its returns, each with the result as slot 0
function Compiler:inline(fn, arguments)
  local proto = proto_of(fn)
  local caller = self.frame
  local frame = { proto = proto, pending = {}, loops = {}, bodies = {}, returns = {}, caller = caller,
    caller_slots = self.slots,
    path = (caller and caller.path .. ":" .. self.pc or "") .. "/" .. (caller and proto.first_line or ""),
    inside = caller and (caller.inside or proto.file ~= caller.proto.file), call_line = caller and self.f.line }
  local pc, line, ir_line = self.pc, self.line, self.f.line
  self.frame, self.slots = frame, sized(proto.slots, 0)
  for i = 1, proto.params do
    self.slots[i - 1] = arguments[i] or values.NIL
  end
  self.depth = self.depth + 1
  self:walk(1, proto.n)
  self.depth = self.depth - 1
  self.frame, self.slots, self.pc, self.line, self.f.line = caller, frame.caller_slots, pc, line, ir_line
  return frame.returns
end

-- ---- the handler ----

local function source_name(fn)
  local info = debug.getinfo(fn, "S")
  return ("%s:%d"):format(info.short_src, info.linedefined)
end

local function check_parameters(c, proto)
  local context = c.context
  local n = #context.args + (context.ret and 1 or 0)
  if context.record then
    n = 1
  end
  if proto.params > n then
    c:refuse_at(proto.file, proto.first_line, ("the handler takes %d argument%s; %s has %d"):format(proto.params,
      proto.params == 1 and "" or "s", context.title or context.way or "the probe", n))
  end
end

local function compile_once(of, hints)
  local c = Compiler.new(of, hints)
  c.retry = RETRY
  local proto = proto_of(of.fn)
  c.f = ir.new(of.name or source_name(of.fn), proto.file)
  c.block, c.line, c.f.line = c.f:block(), proto.first_line, nil
  c.frame = { proto = proto, path = "" }
  check_parameters(c, proto)
  if of.context.gate ~= false then
    c:gate()
  end
  local arguments = c:arguments(proto)
  c.frame, c.pc, c.slots = nil, 1, {}
  for _, edge in ipairs(c:inline(of.fn, arguments)) do
    c.f:emit(edge.block, { op = "exit", imm = 0 })
  end
  return c.f
end

--- Compiles a handler.
-- `fn` the handler; `maps` the session's maps, `records` its records; `context` what it is called with:
--   args = { { name?, type, off = bytes in the context } }, or record = a classic tracepoint's fields
--   typed   pointers may be loaded from directly; else bpf_probe_read_kernel reads
--   user    pointers are of the program's memory
--   loops   "may_goto" where the kernel counts turns; looked at only where a loop needs it
--   way, title  what it is called in messages; gate = false leaves out the question whether the session has begun
--- @return table func IR @raise "file:line: text" for what cannot run in the kernel
function M.compile(of)
  if type(of.fn) ~= "function" or not bytecode.is_lua(of.fn) then
    error("a handler is a Lua function", 0)
  end
  local hints = {}
  protos = {}
  for _ = 1, MOST_RETRIES do
    local ok, result = pcall(compile_once, of, hints)
    if ok then
      protos = nil
      return result
    elseif result ~= RETRY then
      error(result, 0)
    end
  end
  error(source_name(of.fn) .. ": the kinds of a loop's variables do not settle", 0)
end

return M
