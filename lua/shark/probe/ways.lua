--- By each way: what a handler is given (its context for the compiler), what kind of program it
-- becomes, and where that is attached.

local features = require "shark.probe.features"
local types = require "shark.probe.types"

local M = {}

-- Where arguments lie in struct pt_regs (arch/x86/include/asm/ptrace.h), and the result.
local ARGUMENTS, RESULT = { 112, 104, 96, 88, 72, 64 }, 80 -- di, si, dx, cx, r8, r9; ax
local WORD = 8

local ASKED = { loops = features.loops, swaps = features.swaps }

-- The compiler asks for `loops` and `swaps` where a handler needs them: only then the kernel is. Likewise whether
-- it can_name(btf_id) a variable.
local function context_of(way, fields)
  fields.way, fields.args, fields.can_name = way, fields.args or {}, features.variable
  return setmetatable(fields, {
    __index = function(_, name)
      local ask = ASKED[name]
      return ask and ask() or nil
    end,
  })
end

-- ---- arguments ----

-- One after the other, as tracing programs and raw tracepoints get them.
local function in_words(args)
  local list = {}
  for i, arg in ipairs(args) do
    -- Its name is looked for when a message needs it: that takes longer than all else here.
    list[i] = setmetatable({ type = arg.type, off = (i - 1) * WORD }, { __index = arg })
  end
  return list
end

-- Those that are passed in registers.
local function in_registers(args)
  local list = {}
  for i, off in ipairs(ARGUMENTS) do
    list[i] = args[i] and { name = args[i].name, type = args[i].type, off = off }
  end
  return list
end

local function result_at(ret, off)
  return { name = "result", type = ret, off = off }
end

-- ---- tracepoints ----

-- What is not there may have been mistyped.
local function with_hint(message, errname, what, ...)
  if errname == "ENOENT" then
    message = message .. require("shark.probe.meant")[what](...)
  end
  return nil, message, errname
end

local function tracepoint(target)
  local found, message, errname = types.tracepoint(target.name)
  if not found then
    return with_hint(message, errname, "tracepoint", target.name)
  end
  return found
end

local function module_fd(module)
  if not module then
    return nil
  end
  return types.btf_fd(module)
end

local function typed(found, program)
  if not found.btf_id then
    return nil, "the types are of a file, not of the running kernel", "EOPNOTSUPP"
  end
  local fd, message, errname = module_fd(found.module)
  if found.module and not fd then
    return nil, message, errname
  end
  program.type, program.btf_id, program.btf_fd = "tracing", found.btf_id, fd
  return program
end

local BY = {}

function BY.tp_btf(target)
  local found, message, errname = tracepoint(target)
  if not found then
    return nil, message, errname
  end
  local program
  program, message, errname = typed(found, { expected = "trace_raw_tp" })
  return program and {
    context = context_of("tp_btf", { args = in_words(found.args), typed = true, module = found.module }),
    program = program, point = { attach = "tp_btf", event = target.name },
  }, message, errname
end

function BY.raw_tp(target)
  local found, message, errname = tracepoint(target)
  return found and {
    context = context_of("raw_tp", { args = in_words(found.args), module = found.module }),
    program = { type = "raw_tp" }, point = { attach = "raw_tp", event = target.name },
  }, message, errname
end

function BY.tp(target)
  local record, message, errname = types.record(target.group, target.name)
  if not record then
    return with_hint(message, errname, "record", target.group, target.name)
  end
  return {
    context = context_of("tp", { record = record }),
    program = { type = "tracepoint" }, point = { attach = "tp", group = target.group, event = target.name },
  }
end

-- ---- functions ----

local function with_function(target, make)
  local found, message, errname = types.func(target.name)
  if not found then
    return with_hint(message, errname, "func", target.name)
  end
  return make(found)
end

function BY.fentry(target)
  return with_function(target, function(found)
    local program, message, errname = typed(found, { expected = "fentry" })
    return program and {
      context = context_of("fentry", { args = in_words(found.args), typed = true, module = found.module }),
      program = program, point = { attach = "fentry", event = target.name },
    }, message, errname
  end)
end

function BY.fexit(target)
  return with_function(target, function(found)
    local program, message, errname = typed(found, { expected = "fexit" })
    local args = in_words(found.args)
    table.insert(args, 1, result_at(found.ret, #found.args * WORD))
    return program and {
      context = context_of("fexit", { args = args, typed = true, module = found.module }),
      program = program, point = { attach = "fexit", event = target.name },
    }, message, errname
  end)
end

-- A function without types can be attached to; its handler has no arguments.
local NO_TYPES = { args = {} }

function BY.kprobe(target)
  local found = types.func(target.name) or NO_TYPES
  return {
    context = context_of("kprobe", { args = in_registers(found.args), module = found.module }),
    program = { type = "kprobe" }, point = { attach = "kprobe", event = target.name },
  }
end

function BY.kretprobe(target)
  local found = types.func(target.name) or NO_TYPES
  return {
    context = context_of("kretprobe", { args = found.ret and { result_at(found.ret, RESULT) }, module = found.module }),
    program = { type = "kprobe" }, point = { attach = "kretprobe", event = target.name },
  }
end

-- Many at once, by one program: it is given nothing, for what these are called with differs.
local function multi(attach)
  return function(target)
    return {
      context = context_of(attach, {}), program = { type = "kprobe", expected = "kprobe_multi" },
      point = { attach = attach, names = target.names },
    }
  end
end

BY.kprobe_multi, BY.kretprobe_multi = multi "kprobe_multi", multi "kretprobe_multi"

-- ---- programs ----

local LONG = { id = 0, kind = "int", name = "long", size = 8, signed = true }

-- Of a program nothing is known but the registers.
local function longs()
  local args = {}
  for i in ipairs(ARGUMENTS) do
    args[i] = { name = "arg" .. i, type = LONG }
  end
  return args
end

local function in_program(target, args)
  local offset, message, errname = require("shark.core.probe").func(target.binary, target.name)
  return offset and {
    context = context_of(target.what, { args = args, user = true }),
    program = { type = "kprobe" },
    point = {
      attach = target.what, binary = target.binary, event = target.name, offset = offset + (target.offset or 0),
    },
  }, message, errname
end

function BY.uprobe(target)
  return in_program(target, in_registers(longs()))
end

function BY.uretprobe(target)
  return in_program(target, { result_at(LONG, RESULT) })
end

--- A place of a marker; one in each function that it was inlined into.
function BY.usdt(target)
  local place = target.place
  return {
    context = context_of("usdt", { user = true, args = require("shark.decode.usdt").arguments(place.args) }),
    program = { type = "kprobe" },
    point = {
      attach = "usdt", binary = target.binary, event = target.name, offset = place.offset, semaphore = place.semaphore,
    },
  }
end

-- ---- time ----

function BY.profile(target)
  return {
    context = context_of("profile", {}), program = { type = "perf_event" },
    point = { attach = "profile", event = target.name, hz = target.hz },
  }
end

function BY.interval(target)
  return {
    context = context_of("interval", {}), program = { type = "perf_event" },
    point = { attach = "interval", event = target.name, ns = target.ns },
  }
end

--- What a target is by one of its ways.
--- @param way string @param target table of shark.probe.names
--- @return table? plan { context = for the compiler, program = fields of core.program{}, point = of core.session{} }
--- @return string? message @return string? name
function M.of(way, target)
  return BY[way](target)
end

return M
