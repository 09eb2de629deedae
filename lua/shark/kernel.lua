--- Kernel objects as Lua values: typed, read from the running kernel when asked.
--
-- A function returns nil, message, name when the machine refuses. Indexing an
-- object and walking a container cannot do that: there what cannot be read is
-- raised, as an error value with the fields message and name. Misuse (a field
-- that does not exist, an index out of range) raises a text.

local bit = require "bit"
local core = require "shark.kernel.core"
local ffi = require "ffi"
local files = require "shark.system.files"
local memory = require "shark.kernel.memory"
local object = require "shark.kernel.object"
local types = require "shark.kernel.types"
local uv = require "uv"
local walk = require "shark.kernel.walk"

local M = {}

-- BTF tells the types of per-CPU variables only; these are of those that shark
-- looks at. Their addresses are looked up together, in one pass over all symbols.
local GLOBALS = {
  amd_iommu_dev_table = "struct dev_table_entry *", amd_iommu_efr = "u64", amd_iommu_irq_remap = "bool",
  amd_iommu_last_bdf = "u16", amd_iommu_list = "struct list_head", amd_iommu_pci_seg_list = "struct list_head",
  amd_iommu_rlookup_table = "struct amd_iommu **", amd_iommu_xt_mode = "int", apic = "struct apic *",
  disable_irq_post = "int", disable_irq_remap = "int",
  disable_sourceid_checking = "int", dmar_disabled = "int", dmar_drhd_units = "struct list_head",
  eim_mode = "int", idt_table = "struct gate_struct [256]", init_state = "enum iommu_init_state",
  init_task = "struct task_struct", intel_iommu_enabled = "int", ioapic_is_disabled = "bool",
  iommu_device_list = "struct list_head", irq_desc_tree = "struct xarray", irq_domain_list = "struct list_head",
  irq_lookup_table = "struct irq_remap_table **", irq_remap_broken = "int", irq_remapping_enabled = "int",
  jiffies = "unsigned long", no_iommu = "int", nr_irqs = "int", page_offset_base = "unsigned long",
  remap_ops = "struct irq_remap_ops *", skip_ioapic_setup = "bool", sparse_irqs = "struct maple_tree",
  total_nr_irqs = "int", vector_matrix = "struct irq_matrix *", x2apic_mode = "int", x2apic_phys = "int",
  x86_vector_domain = "struct irq_domain *", ipipe_root = "struct ipipe_domain",
  ipipe_head_domain = "struct ipipe_domain *", __ipipe_virtual_irq_map = "unsigned long",
  __ipipe_printk_virq = "unsigned int", __ipipe_work_virq = "unsigned int", inband_stage = "struct irq_stage",
  oob_stage = "struct irq_stage", synthetic_irq_domain = "struct irq_domain *", sipic_domain = "struct irq_domain *",
  inband_work_sirq = "unsigned int", init_uts_ns = "struct uts_namespace",
  __init_begin = "char []", __init_end = "char []",
}
local PER_CPU = {
  vector_irq = "struct irq_desc *[256]", irq_stat = "irq_cpustat_t", ipipe_percpu = "struct ipipe_percpu_data",
  irq_pipeline = "struct irq_pipeline_data",
}
-- Functions whose names say what the kernel was built with.
local FUNCTIONS = {
  amd_iommu_init = true, amd_iommu_prepare = true, amd_iommu_probe_device = true, intel_iommu_init = true,
  enable_oob_stage = true, intel_iommu_probe_device = true, ipipe_register_head = true,
  intel_prepare_irq_remapping = true, irq_remapping_prepare = true,
}
local OFFSETS = "__per_cpu_offset"

-- ---- arguments ----

local function check(condition, level, message, ...)
  if not condition then
    error(message:format(...), level + 2)
  end
end

local function check_string(value, position, name)
  check(type(value) == "string", 2, "bad argument #%d to '%s' (string expected, got %s)", position, name,
    type(value))
end

local Variable = { is_kernel_object = true }

-- The object that a variable is; objects as they are.
local function unwrap(value)
  if getmetatable(value) == Variable then
    return rawget(value, "of")
  end
  check(not object.is_foreign(value), 2, "this object is of another kernel")
  return value
end

local function check_object(value, position, name)
  value = unwrap(value)
  check(object.is_object(value), 2, "bad argument #%d to '%s' (kernel object expected, got %s)", position, name,
    type(value))
  return value
end

local function check_address(value, position, name)
  value = unwrap(value)
  local address = object.is_object(value) and object.address(value) or memory.to_address(value)
  check(address, 2, "bad argument #%d to '%s' (address or kernel object expected, got %s)", position, name,
    type(value))
  return address
end

-- A type by its name, or of an object.
local function type_of(value, position, name)
  value = unwrap(value)
  if object.is_object(value) then
    return object.type(value)
  end
  check(type(value) == "string", 2, "bad argument #%d to '%s' (type's name or kernel object expected, got %s)",
    position, name, type(value))
  return types.named(value)
end

local function value_at(type, address)
  return object.decode(type, object.at(type, address), 0)
end

-- ---- addresses of names ----

-- name -> {address, matches}, or false: not there.
local known = { generation = nil, names = {} }

local function is_data(name)
  return GLOBALS[name] or PER_CPU[name] or name == OFFSETS
end

local function is_listed(name)
  return is_data(name) or FUNCTIONS[name]
end

local function listed_names(lists)
  local names = { OFFSETS }
  for _, list in ipairs(lists) do
    for listed in pairs(list) do
      names[#names + 1] = listed
    end
  end
  return names
end

-- Kernels without CONFIG_KALLSYMS_ALL list no data: that is known at once, where
-- the kernel can be asked for a name.
local function lists_no_data()
  return core.lists("init_task") == false
end

local function look_up_all(names)
  local found, message, error_name = core.addresses(names)
  if not found then
    memory.fault(message, error_name)
  end
  for _, wanted in ipairs(names) do
    known.names[wanted] = found[wanted] or false
  end
end

local function look_up(name)
  if is_data(name) and lists_no_data() then
    for _, data in ipairs(listed_names { GLOBALS, PER_CPU }) do
      known.names[data] = false
    end
    return
  end
  local names = listed_names { GLOBALS, PER_CPU, FUNCTIONS }
  names[#names + 1] = name
  look_up_all(names)
end

local function not_there(name)
  local text = ("the kernel has no symbol '%s'"):format(name)
  if not known.names.init_task then
    text = text .. "; it lists no data, only functions (CONFIG_KALLSYMS_ALL is off)"
  end
  memory.fault(text, "ENOENT")
end

-- Address of a name, or raises a fault.
local function address_of(name)
  local generation = core.generation()
  if known.generation ~= generation then
    known = { generation = generation, names = {} }
  end
  -- A module with a name that is not there now may come.
  if known.names[name] == nil or not known.names[name] and not is_listed(name) then
    look_up(name)
  end
  local found = known.names[name]
  if not found then
    not_there(name)
  elseif found.matches > 1 then
    memory.fault(("%d symbols of the kernel are named '%s'"):format(found.matches, name), "ENOTUNIQ")
  end
  return memory.from_hex(found.address)
end

--- Address of a name of the kernel.
--- @return ffi.cdata*? address uint64_t @return string? message @return string? name
function M.address(name)
  check_string(name, 1, "address")
  return memory.attempt(address_of, name)
end

--- An address or any integer in hexadecimal: "0xffffffff81000000".
function M.hex(value)
  return "0x" .. memory.to_hex(check_address(value, 1, "hex"))
end

--- What an address is called: "handle_edge_irq", "vring_interrupt+0x10 [virtio_ring]".
--- @return string? symbol @return string? message @return string? name
function M.symbol(address)
  return object.symbol(check_address(address, 1, "symbol"))
end

-- ---- objects ----

object.set_tostring(function(value)
  return require("shark.kernel.text").describe(value)
end)

--- The object of a type at an address. Nothing is read yet.
--- @param name string e.g. "struct intel_iommu"
--- @param address integer|ffi.cdata*|string uint64_t, "0x..." or another object
--- @return any? value an object; of a type such as "int": its value
--- @return string? message @return string? name
function M.cast(name, address)
  check_string(name, 1, "cast")
  local at = check_address(address, 2, "cast")
  return memory.attempt(function()
    return value_at(types.named(name), at)
  end)
end

--- Where an object is.
--- @return ffi.cdata* address uint64_t
function M.addressof(value)
  return object.address(check_object(value, 1, "addressof"))
end

--- Name of an object's type, e.g. "struct irq_desc".
function M.typeof(value)
  return types.label(object.type(check_object(value, 1, "typeof")))
end

--- A field as the number it is: an address, where the field would be nil, text
--- or an object.
--- @return ffi.cdata*|number value
function M.raw(value, field)
  local of = check_object(value, 1, "raw")
  check_string(field, 2, "raw")
  local member = types.member(object.type(of), field)
  check(member, 1, "%s has no field '%s'", types.label(object.type(of)), field)
  local kind = member.type.kind
  if kind == "pointer" then
    return object.pointer(of, member.offset)
  end
  check(kind == "int" or kind == "char" or kind == "enum", 1, "field '%s' is no number and no pointer", field)
  local as_integer = setmetatable({ kind = "int" }, { __index = member.type })
  return object.get(of, setmetatable({ type = as_integer }, { __index = member }))
end

--- All of an object, read at once: its fields then come from the copy.
--- @return table? copy @return string? message @return string? name
function M.copy(value)
  return memory.attempt(object.copy, check_object(value, 1, "copy"))
end

--- Reads a copy again. Returns the object.
--- @return table? object @return string? message @return string? name
function M.refresh(value)
  return memory.attempt(object.refresh, check_object(value, 1, "refresh"))
end

--- Text in an array of bytes that are not of the type char, up to its end
--- (intel_iommu.name is unsigned char[]).
--- @return string? text @return string? message @return string? name
function M.text(value)
  local array = check_object(value, 1, "text")
  local mine = object.type(array)
  check(mine.kind == "array" and types.target(mine).size == 1, 1, "%s is no array of bytes", types.label(mine))
  return memory.attempt(function()
    if mine.count == 0 then
      return memory.string(object.address(array))
    end
    local copy = object.bytes(array) and array or object.copy(array)
    local bytes, base = object.bytes(copy)
    return ffi.string(bytes + base, mine.size):match("^[^%z]*")
  end)
end

--- The object that contains this one as its member.
--- @param value table|ffi.cdata*|integer object or address of the member
--- @param name string type of the container
--- @param member string "a" or "a.b"
function M.container_of(value, name, member)
  local address = check_address(value, 1, "container_of")
  check_string(name, 2, "container_of")
  check_string(member, 3, "container_of")
  return memory.attempt(function()
    local type = types.named(name)
    local found = types.member(type, member)
    check(found, 3, "%s has no field '%s'", types.label(type), member)
    return object.at(type, address - found.offset)
  end)
end

--- Calls work(...) and looks again at every pointer that it followed. Returns
--- what work returned, or nil, message, "EAGAIN" when one of them changed
--- meanwhile: what was read then does not belong together.
function M.stable(work, ...)
  check(type(work) == "function", 1, "bad argument #1 to 'stable' (function expected, got %s)", type(work))
  return memory.stable(work, ...)
end

-- ---- types ----

--- Bytes of a type or an object.
--- @return integer? size @return string? message @return string? name
function M.sizeof(what)
  return memory.attempt(function()
    return types.complete(type_of(what, 1, "sizeof")).size
  end)
end

local function member_of(what, field, name)
  check_string(field, 2, name)
  return memory.attempt(function()
    local type = type_of(what, 1, name)
    return types.is_composite(type) and types.member(type, field) or false
  end)
end

--- Has a type this field? "a.b" for a field of a field.
--- @return boolean? has nil, message, name when there is no such type
function M.has_field(what, field)
  local member, message, name = member_of(what, field, "has_field")
  if member == nil then
    return nil, message, name
  end
  return member ~= false
end

--- Offset of a field in bytes; of a bitfield, also the bit in that byte.
--- @return integer? offset @return integer|string bit or message @return string? name
function M.offsetof(what, field)
  local member, message, name = member_of(what, field, "offsetof")
  if not member then
    return nil, message or ("there is no field '%s'"):format(field), name or "ENOENT"
  end
  return member.offset, member.bits > 0 and member.bit_offset % 8 or nil
end

--- Names of all fields of a type or an object.
--- @return string[]? names @return string? message @return string? name
function M.fields(what)
  return memory.attempt(function()
    return types.member_names(type_of(what, 1, "fields"))
  end)
end

-- name -> value, or false: no enum has it.
local enumerators, enumerators_generation = {}, nil

local function enumerator(name)
  if enumerators_generation ~= core.generation() then
    enumerators, enumerators_generation = {}, core.generation()
  end
  if enumerators[name] == nil then
    local digits, message, error_name = core.enumerator(name)
    if not digits and error_name ~= "ENOENT" then
      memory.fault(message, error_name)
    end
    enumerators[name] = digits and tonumber(ffi.cast("int64_t", memory.from_hex(digits))) or false
  end
  return enumerators[name] or memory.fault(("no enum of the kernel's has '%s'"):format(name), "ENOENT")
end

--- The value of an enumerator by its name alone, as of the kernel's flags, whose enums have none: "IRQ_OOB".
--- @param name string
--- @return integer? value @return string? message @return string? name "ENOENT": no enum has it
function M.enumerator(name)
  check_string(name, 1, "enumerator")
  return memory.attempt(enumerator, name)
end

-- ---- variables ----

local methods = {}

--- The variable's value now: a number, text, ... or an object.
function methods:value()
  local of = rawget(self, "of")
  return object.decode(object.type(of), of, 0)
end

function methods:address()
  return object.address(rawget(self, "of"))
end

function methods:type()
  return types.label(object.type(rawget(self, "of")))
end

-- Fields of what the variable is, or points to.
function Variable:__index(key)
  if methods[key] then
    return methods[key]
  end
  local value = methods.value(self)
  if not object.is_object(value) then
    error(("the variable '%s' is %s and has no field '%s'"):format(rawget(self, "name"), tostring(value),
      tostring(key)), 2)
  end
  return value[key]
end

function Variable:__tostring()
  local value, message = memory.attempt(methods.value, self)
  if value == nil and message then
    value = ("<%s>"):format(message)
  end
  return ("%s %s = %s"):format(methods.type(self), rawget(self, "name"), value == nil and "NULL" or tostring(value))
end

function Variable:__newindex()
  error(("'%s' is the kernel's, and only read"):format(rawget(self, "name")), 2)
end

local function type_of_global(name)
  if GLOBALS[name] then
    return types.named(GLOBALS[name])
  end
  local found, is_per_cpu = types.of_variable(name)
  if PER_CPU[name] or is_per_cpu then
    error(("'%s' is a per-CPU variable; see per_cpu()"):format(name), 0)
  elseif not found then
    error(("the type of '%s' is not known: name it, e.g. var(%q, \"int\")"):format(name, name), 0)
  end
  return found
end

--- A global variable. var:value() reads it; var.field is a field of it.
--- @param name string
--- @param type_name? string e.g. "struct list_head"; known for those shark looks at
--- @return table? variable @return string? message @return string? name
function M.var(name, type_name)
  check_string(name, 1, "var")
  return memory.attempt(function()
    local type = type_name and types.named(type_name) or type_of_global(name)
    return setmetatable({ name = name, of = object.at(type, address_of(name)) }, Variable)
  end)
end

-- ---- CPUs ----

-- The highest number that a CPU can have; CPUs do not come to be at run time.
local last_cpu

local function highest_cpu()
  if not last_cpu then
    local possible, message, name = require("shark.system.cpus").possible()
    if not possible then
      memory.fault(message, name)
    end
    last_cpu = possible[#possible]
  end
  return last_cpu
end

local function check_cpu(cpu)
  check(type(cpu) == "number" and cpu % 1 == 0 and cpu >= 0 and cpu <= highest_cpu(), 2,
    "CPU %s is not one of 0 to %d", tostring(cpu), highest_cpu())
end

-- Where each CPU's area is, which is decided when the kernel starts
-- (setup_per_cpu_areas()): read once.
local offsets = { generation = nil, of = nil }

local function offset_of_cpu(cpu)
  local generation = core.generation()
  if offsets.generation ~= generation then
    local array = types.array_of(types.named("unsigned long"), highest_cpu() + 1)
    offsets.of = object.copy(object.at(array, address_of(OFFSETS)))
    offsets.generation = generation
  end
  return offsets.of[cpu]
end

local function per_cpu_variable(name, cpu, type_name)
  local type = type_name and types.named(type_name) or types.of_variable(name)
  if not type and PER_CPU[name] then
    type = types.named(PER_CPU[name])
  end
  check(type, 3, "the type of '%s' is not known: name it, e.g. per_cpu(%q, %d, \"int\")", name, name, cpu)
  return value_at(type, address_of(name) + offset_of_cpu(cpu))
end

-- Type of what a per-CPU pointer points to.
local function element_of(pointer)
  local type = object.type(pointer)
  return type.kind == "array" and type.count == 0 and types.target(type) or type
end

local function per_cpu_pointer(pointer, cpu)
  return value_at(element_of(pointer), object.address(pointer) + offset_of_cpu(cpu))
end

local function per_cpu_each(pointer, cpus)
  local element, addresses, values = element_of(pointer), {}, {}
  for i, cpu in ipairs(cpus) do
    addresses[i] = object.address(pointer) + offset_of_cpu(cpu)
  end
  local size = types.complete(element).size
  local bytes = memory.read_each(addresses, size)
  for i, cpu in ipairs(cpus) do
    local copy = object.at(types.array_of(element, 1), addresses[i], bytes, (i - 1) * size)
    values[cpu] = copy[0]
  end
  return values
end

--- A CPU's own instance: of a per-CPU variable, by name, or of what a per-CPU
--- pointer (desc.kstat_irqs) points to.
--- @param what string|table
--- @param cpu integer
--- @param type_name? string of a variable whose type BTF does not tell
--- @return any? value @return string? message @return string? name
function M.per_cpu(what, cpu, type_name)
  check_cpu(cpu)
  what = unwrap(what)
  if type(what) ~= "string" then
    what = check_object(what, 1, "per_cpu")
  end
  return memory.attempt(type(what) == "string" and per_cpu_variable or per_cpu_pointer, what, cpu, type_name)
end

--- What a per-CPU pointer points to on several CPUs, copied in one go.
--- @param pointer table @param cpus integer[]
--- @return table<integer, any>? values by CPU @return string? message @return string? name
function M.per_cpu_each(pointer, cpus)
  check_object(pointer, 1, "per_cpu_each")
  for _, cpu in ipairs(cpus) do
    check_cpu(cpu)
  end
  return memory.attempt(per_cpu_each, unwrap(pointer), cpus)
end

-- "struct cpumask", an array of one (cpumask_var_t), or the words themselves.
local function words_of(mask)
  local mine = object.type(mask)
  if types.is_composite(mine) then
    local bits = types.member(mine, "bits")
    check(bits, 3, "%s is no cpumask", types.label(mine))
    return bits.offset
  end
  local element = types.target(mine)
  check(element.name == "cpumask" or element.size == 8, 3, "%s is no cpumask", types.label(mine))
  return 0
end

local function cpus_of(mask)
  local offset, bytes_needed = words_of(mask), math.floor(highest_cpu() / 8) + 1
  local bytes, base = object.bytes(mask)
  local size = object.type(mask).size
  if bytes and size >= offset + bytes_needed then
    bytes = bytes + (base + offset)
  else -- where a pointer leads to a mask only so much is there
    bytes = memory.read(object.address(mask) + offset, bytes_needed)
  end
  local cpus = {}
  for i = 0, bytes_needed - 1 do
    local set = bytes[i]
    for cpu = i * 8, set ~= 0 and math.min(i * 8 + 7, highest_cpu()) or -1 do
      if bit.band(set, bit.lshift(1, cpu % 8)) ~= 0 then
        cpus[#cpus + 1] = cpu
      end
    end
  end
  return cpus
end

--- The CPUs in a cpumask: a struct cpumask, or a cpumask_var_t of either form.
--- @return integer[]? cpus @return string? message @return string? name
function M.cpumask(mask)
  return memory.attempt(cpus_of, check_object(mask, 1, "cpumask"))
end

-- ---- containers ----

-- Address of a container: of a name, an object, or an address.
local function place_of(what, name)
  if type(what) == "string" and not memory.to_address(what) then
    return address_of(what)
  end
  return check_address(what, 1, name)
end

--- Iterates over the entries of a list.
--- @param head string|table|ffi.cdata* struct list_head: name of a variable, object, address
--- @param type_name string type of the entries
--- @param member string the entries' struct list_head, "a" or "a.b"
--- @param max? integer a longer list is a fault (65536)
--- @return fun(): table?
function M.list(head, type_name, member, max)
  check_string(type_name, 2, "list")
  check_string(member, 3, "list")
  return walk.list(place_of(head, "list"), types.named(type_name), member, max)
end

--- Iterates over first, first[field], first[field][field], ... up to NULL.
--- @return fun(): table?
function M.chain(first, field, max)
  check_string(field, 2, "chain")
  return walk.chain(first ~= nil and check_object(first, 1, "chain") or nil, field, max)
end

-- Address of the pointer to the root of a tree.
local function root_of(tree, type_name, field, name)
  local found = types.member(types.named(type_name), field)
  if not found then
    memory.fault(("%s has no '%s': this kernel's trees are of another form"):format(type_name, field), "ENOTSUP")
  end
  return place_of(tree, name) + found.offset
end

local function entry_type(name)
  return name and types.named(name) or nil
end

--- Iterates over index, entry of an xarray.
--- @param tree string|table|ffi.cdata* name of a variable, object, address
--- @param type_name? string type of what the entries point to; none: addresses
--- @return fun(): integer?, table|ffi.cdata*?
function M.xarray(tree, type_name)
  return walk.xarray(root_of(tree, "struct xarray", "xa_head", "xarray"), entry_type(type_name))
end

--- What an xarray has at an index: nil for nothing; nil, message, name on failure.
function M.xarray_find(tree, index, type_name)
  check(type(index) == "number" and index >= 0, 1, "bad argument #2 to 'xarray_find' (index expected)")
  return memory.attempt(function()
    return walk.xarray_find(root_of(tree, "struct xarray", "xa_head", "xarray_find"), index, entry_type(type_name))
  end)
end

--- A radix tree is an xarray since 4.20.
M.radix_tree = M.xarray
M.radix_tree_find = M.xarray_find

--- Iterates over first index, entry of a maple tree.
--- @param tree string|table|ffi.cdata* name of a variable, object, address
--- @param type_name? string type of what the entries point to; none: addresses
--- @return fun(): integer?, table|ffi.cdata*?
function M.maple_tree(tree, type_name)
  return walk.maple(root_of(tree, "struct maple_tree", "ma_root", "maple_tree"), entry_type(type_name))
end

--- What a maple tree has at an index: nil for nothing; nil, message, name on failure.
function M.maple_tree_find(tree, index, type_name)
  check(memory.to_address(index), 1, "bad argument #2 to 'maple_tree_find' (index expected)")
  return memory.attempt(function()
    return walk.maple_find(root_of(tree, "struct maple_tree", "ma_root", "maple_tree_find"), index,
      entry_type(type_name))
  end)
end

-- ---- this process ----

--- This process' own struct task_struct.
--- @return table? task @return string? message @return string? name
function M.current()
  local digits, message, name = core.current_task()
  if not digits then
    return nil, message, name
  end
  return M.cast("struct task_struct", memory.from_hex(digits))
end

-- ---- interrupt descriptors ----

-- Where the symbols of data are not listed: /sys/kernel/irq/N is the descriptor's
-- kobject (kernel/irq/irqdesc.c), and an open folder leads to it.
local SYSFS = "/sys/kernel/irq"

local function check_sysfs()
  if not files.exists(SYSFS) then
    memory.fault("descriptors cannot be found: there is no " .. SYSFS, "ENOTSUP")
  end
end

-- The kobject that an open folder of sysfs shows.
local function kobject_of(fd)
  local task, message, name = M.current()
  if not task then
    memory.fault(message, name)
  end
  local inode = task.files.fdt.fd[fd].f_inode
  return M.cast("struct kernfs_node", inode.i_private).priv
end

-- The descriptor, and which node of sysfs led to it.
local function find_by_sysfs(irq)
  check_sysfs()
  local fd, message, name = uv.fs_open(("%s/%d"):format(SYSFS, irq), "r", 0)
  if not fd and name == "ENOENT" then
    return nil
  elseif not fd then
    memory.fault(message, name)
  end
  local ok, kobject = pcall(kobject_of, fd)
  local node = uv.fs_fstat(fd).ino
  uv.fs_close(fd)
  if not ok then
    error(kobject, 0)
  end
  return M.container_of(kobject, "struct irq_desc", "kobj"), node
end

-- The folder is open only meanwhile: what leads to it is not to be read again. A
-- descriptor's node is its own as long as it lives, and no number is used twice.
local function desc_by_sysfs(irq)
  local desc, node
  desc, node = memory.apart(function()
    local now = uv.fs_stat(("%s/%d"):format(SYSFS, irq))
    if (now and now.ino) ~= node then
      return ("IRQ %d has another descriptor"):format(irq)
    end
  end, find_by_sysfs, irq)
  return desc
end

-- Which variable holds the descriptors: 6.5 and later, and before that. nil and
-- why not, where its address is not to be had.
local function descs_variable()
  if M.address "sparse_irqs" then
    return "sparse_irqs"
  end
  local address, message = M.address "irq_desc_tree"
  if address then
    return "irq_desc_tree"
  end
  return nil, message
end

-- Raises why no way leads to the descriptors.
local function no_descs(by_symbol, by_sysfs)
  if not memory.is_fault(by_sysfs) then
    error(by_sysfs, 0)
  end
  memory.fault(("%s; and by way of %s: %s"):format(by_symbol, SYSFS, by_sysfs.message), by_sysfs.name)
end

local function find_desc(irq)
  local desc = types.named("struct irq_desc")
  local variable, why_not = descs_variable()
  if variable == "sparse_irqs" then
    return walk.maple_find(root_of(variable, "struct maple_tree", "ma_root"), irq, desc)
  elseif variable then
    return walk.xarray_find(root_of(variable, "struct xarray", "xa_head"), irq, desc)
  end
  local ok, found = pcall(desc_by_sysfs, irq)
  if not ok then
    no_descs(why_not, found)
  end
  return found
end

local function irq_desc(irq)
  local desc = find_desc(irq)
  if not desc then
    memory.fault(("there is no IRQ %d"):format(irq), "ENOENT")
  elseif desc.irq_data.irq ~= irq then
    memory.fault(("changed while reading: the descriptor of IRQ %d says %s"):format(irq,
      tostring(desc.irq_data.irq)), "EAGAIN")
  end
  return desc
end

--- The descriptor of an IRQ.
--- @param irq integer
--- @return table? desc struct irq_desc @return string? message @return string? name
function M.irq_desc(irq)
  check(type(irq) == "number" and irq >= 0 and irq % 1 == 0, 1, "bad argument #1 to 'irq_desc' (IRQ expected)")
  return memory.attempt(irq_desc, irq)
end

local function irqs_by_sysfs()
  check_sysfs()
  local irqs = {}
  for _, name in ipairs(files.names(SYSFS)) do
    irqs[#irqs + 1] = tonumber(name)
  end
  local i = 0
  return function()
    local desc
    repeat -- one that went away meanwhile is left out
      i = i + 1
      desc = irqs[i] and desc_by_sysfs(irqs[i])
    until desc or not irqs[i]
    return irqs[i], desc
  end
end

--- Iterates over irq, desc of all descriptors.
--- @return fun(): integer?, table?
function M.irq_descs()
  local variable, why_not = descs_variable()
  if variable == "sparse_irqs" then
    return M.maple_tree(variable, "struct irq_desc")
  elseif variable then
    return M.xarray(variable, "struct irq_desc")
  end
  local ok, iterator = pcall(irqs_by_sysfs)
  if not ok then
    no_descs(why_not, iterator)
  end
  return iterator
end

-- ---- how ----

local How = {}
function How:__tostring()
  local parts = {}
  if self.image then
    return self.image
  elseif not self.way then
    parts[1] = "kernel memory cannot be read"
  elseif self.forced then
    return self.way .. ", as asked for"
  else
    parts[1] = self.way .. (#self.refused == 0 and ", the best way" or "")
  end
  for _, refusal in ipairs(self.refused) do
    parts[#parts + 1] = ("not %s: %s"):format(refusal.way, refusal.reason)
  end
  return table.concat(parts, "; ")
end

--- How memory is read. As text: the way, and why no better.
--- @return table how { way = "bpf", "kcore", "image" or nil, forced, refused = {{way, reason, error}}, image = what
---   kind of file it is }
function M.how()
  return setmetatable(core.how(), How)
end

--- Reads by this way only, "bpf" or "kcore"; nil: by the best again.
--- @return boolean? ok @return string? message @return string? name
function M.use(way)
  return core.use(way)
end

--- What looking at kernel memory has cost this process so far.
--- @return table work { calls = times that the kernel was asked for memory, reads, bytes,
---   names = times that it was asked for a name, passes = over all of /proc/kallsyms }
function M.work()
  return core.work()
end

-- ---- other kernels ----

local FILES = { "core", "btf", "symbols" }

local function check_files(of)
  check(type(of) == "table", 2, "bad argument #1 to 'open' (table expected, got %s)", type(of))
  for key, path in pairs(of) do
    check(key == "core" or key == "btf" or key == "symbols", 2, "open() takes %s, not '%s'",
      table.concat(FILES, ", "), tostring(key))
    check(type(path) == "string", 2, "bad field '%s' in argument #1 to 'open' (path expected, got %s)", key, type(path))
  end
  check(of.core, 2, "open() takes a file with the kernel's memory: open { core = PATH }")
end

--- Opens a kernel that is not running: the memory of one that crashed or was copied. What it returns is this module,
--- of that kernel; image:require(name) gives any other module that reads kernels, of that kernel; image:close() gives
--- it back. As many as you like may be open. No right is needed but to read the files.
--- @param of table { core = path of the memory, btf? = path of its types, symbols? = path of its symbols }
--- @return table? image @return string? message @return string? name
function M.open(of)
  check_files(of)
  local image, message, name = core.open(of.core, of.btf, of.symbols)
  if not image then
    return nil, message, name
  end
  return require("shark.kernel.room").of(image)
end

--- Bytes at an address, as a string.
--- @return string? bytes @return string? message @return string? name
function M.read(address, size)
  local at = check_address(address, 1, "read")
  check(type(size) == "number" and size >= 0 and size <= 2 ^ 24 and size % 1 == 0, 1,
    "bad argument #2 to 'read' (size up to 16 MiB expected)")
  return memory.attempt(function()
    return ffi.string(memory.read(at, size), size)
  end)
end

return M
