--- Walks over the kernel's containers, for shark.kernel: lists, xarrays and radix
-- trees, maple trees. They change while they are walked: every step is checked,
-- every walk has an end.

local bit = require "bit"
local core = require "shark.kernel.core"
local memory = require "shark.kernel.memory"
local object = require "shark.kernel.object"
local types = require "shark.kernel.types"

local M = {}

local MAX_ENTRIES = 65536

local function at(type_name, address)
  return object.at(types.named(type_name), address)
end

local function as(type, address)
  return type and object.at(type, address) or address
end

local function too_long(what, address, max)
  memory.fault(("the %s at 0x%s has more than %d entries: it changed while it was read, or is none")
    :format(what, memory.to_hex(address), max), "ELOOP")
end

-- ---- lists ----

--- Iterates over the entries of a list_head: objects of the type that contains
--- the member. Raises a fault past max entries, and where the list leads nowhere.
function M.list(head, type, member, max)
  local found = types.member(type, member)
  if not found then
    error(("%s has no field '%s'"):format(types.label(type), member), 3)
  end
  local address, seen = head, 0
  return function()
    address = memory.pointer(address) -- next comes first in struct list_head
    if address == head then
      return nil
    elseif address == 0 then
      memory.fault(("the list at 0x%s leads nowhere: it is no list, or not set up"):format(memory.to_hex(head)),
        "EINVAL")
    end
    seen = seen + 1
    if seen > (max or MAX_ENTRIES) then
      too_long("list", head, max or MAX_ENTRIES)
    end
    return object.at(type, address - found.offset)
  end
end

--- Iterates over a chain: the object, its field of that name, and so on.
function M.chain(first, field, max)
  local current, seen = nil, 0
  return function()
    if seen == 0 then
      current = first
    else
      current = current and current[field]
    end
    seen = seen + 1
    if current ~= nil and seen > (max or MAX_ENTRIES) then
      too_long("chain", object.address(first), max or MAX_ENTRIES)
    end
    return current
  end
end

-- ---- entries of xarrays and maple trees (include/linux/xarray.h) ----

-- Internal entries end in binary 10: those beyond 4096 are nodes, the others
-- mean something of their own (sibling, retry, zero).
local function is_internal(entry)
  return bit.band(entry, 3) == 2
end

local function is_node(entry)
  return is_internal(entry) and entry > 4096
end

-- ---- xarray, which the radix tree is since 4.20 ----

local MAX_LEVELS = 12 -- 64 bits, 6 (or 4) for each level

local function load_xa_node(entry, level)
  if level > MAX_LEVELS then
    memory.fault("the xarray is deeper than any can be: it changed while it was read", "ELOOP")
  end
  return object.copy(at("struct xa_node", entry - 2))
end

local function slot_address(node, index)
  local slots = types.member(object.type(node), "slots")
  return object.pointer(node, slots.offset + index * core.pointer_size())
end

local function slots_of(node)
  return types.member(object.type(node), "slots").type.count
end

-- The entry of an index, or nil.
local function xa_load(entry, index)
  if not is_node(entry) then
    return index == 0 and entry or nil
  end
  for level = 1, math.huge do
    local node = load_xa_node(entry, level)
    local count, place = slots_of(node), math.floor(index / 2 ^ node.shift)
    if level == 1 and place >= count then
      return nil
    end
    entry = slot_address(node, place % count)
    if is_internal(entry) and entry < count * 4 then -- a sibling: look there
      entry = slot_address(node, tonumber(bit.rshift(entry, 2)))
    end
    if not is_node(entry) then
      return entry
    end
  end
end

local function is_item(entry)
  return entry and entry ~= 0 and not is_internal(entry)
end

--- What an xarray has at an index: an object of the type, or without one the
--- entry itself; nil when it has nothing there.
function M.xarray_find(head, index, type)
  local entry = xa_load(memory.pointer(head), index)
  return is_item(entry) and as(type, entry) or nil
end

local visit_xa

local function visit_xa_node(entry, first, level, visit)
  local node = load_xa_node(entry, level)
  local step = 2 ^ node.shift
  for i = 0, slots_of(node) - 1 do
    visit_xa(slot_address(node, i), first + i * step, level + 1, visit)
  end
end

function visit_xa(entry, index, level, visit)
  if is_node(entry) then
    visit_xa_node(entry, index, level, visit)
  elseif is_item(entry) then
    visit(index, entry)
  end
end

-- What visit() collects, as an iterator.
local function collected(walk, address, type)
  local indices, entries = {}, {}
  walk(function(index, entry)
    if #indices >= MAX_ENTRIES then
      too_long("tree", address, MAX_ENTRIES)
    end
    indices[#indices + 1], entries[#indices + 1] = index, entry
  end)
  local i = 0
  return function()
    i = i + 1
    if indices[i] then
      return indices[i], as(type, entries[i])
    end
  end
end

--- Iterates over index, entry.
function M.xarray(head, type)
  return collected(function(visit)
    visit_xa(memory.pointer(head), 0, 1, visit)
  end, head, type)
end

-- ---- maple tree (include/linux/maple_tree.h, lib/maple_tree.c) ----

local MAPLE_MAX = 0xffffffffffffffffULL
local MAX_MAPLE_LEVELS = 31

-- A node's entry has its type in bits 3 to 6, its address above bit 8.
local LEAF_64, RANGE_64, ARANGE_64 = 1, 2, 3
local MAPLE_FIELDS = { [LEAF_64] = "mr64", [RANGE_64] = "mr64", [ARANGE_64] = "ma64" }

local function load_maple_node(entry, level)
  local kind = tonumber(bit.band(bit.rshift(entry, 3), 15))
  local field = MAPLE_FIELDS[kind]
  if not field or level > MAX_MAPLE_LEVELS then
    memory.fault(("no maple tree node is at 0x%s: the tree changed while it was read"):format(memory.to_hex(entry)),
      "EINVAL")
  end
  local node = object.copy(at("struct maple_node", bit.band(entry, bit.bnot(0xffULL))))
  return node[field], kind == LEAF_64
end

-- The slots of a node that are in use: last index and entry, one after the other.
local function maple_slots(node, last)
  local pivots = node.pivot
  local slots, count = types.member(object.type(node), "slot"), object.type(pivots).count
  local i = -1
  return function()
    i = i + 1
    if i > count then
      return nil
    end
    local pivot = i < count and pivots[i] or last
    -- A pivot of 0 after the first is the end: that slot goes to the node's last index.
    if i > 0 and pivot == 0 or pivot > last then
      pivot = last
    end
    local entry = object.pointer(node, slots.offset + i * core.pointer_size())
    if pivot == last then
      i = count
    end
    return pivot, entry
  end
end

local function visit_maple(entry, first, last, level, visit)
  local node, is_leaf = load_maple_node(entry, level)
  for pivot, slot in maple_slots(node, last) do
    if is_leaf and is_item(slot) then
      visit(first, slot)
    elseif not is_leaf and slot ~= 0 then
      visit_maple(slot, first, pivot, level + 1, visit)
    end
    first = pivot + 1
  end
end

local function maple_load(entry, index)
  local last = MAPLE_MAX
  for level = 1, math.huge do
    local node, is_leaf = load_maple_node(entry, level)
    local found = 0ULL
    for pivot, slot in maple_slots(node, last) do
      if index <= pivot then
        found, last = slot, pivot
        break
      end
    end
    if is_leaf or found == 0 then
      return found
    end
    entry = found
  end
end

--- What a maple tree has at an index, as xarray_find().
function M.maple_find(root, index, type)
  local entry, wanted = memory.pointer(root), memory.to_address(index)
  if is_node(entry) then
    entry = maple_load(entry, wanted)
  elseif wanted ~= 0 then
    entry = nil
  end
  return is_item(entry) and as(type, entry) or nil
end

--- Iterates over first index, entry.
function M.maple(root, type)
  return collected(function(visit)
    local function numbered(index, entry)
      visit(index < 2 ^ 53 and tonumber(index) or index, entry)
    end
    local entry = memory.pointer(root)
    if is_node(entry) then
      visit_maple(entry, 0ULL, MAPLE_MAX, 1, numbered)
    elseif is_item(entry) then
      numbered(0ULL, entry)
    end
  end, root, type)
end

return M
