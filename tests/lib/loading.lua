--- Handlers compiled for a tracepoint of this kernel and loaded, each alone.
--
--   local loaded = loading.load(fn, { on = "sched_switch", way = "tp_btf" })   raises what the kernel refused
--   loaded.program, loaded.maps, loaded:run { words of a raw context }
local core = require "shark.core.probe"
local encode = require "shark.probe.encode"
local features = require "shark.probe.features"
local ffi = require "ffi"
local lower = require "shark.probe.lower"
local maplist = require "shark.probe.maplist"
local records = require "shark.probe.records"
local types = require "shark.probe.types"

local M = {}

local function context_of(of)
  if of.record then
    return { args = {}, record = assert(types.record(unpack(of.record))), typed = false, way = "tp" }
  end
  local point = of.on and assert(types.tracepoint(of.on)) or { args = of.args or {} }
  local args = {}
  for i, arg in ipairs(point.args) do
    args[i] = { name = arg.name, type = arg.type, off = (i - 1) * 8 }
  end
  return { args = args, typed = of.way ~= "raw_tp", way = of.way or "tp_btf", loops = of.loops,
    swaps = features.swaps(), title = of.on, btf_id = point.btf_id, gate = of.gate, can_name = features.variable }
end

local KINDS = { tp_btf = { "tracing", "trace_raw_tp" }, raw_tp = { "raw_tp" }, tp = { "tracepoint" } }

--- Compiles a handler and loads it; raises what was refused, with the verifier's log.
--- @param of table on (a tracepoint), way ("tp_btf", "raw_tp"), record ({ group, name }), loops, gate
function M.load(fn, of)
  local context = context_of(of)
  local maps, shapes = maplist.new(), records.new()
  local func = lower.compile { fn = fn, context = context, maps = maps, records = shapes }
  local encoded = assert(encode.func(func))
  assert(maps:make())
  local kind = KINDS[context.way]
  local program, message, name, log = core.program {
    type = kind[1], expected = kind[2], btf_id = kind[2] and context.btf_id, name = "test",
    code = encode.link(encoded, maps:fds()), lines = encoded.lines, file = func.file,
  }
  if not program then
    error(("%s (%s)\n%s"):format(message, name, (log or ""):sub(-3000)), 0)
  end
  maps:words()[0] = 1
  return { program = program, maps = maps, shapes = shapes, func = func, encoded = encoded }
end

--- The number of an array of one of an aggregate, summed over CPUs.
function M.sum(agg)
  local memory, bytes = assert(agg:maps())[1]:address()
  local words, sum = ffi.cast("int64_t *", memory), 0LL
  for i = 0, bytes / 8 - 1 do
    sum = sum + words[i]
  end
  return sum
end

return M
