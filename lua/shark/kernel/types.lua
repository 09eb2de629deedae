--- Types for shark.kernel: what the core says of a type, kept, and the types that
-- a name in C's notation stands for.

local bit = require "bit"
local core = require "shark.kernel.core"
local memory = require "shark.kernel.memory"

local M = {}

-- A type is a table { kind, name, size, count, signed, id }; those made here
-- ("struct foo *[4]") have no id and have their target in the table.
local by_id, by_name, by_notation, generation = {}, {}, {}, nil

-- Other types may be asked for after shark.debuginfo_set().
local function check_generation()
  local now = core.generation()
  if generation ~= now then
    by_name, by_notation, generation = {}, {}, now
  end
end

--- The table of a type that the core told: the first that there was for its id.
function M.keep(type)
  local known = by_id[type.id]
  if not known then
    by_id[type.id] = type
    known = type
  end
  return known
end
local keep = M.keep

local function must(value, message, name)
  if value == nil then
    memory.fault(message, name)
  end
  return value
end

--- The type with an id of the core.
function M.by_id(id)
  return by_id[id] or keep(core.type(id))
end

--- What a pointer points to, an array consists of.
function M.target(type)
  if not type.target then
    type.target = keep(must(core.target(type.id)))
  end
  return type.target
end

--- A pointer to the type.
function M.pointer_to(type)
  return { kind = "pointer", name = "", size = core.pointer_size(), count = 0, target = type }
end

--- An array of the type; count 0: nobody knows how many.
function M.array_of(type, count)
  return { kind = "array", name = "", size = type.size * count, count = count, target = type }
end

-- ---- names ----

local function find(name, module)
  check_generation()
  local key = name .. "\0" .. (module or "")
  if not by_name[key] then
    local type, message, error_name = core.find(name, module)
    if not type then
      memory.fault(message, error_name)
    end
    by_name[key] = keep(type)
  end
  return by_name[key]
end

local function of_notation(name)
  local front, arrays = name:match("^([^%[]*)(.*)$")
  local module = arrays:match("%[([%a_][%w_]*)%]$")
  local base, stars = front:match("^%s*(.-)([%*%s]*)$")
  base = base:gsub("^const%s+", ""):gsub("%s+", " ")
  local type = base == "void" and { kind = "void", name = "", size = 0, count = 0 } or find(base, module)
  for _ in stars:gmatch("%*") do
    type = M.pointer_to(type)
  end
  local counts = {}
  for count in arrays:gmatch("%[%s*(%d*)%s*%]") do
    table.insert(counts, 1, tonumber(count) or 0)
  end
  for _, count in ipairs(counts) do
    type = M.array_of(type, count)
  end
  return type
end

--- The type of a name: "struct irte", "union irte", "u32", "struct irq_desc *[256]",
--- "struct virtio_blk_vq [virtio_blk]" of this module only. Raises a fault when
--- there is none.
function M.named(name)
  check_generation()
  local known = by_notation[name]
  if not known then
    known = of_notation(name)
    by_notation[name] = known
  end
  return known
end

--- The type that BTF tells of a variable, and whether it is a per-CPU one; nil
--- when it does not tell.
function M.of_variable(name)
  local type, is_per_cpu, error_name = core.variable(name)
  if not type and error_name ~= "ENOENT" then
    memory.fault(is_per_cpu, error_name)
  end
  return type and keep(type), type and is_per_cpu
end

local WORDS = { struct = "struct ", union = "union ", enum = "enum " }

--- The name of a type, as C has it.
function M.label(type)
  local kind = type.kind
  if kind == "pointer" then
    local target = M.label(M.target(type))
    return target .. (target:find("%*$") and "*" or " *")
  elseif kind == "array" then
    return ("%s [%s]"):format(M.label(M.target(type)), type.count > 0 and type.count or "")
  elseif kind == "function" then
    return "function"
  elseif kind == "declared" then
    return (type.union and "union " or "struct ") .. type.name
  elseif kind == "void" then
    return "void"
  end
  return (WORDS[kind] or "") .. (type.name ~= "" and type.name or "(anonymous)")
end

-- ---- structs ----

--- The struct or union that is only declared where it was met, e.g. one that a
--- module defines. Raises a fault when nobody does.
function M.complete(type)
  if type.kind ~= "declared" then
    return type
  end
  if not type.completed then
    type.completed = find(M.label(type))
    if type.completed.kind == "declared" then
      memory.fault(("%s is declared only; its members are not known"):format(M.label(type)), "ENOENT")
    end
  end
  return type.completed
end

function M.is_composite(type)
  return type.kind == "struct" or type.kind == "union" or type.kind == "declared"
end

local function to_member(found)
  return {
    name = found.name, type = M.by_id(found.type), bit_offset = found.bit_offset, bits = found.bits,
    offset = math.floor(found.bit_offset / 8),
  }
end

--- A member by name, also in anonymous structs within; "a.b" for a member of a
--- member. nil when there is none.
function M.member(type, name)
  type = M.complete(type)
  local members = type.members_by_name
  if not members then
    members = {}
    type.members_by_name = members
  end
  if members[name] == nil then
    local found, message, error_name = core.member(type.id, name)
    if not found and error_name ~= "ENOENT" then
      memory.fault(message, error_name)
    end
    members[name] = found and to_member(found) or false
  end
  return members[name] or nil
end

--- The members as declared, anonymous ones with the name "".
function M.members(type)
  type = M.complete(type)
  if not type.members then
    local members = must(core.members(type.id))
    for i, found in ipairs(members) do
      members[i] = to_member(found)
    end
    type.members = members
  end
  return type.members
end

--- Names of all members, those of anonymous structs within too.
function M.member_names(type, into)
  local names = into or {}
  for _, member in ipairs(M.members(type)) do
    if member.name ~= "" then
      names[#names + 1] = member.name
    elseif M.is_composite(member.type) then
      M.member_names(member.type, names)
    end
  end
  return names
end

-- ---- enums ----

--- The name of a value (number or 64-bit integer) of an enum, or nil.
function M.enumerator(type, value)
  if not type.names then
    local list, names = must(core.enumerators(type.id)), {}
    for i = 1, #list, 2 do
      -- Of two names for a value, the first.
      names[list[i + 1]] = names[list[i + 1]] or list[i]
    end
    type.names = names
  end
  local wide = value
  if _G.type(value) == "number" then
    wide = require("ffi").cast("int64_t", value)
  end
  return type.names[bit.tohex(wide, 16)]
end

return M
