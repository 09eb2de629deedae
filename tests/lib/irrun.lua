--- Runs the compiler's IR in Lua, on memory of this process: what a function does, without a kernel.
--
--   local env = irrun.env { maps = { { type = "hash", key_size = 8, value_size = 8, entries = 64 } }, ctx = { 1, 2 } }
--   local result = irrun.run(func, env)
--   env.maps[1]:get(key)  env.maps[1]:all()  env.sent (what went to ring buffers, as strings)
--
-- Addresses are real ones; an access outside of the stack, the context, a map's value or
-- `env:object(cdata, size)` raises, but that of a NULL pointer and what follows it gives 0, as typed loads do.
local bit = require "bit"
local ffi = require "ffi"

local M = {}

local i64, u64 = ffi.typeof "int64_t", ffi.typeof "uint64_t"
local bytes_of = ffi.typeof "uint8_t[?]"
local pointers = { [1] = ffi.typeof "uint8_t *", [2] = ffi.typeof "uint16_t *", [4] = ffi.typeof "uint32_t *",
  [8] = ffi.typeof "uint64_t *" }

-- ---- memory ----

local Env = {}
Env.__index = Env

--- Lets a function read and write `size` bytes of an object. @return ffi.cdata* address uint64_t
function Env:object(cdata, size)
  local address = ffi.cast(u64, ffi.cast("uintptr_t", ffi.cast("void *", cdata)))
  self.objects[#self.objects + 1] = { keep = cdata, from = address, to = address + size }
  return address
end

-- Is all of it within one object? NULL and what follows it is no object, and no fault.
local function where(env, address, size, what)
  for i = #env.objects, 1, -1 do
    local object = env.objects[i]
    if address >= object.from and address + size <= object.to then
      return address
    end
  end
  if address < 65536ULL and what == "load" then
    return nil
  end
  error(("%s of %d bytes at 0x%s, which is nowhere"):format(what, size, bit.tohex(address, 16)), 0)
end

local function peek(env, address, size)
  local at = where(env, address, size, "load")
  return at and ffi.cast(u64, ffi.cast(pointers[size], at)[0]) or 0ULL
end

local function poke(env, address, size, value)
  local at = where(env, address, size, "store")
  local low = size == 8 and value or bit.band(value, bit.lshift(1ULL, size * 8) - 1)
  ffi.cast(pointers[size], at)[0] = low
end

local function text_at(env, address, size)
  return ffi.string(ffi.cast("char *", where(env, address, size, "read")), size)
end

-- ---- maps ----

local Map = {}
Map.__index = Map

local function is_array(map)
  return map.type == "array" or map.type == "percpu_array"
end

local function new_map(env, spec)
  local map = setmetatable({ type = spec.type, key_size = spec.key_size, value_size = spec.value_size,
    entries = spec.entries, cells = {}, n = 0, env = env }, Map)
  if is_array(map) then
    map.memory = bytes_of(map.value_size * map.entries)
    map.address = env:object(map.memory, map.value_size * map.entries)
  end
  return map
end

--- The address of a value, or nil.
function Map:find(key)
  if is_array(self) then
    local index = ffi.cast("uint32_t *", ffi.cast("const char *", key))[0]
    return index < self.entries and self.address + index * self.value_size or nil
  end
  return self.cells[key] and self.cells[key].address
end

local EEXIST, E2BIG, ENOENT = -17, -7, -2

--- @return integer 0 or an error number
function Map:set(key, value, flags)
  local address = self:find(key)
  if flags == 1 and address then
    return EEXIST
  elseif not address then
    if is_array(self) or self.n >= self.entries then
      return E2BIG
    end
    local memory = bytes_of(self.value_size)
    address = self.env:object(memory, self.value_size)
    self.cells[key], self.n = { address = address }, self.n + 1
  end
  ffi.copy(ffi.cast("void *", address), value, self.value_size)
  return 0
end

function Map:delete(key)
  if is_array(self) or not self.cells[key] then
    return is_array(self) and -22 or ENOENT
  end
  self.cells[key], self.n = nil, self.n - 1
  return 0
end

--- The value of a key, or nil. @return string|nil
function Map:get(key)
  local address = self:find(key)
  return address and ffi.string(ffi.cast("char *", address), self.value_size)
end

--- All of a hash. @return table<string, string>
function Map:all()
  local all = {}
  for key, cell in pairs(self.cells) do
    all[key] = ffi.string(ffi.cast("char *", cell.address), self.value_size)
  end
  return all
end

-- ---- helpers ----

local HANDLE = 0x4d41500000000000ULL -- maps as values: this and their index

local function map_of(env, value)
  local map = env.maps[tonumber(value - HANDLE)]
  return map or error("a helper was given no map", 0)
end

local function read_memory(env, dst, size, src)
  size = tonumber(size)
  local fine = pcall(where, env, src, size, "read")
  local to = ffi.cast("char *", where(env, dst, size, "write"))
  if fine then
    ffi.copy(to, ffi.cast("char *", src), size)
    return 0
  end
  ffi.fill(to, size)
  return -14
end

local function read_text(env, dst, size, src)
  size = tonumber(size)
  local to = ffi.cast("char *", where(env, dst, size, "write"))
  for i = 0, size - 1 do
    local fine, address = pcall(where, env, src + i, 1, "read")
    if not fine then
      return -14
    end
    to[i] = i == size - 1 and 0 or ffi.cast("char *", address)[0]
    if to[i] == 0 then
      return i + 1
    end
  end
end

-- By the numbers of include/uapi/linux/bpf.h.
local helpers = {
  [1] = function(env, map, key)
    map = map_of(env, map)
    return map:find(text_at(env, key, map.key_size)) or 0
  end,
  [2] = function(env, map, key, value, flags)
    map = map_of(env, map)
    return map:set(text_at(env, key, map.key_size), text_at(env, value, map.value_size), tonumber(flags))
  end,
  [3] = function(env, map, key)
    map = map_of(env, map)
    return map:delete(text_at(env, key, map.key_size))
  end,
  [5] = function(env)
    env.clock = env.clock + 1
    return env.clock
  end,
  [8] = function(env) return env.cpu end,
  [14] = function(env) return env.pid_tgid end,
  [15] = function(env) return env.uid_gid end,
  -- As 6.1 does it: what is behind the name stays what it was.
  [16] = function(env, to, size)
    local name = env.comm:sub(1, tonumber(size) - 1) .. "\0"
    ffi.copy(ffi.cast("char *", where(env, to, tonumber(size), "write")), name, #name)
    return 0
  end,
  [27] = function(env) return env.stack_id end,
  [112] = read_memory, [113] = read_memory, [114] = read_text, [115] = read_text,
  [154] = function(_, per_cpu) return per_cpu end,
  [130] = function(env, _, data, size)
    env.sent[#env.sent + 1] = text_at(env, data, tonumber(size))
    return 0
  end,
  -- Room in a ring for one record, which is what it was given back as; none where `env.full` is set.
  [131] = function(env, _, size)
    if env.full then
      return 0
    end
    env.reserved = { size = tonumber(size), memory = bytes_of(tonumber(size)) }
    ffi.fill(env.reserved.memory, env.reserved.size, 0xa5)
    return env:object(env.reserved.memory, env.reserved.size)
  end,
  [132] = function(env)
    env.sent[#env.sent + 1] = ffi.string(env.reserved.memory, env.reserved.size)
    return 0
  end,
  [134] = function(_, _, flags) return flags == 1ULL and 65536 or 0 end,
}

-- ---- the machine ----

local function signed(value)
  return ffi.cast(i64, value)
end

local function shift_by(value)
  return tonumber(bit.band(value, 63ULL))
end

local functions = {
  add = function(a, b) return a + b end,
  sub = function(a, b) return a - b end,
  mul = function(a, b) return a * b end,
  div = function(a, b) return b == 0 and 0ULL or a / b end,
  mod = function(a, b) return b == 0 and a or a % b end,
  ["or"] = bit.bor, ["and"] = bit.band, xor = bit.bxor,
  lsh = function(a, b) return bit.lshift(a, shift_by(b)) end,
  rsh = function(a, b) return bit.rshift(a, shift_by(b)) end,
  arsh = function(a, b) return ffi.cast(u64, bit.arshift(signed(a), shift_by(b))) end,
}

local conditions = {
  eq = function(a, b) return a == b end,
  ne = function(a, b) return a ~= b end,
  ugt = function(a, b) return a > b end,
  uge = function(a, b) return a >= b end,
  ult = function(a, b) return a < b end,
  ule = function(a, b) return a <= b end,
  sgt = function(a, b) return signed(a) > signed(b) end,
  sge = function(a, b) return signed(a) >= signed(b) end,
  slt = function(a, b) return signed(a) < signed(b) end,
  sle = function(a, b) return signed(a) <= signed(b) end,
  set = function(a, b) return bit.band(a, b) ~= 0 end,
}

-- A number of Lua, or a cdata, as the kernel has it: through int64_t, for a double below 0 is no uint64_t.
local function word(value)
  return type(value) == "number" and ffi.cast(u64, ffi.cast(i64, value)) or ffi.cast(u64, value)
end

local function get(state, register)
  return state.regs[register] or error("v" .. register .. " is read before it is assigned", 0)
end

local function address_of(state, instr)
  local base = instr.area and state.areas[instr.area] or instr.map and state.env.maps[instr.map].address
    or get(state, instr.base)
  return base + word(instr.off or 0)
end

local function operand(state, register, imm)
  return register and get(state, register) or word(imm)
end

local function argument(state, arg)
  if arg.reg then
    return get(state, arg.reg)
  elseif arg.area then
    return state.areas[arg.area] + word(arg.off or 0)
  elseif arg.map then
    return HANDLE + arg.map
  end
  return arg.ctx and state.env.context or word(arg.imm)
end

local function extended(value, bits, is_signed)
  local up = bit.lshift(value, 64 - (bits or 64))
  return is_signed and ffi.cast(u64, bit.arshift(signed(up), 64 - (bits or 64))) or bit.rshift(up, 64 - (bits or 64))
end

-- What the compiler writes in place of a call, as its results are meant.
-- What gets in between, `env.intrude(address)`, is there for the test.
local function raise(env, at, value)
  for _ = 1, 4 do
    local seen = peek(env, at, 8)
    if value <= seen then
      return 0
    end
    if env.intrude then
      env.intrude(at)
    end
    if peek(env, at, 8) == seen then
      poke(env, at, 8, value)
      return 0
    end
  end
  return 1
end

local inline = {
  raise = raise, raise_unguarded = raise,
  bucket = function(_, value)
    local shift, rest = -3, bit.bor(value, 8ULL)
    while rest > 1ULL do
      shift, rest = shift + 1, bit.rshift(rest, 1)
    end
    return shift * 8 + bit.rshift(value, shift)
  end,
}

local steps = {
  const = function(_, i) return word(i.value) end,
  mov = function(s, i) return get(s, i.src) end,
  alu = function(s, i) return functions[i.fn](get(s, i.a), operand(s, i.b, i.imm)) end,
  neg = function(s, i) return 0ULL - get(s, i.a) end,
  load = function(s, i) return extended(peek(s.env, address_of(s, i), i.size), i.bits, i.signed) end,
  store = function(s, i) poke(s.env, address_of(s, i), i.size, operand(s, i.src, i.imm)) end,
  xadd = function(s, i)
    local at = address_of(s, i)
    poke(s.env, at, i.size, peek(s.env, at, i.size) + get(s, i.src))
  end,
  address = function(s, i) return s.areas[i.area] + word(i.off or 0) end,
  ctx = function(s) return s.env.context end,
  map = function(_, i) return HANDLE + i.map end,
  mapvalue = function(s, i) return s.env.maps[i.map].address + word(i.off or 0) end,
  variable = function(s, i) return s.env.variables[i.id] or error("no variable " .. i.id, 0) end,
  call = function(s, i)
    local args = {}
    for n, arg in ipairs(i.args) do
      args[n] = argument(s, arg)
    end
    local helper = inline[i.inline] or s.env.helpers[i.helper] or helpers[i.helper]
      or error("no helper " .. (i.inline or i.helper), 0)
    return word(helper(s.env, unpack(args)))
  end,
}

local function follow(state, instr)
  if instr.op == "jump" then
    return instr.to
  elseif instr.op == "branch" then
    local holds = conditions[instr.cond](get(state, instr.a), operand(state, instr.b, instr.imm))
    return holds and instr.yes or instr.no
  end
  state.budget = state.budget - 1
  return state.budget > 0 and instr.yes or instr.no
end

local function new_areas(func, env)
  local areas = {}
  for n, area in ipairs(func.areas) do
    local memory = bytes_of(area.size)
    ffi.fill(memory, area.size, 0xa5) -- the stack is not zeroed
    areas[n] = env:object(memory, area.size)
  end
  return areas
end

--- Surroundings of a run: `maps` (a list of specs; what the session has), `ctx` (words of the context),
--- `helpers` (by number, function(env, ...): number or 64-bit cdata), `clock`, `cpu`, `pid_tgid`, `uid_gid`, `comm`,
--- `turns` (of `may`).
function M.env(of)
  of = of or {}
  local env = setmetatable({ objects = {}, maps = {}, sent = {}, helpers = of.helpers or {}, clock = of.clock or 1000,
    cpu = of.cpu or 0, pid_tgid = of.pid_tgid or 0x0000006400000064ULL, uid_gid = of.uid_gid or 0,
    comm = of.comm or "comm", stack_id = 7, turns = of.turns or 8192 }, Env)
  for index, spec in pairs(of.maps or {}) do
    env.maps[index] = new_map(env, spec)
  end
  local words = of.ctx or {}
  local n_words = math.max(12, #words)
  local context = ffi.new("uint64_t[?]", n_words)
  for n = 1, #words do
    context[n - 1] = word(words[n])
  end
  env.context = env:object(context, n_words * 8)
  return env
end

--- Runs a function; what it leaves is in the environment's maps.
--- @return integer what it returned @return integer the instructions that ran
function M.run(func, env)
  env = env or M.env()
  local kept = #env.objects
  local state = { regs = {}, env = env, areas = new_areas(func, env), budget = env.turns }
  local number, ran = 1, 0
  while true do
    local block = func.blocks[number]
    for index = 1, #block - 1 do
      local instr = block[index]
      local value = steps[instr.op](state, instr)
      if instr.dst then
        state.regs[instr.dst] = value
      end
    end
    ran = ran + #block
    assert(ran < 1e7, "the function does not end")
    local last = block[#block]
    if last.op == "exit" then
      -- The stack goes, what maps got since stays.
      for _ = 1, #func.areas do
        table.remove(env.objects, kept + 1)
      end
      return last.imm or 0, ran
    end
    number = follow(state, last)
  end
end

return M
