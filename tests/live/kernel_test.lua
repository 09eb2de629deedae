-- Kernel objects: what is read from the kernel's memory, against what the kernel
-- says of itself in /proc and /sys.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local bit = require "bit"
local ffi = require "ffi"
local interrupts = require "shark.system.interrupts"
local k = require "shark.kernel"
local proc = require "proc"
local stack = require "shark.stack"
local t = require "t"
local uv = require "uv"

ffi.cdef "int prctl(int option, const char *name, unsigned long a, unsigned long b, unsigned long c);"

local tests = {}

local function read(path)
  local file = io.open(path)
  local text = file and file:read("*a")
  if file then
    file:close()
  end
  return text and (text:gsub("\n$", ""))
end

local function count_entries(path)
  local n, scan = 0, uv.fs_scandir(path)
  while uv.fs_scandir_next(scan) do
    n = n + 1
  end
  return n
end

-- "0-2,5" as { 0, 1, 2, 5 }
local function cpus(text)
  local list = {}
  for first, last in text:gmatch("(%d+)%-?(%d*)") do
    for cpu = tonumber(first), tonumber(last) or tonumber(first) do
      list[#list + 1] = cpu
    end
  end
  return list
end

-- luaunit compares tables by their fields; objects know themselves.
local function assert_same(a, b)
  t.assertTrue(a == b, tostring(a) .. "\nis not\n" .. tostring(b))
end

local function raised(work)
  local ok, failure = pcall(work)
  t.assertFalse(ok)
  return failure
end

local function assert_fault(work, name, text)
  local fault = raised(work)
  t.assertEquals(type(fault), "table", tostring(fault))
  t.assertEquals(fault.name, name)
  t.assertStrContains(tostring(fault), text)
end

-- ---- names ----

-- "ffffffff81000000 T name [module]", each address with its first name. What is generated
-- (BPF programs, trampolines) comes and goes.
local function functions_of_kallsyms()
  local names, addresses = {}, {}
  for line in io.lines "/proc/kallsyms" do
    local digits, name, module = line:match("^(%x+) [tT] (%S+)%s*(%S*)")
    if digits and digits:find("[1-9a-f]") and module ~= "[bpf]" and not module:find "__builtin__" then
      if not names[digits] then
        addresses[#addresses + 1] = digits
        names[digits] = name .. (module ~= "" and " " .. module or "")
      end
    end
  end
  return addresses, names
end

-- The kernel is asked for each; /proc/kallsyms is the witness.
function tests.test_addresses_have_the_names_of_kallsyms()
  t.needs("root", "kmem")
  local addresses, names = functions_of_kallsyms()
  t.skipIf(#addresses == 0, "addresses are hidden")
  local before, asked = k.work().names, 0
  for i = 1, #addresses, math.ceil(#addresses / 500) do
    t.assertEquals(k.symbol("0x" .. addresses[i]), names[addresses[i]])
    asked = asked + 1
  end
  t.assertTrue(asked >= 250)
  if k.how().way == "bpf" then
    t.assertTrue(k.work().names - before >= asked)
  end
end

-- The frames of a stack, as scripts print them.
function tests.test_a_stack_costs_no_pass_over_all_symbols()
  t.needs("root", "kmem")
  local addresses, names = functions_of_kallsyms()
  t.skipIf(#addresses == 0, "addresses are hidden")
  t.skipIf(k.how().way ~= "bpf", "the kernel cannot be asked")
  local before = k.work()
  for i = 100, 2000, 100 do
    local digits = addresses[i]
    local address = loadstring("return 0x" .. digits .. "ULL + 1ULL")()
    local wanted, module = names[digits]:match "^(%S+) ?%[?([^%]]*)"
    local name, offset, size, found_in = shark.symbol(address)
    t.assertEquals({ name, offset, found_in }, { wanted, 1, module ~= "" and module or "kernel" })
    t.assertEquals(stack.new({ address }):frames()[1].name, ("%s+0x1/0x%x [%s]"):format(name, size, found_in))
  end
  t.assertEquals(k.work().passes, before.passes)
  t.assertTrue(k.work().names >= before.names + 20)
end

function tests.test_an_address_without_a_symbol()
  t.needs("root", "kmem")
  local nothing, message, name = k.symbol(0xfffffffffffffff0ULL)
  t.assertNil(nothing)
  t.assertStrContains(message, "no symbol covers 0xfffffffffffffff0")
  t.assertEquals(name, "ENOENT")
end

-- ---- this process ----

function tests.test_this_process()
  local task = t.needs("root", "kmem", "task")
  t.assertEquals(task.comm, "shark")
  t.assertEquals(task.pid, uv.os_getpid())
  t.assertEquals(task.real_parent.tgid, uv.os_getppid())
  assert_same(task.real_parent, task.real_parent)
  t.assertFalse(task.real_parent == task)
  t.assertEquals(k.typeof(task), "struct task_struct")
  t.assertEquals(k.text(task.mm.exe_file.f_path.dentry.d_name.name), "shark")
  assert_same(task.group_leader, task)
end

function tests.test_a_copy_stays_until_it_is_refreshed()
  local task = t.needs("root", "kmem", "task")
  local copy = k.copy(task)
  local PR_SET_NAME = 15
  ffi.C.prctl(PR_SET_NAME, "other", 0, 0, 0)
  t.assertEquals({ task.comm, copy.comm }, { "other", "shark" })
  assert_same(copy, task)
  t.assertTrue(rawequal(k.refresh(copy), copy))
  ffi.C.prctl(PR_SET_NAME, "shark", 0, 0, 0)
  t.assertEquals({ task.comm, copy.comm }, { "shark", "other" })
end

function tests.test_cpumasks_of_both_forms()
  local task = t.needs("root", "kmem", "task")
  local allowed = cpus(read("/proc/self/status"):match("Cpus_allowed_list:%s*(%S+)"))
  t.assertEquals(k.cpumask(task.cpus_mask), allowed)
  t.assertEquals(k.cpumask(task.cpus_ptr), allowed)
  t.assertEquals(k.cpumask(k.copy(task).cpus_mask), allowed)
  t.assertEquals(k.cpumask(task.cpus_mask.bits), allowed)
end

function tests.test_lists()
  local task = t.needs("root", "kmem", "task")
  local seen = {}
  for other in k.list(task.tasks, "struct task_struct", "tasks") do
    seen[other.pid] = other.comm
  end
  t.assertEquals(seen[1], read "/proc/1/comm")
  t.assertStrContains(seen[0], "swapper")
  assert_fault(function()
    for _ in k.list(task.tasks, "struct task_struct", "tasks", 3) do end -- luacheck: ignore
  end, "ELOOP", "more than 3 entries")
end

function tests.test_xarrays_of_many_nodes()
  local task = t.needs("root", "kmem", "task")
  local space = task.thread_pid.numbers[0].ns
  local idr = space.idr
  local base = k.has_field("struct idr", "idr_base") and idr.idr_base or 0
  local pid = k.xarray_find(idr.idr_rt, task.pid - base, "struct pid")
  assert_same(pid, task.thread_pid)
  t.assertEquals(pid.numbers[0].nr, task.pid)
  t.assertNil(k.radix_tree_find(idr.idr_rt, 2 ^ 40))
  local seen = 0
  for id, entry in k.radix_tree(idr.idr_rt, "struct pid") do
    seen = seen + 1
    if id + base == task.pid then
      assert_same(entry, pid)
      seen = seen + 1e6
    end
  end
  t.assertTrue(seen > 1e6 + 10)
end

-- A process that has many mappings and does not change them: it is stopped.
local function start_sleeper()
  local child = proc.start(proc.shark, { "-e", "print 'ready' io.stdout:flush() set_timeout(print, 1e6)" })
  child.wait_for "ready"
  child.kill "sigstop"
  repeat
    local state = read(("/proc/%d/stat"):format(child.pid)):match("^.*%) (%a)")
  until state == "T"
  return child
end

local function find_task(mine, pid)
  for task in k.list(mine.tasks, "struct task_struct", "tasks") do
    if task.pid == pid then
      return task
    end
  end
end

function tests.test_maple_trees_of_many_nodes()
  local task = t.needs("root", "kmem", "task")
  t.skipIf(not k.has_field("struct mm_struct", "mm_mt"), "needs a kernel that keeps mappings in a maple tree")
  local child = start_sleeper()
  local tree = find_task(task, child.pid).mm.mm_mt
  local seen, mapped, last = {}, {}, nil
  for start, vma in k.maple_tree(tree, "struct vm_area_struct") do
    t.assertTrue(vma.vm_start == start)
    seen[#seen + 1], last = ("%s-%s"):format(k.hex(vma.vm_start), k.hex(vma.vm_end)), vma
    assert_same(k.maple_tree_find(tree, vma.vm_end - 1, "struct vm_area_struct"), vma)
  end
  for line in io.lines(("/proc/%d/maps"):format(child.pid)) do
    if not line:find("vsyscall", 1, true) then
      mapped[#mapped + 1] = line:match("^%S+"):gsub("%f[%x]0*(%x+)", "0x%1")
    end
  end
  t.assertNil(k.maple_tree_find(tree, last.vm_end, "struct vm_area_struct"))
  child.kill "sigkill"
  child.wait()
  t.assertEquals(seen, mapped)
  t.assertTrue(#seen > 16) -- more than a node holds
end

function tests.test_pointers_that_change_are_noticed()
  local task = t.needs("root", "kmem", "task")
  t.assertEquals({ k.stable(function(a) return task.group_leader.pid, a end, "more") }, { task.pid, "more" })
  local fd = uv.fs_open("/proc/self/maps", "r", 0)
  local file, message, name = k.stable(function()
    local file = task.files.fdt.fd[fd]
    assert_same(k.container_of(k.addressof(file.f_path), "struct file", "f_path"), file)
    uv.fs_close(fd)
    return file
  end)
  t.assertNil(file)
  t.assertEquals(name, "EAGAIN")
  t.assertStrContains(message, "changed while reading: the pointer at 0x")
  -- A failure of the work itself, with nothing changed, stays one.
  local nothing, why, error_name = k.stable(function() return k.cast("struct irq_desc", 0x10).depth end)
  t.assertNil(nothing)
  t.assertEquals(error_name, "EFAULT")
  t.assertStrContains(why, "cannot be read")
  t.assertStrContains(raised(function() k.stable(function() error "mine" end) end), "mine")
end

-- ---- interrupts ----

-- include/linux/irq.h, IRQD_SETAFFINITY_PENDING: until an interrupt comes, /proc has the mask that is pending
-- (kernel/irq/proc.c, show_irq_affinity()).
local PENDING = 256

local function mask_asked_for(desc)
  local is_pending = bit.band(tonumber(desc.irq_common_data.state_use_accessors), PENDING) ~= 0
  return k.cpumask(is_pending and desc.pending_mask or desc.irq_common_data.affinity)
end

-- Somebody may be moving it: what is asked for before and after is the same, then it counts.
local function assert_affinity(irq, desc)
  local path = ("/proc/irq/%d/smp_affinity_list"):format(irq)
  local before, mask, after
  for _ = 1, 100 do
    before, mask, after = read(path), mask_asked_for(desc), read(path)
    if before == after then
      break
    end
  end
  if after then -- not those that the kernel keeps for itself
    t.assertEquals(mask, cpus(after))
  end
end

function tests.test_every_irq_against_sysfs()
  t.needs("root", "kmem", "irq_descs")
  local seen = 0
  for irq, desc in k.irq_descs() do
    local dir = ("/sys/kernel/irq/%d/"):format(irq)
    local names = {}
    for action in k.chain(desc.action, "next") do
      names[#names + 1] = action.name
    end
    t.assertEquals(desc.irq_data.irq, irq)
    t.assertEquals(table.concat(names, ","), read(dir .. "actions"))
    t.assertEquals(desc.irq_data.chip and desc.irq_data.chip.name or "", read(dir .. "chip_name"))
    t.assertEquals(desc.name or "", read(dir .. "name"))
    local hwirq = read(dir .. "hwirq")
    t.assertEquals(desc.irq_data.domain and tostring(tonumber(desc.irq_data.hwirq)) or "", hwirq)
    assert_affinity(irq, desc)
    assert_same(k.irq_desc(irq), desc)
    seen = seen + 1
  end
  t.assertEquals(seen, count_entries "/sys/kernel/irq")
end

function tests.test_counts_of_every_irq()
  t.needs("root", "kmem", "data_symbols")
  local before, counts = interrupts.read(), {}
  for irq, desc in k.irq_descs() do
    counts[irq] = {}
    for cpu in pairs((next(before) and select(2, next(before)).counts) or {}) do
      local stat = k.per_cpu(desc.kstat_irqs, cpu)
      counts[irq][cpu] = type(stat) == "number" and stat or stat.cnt
    end
  end
  local after = interrupts.read()
  for irq, entry in pairs(before) do
    for cpu, count in pairs(entry.counts) do
      t.assertTrue(counts[irq][cpu] >= count and counts[irq][cpu] <= after[irq].counts[cpu],
        ("IRQ %d on CPU %d: %d, then %d, then %d"):format(irq, cpu, count, counts[irq][cpu], after[irq].counts[cpu]))
    end
  end
end

-- VECTOR_RETRIGGERED, and above it VECTOR_SHUTDOWN: what a CPU that went offline may leave
-- (arch/x86/include/asm/hw_irq.h).
local RETRIGGERED = 0xfffffffffffffffeULL

function tests.test_vectors_lead_to_descriptors()
  t.needs("root", "kmem", "data_symbols")
  local found = 0
  for _, cpu in ipairs(cpus(read "/sys/devices/system/cpu/online")) do
    local vectors = k.per_cpu("vector_irq", cpu)
    t.assertEquals(k.typeof(vectors), "struct irq_desc * [256]")
    for vector = 0, 255 do
      local desc = vectors[vector]
      if desc and k.addressof(desc) < RETRIGGERED then
        assert_same(k.irq_desc(desc.irq_data.irq), desc)
        found = found + 1
      end
    end
  end
  t.assertTrue(found > 3)
end

function tests.test_no_such_irq()
  t.needs("root", "kmem", "irq_descs")
  local desc, message, name = k.irq_desc(99999)
  t.assertNil(desc)
  t.assertEquals({ message, name }, { "there is no IRQ 99999", "ENOENT" })
  t.assertStrContains(raised(function() k.irq_desc "three" end), "IRQ expected")
end

-- An IRQ with a handler: irq, desc.
local function any_irq()
  for irq, desc in k.irq_descs() do
    if desc.action then
      return irq, desc
    end
  end
end

function tests.test_kinds_of_values()
  t.needs("root", "kmem", "irq_descs")
  local irq, desc = any_irq()
  t.assertStrMatches(desc.handle_irq, "handle_%w+_irq")
  t.assertEquals(k.symbol(k.raw(desc, "handle_irq")), desc.handle_irq)
  t.assertEquals(k.raw(desc, "action"), k.addressof(desc.action))
  t.assertEquals(desc.kobj.name, tostring(irq))
  t.assertEquals(desc.kobj.state_in_sysfs, 1) -- a bitfield
  t.assertStrMatches(desc.irq_data.domain.bus_token, "DOMAIN_BUS_[A-Z_]+") -- an enum
  t.assertEquals(type(desc.irq_data.hwirq), "cdata")
  t.assertTrue(ffi.istype("uint64_t", desc.irq_data.hwirq))
  t.assertEquals(type(desc.depth), "number")
  t.assertNil(desc.percpu_enabled) -- NULL
  assert_same(desc.irq_data.common, desc.irq_common_data)
  assert_same(k.container_of(desc.irq_data, "struct irq_desc", "irq_data"), desc)
  local chip = desc.irq_data.chip
  local name_at = k.addressof(chip) + k.offsetof("struct irq_chip", "name")
  assert_same(k.container_of(name_at, "struct irq_chip", "name"), chip)
end

function tests.test_objects_as_text()
  t.needs("root", "kmem", "irq_descs")
  local _, desc = any_irq()
  local text = tostring(desc)
  t.assertStrContains(text, ("(struct irq_desc *) %s = {"):format(k.hex(k.addressof(desc))))
  t.assertStrContains(text, ("\n  handle_irq = %s,"):format(desc.handle_irq))
  t.assertStrContains(text, ("\n  irq_data = {\n    mask = "))
  t.assertStrContains(text, ("\n  action = %s,"):format(k.hex(k.addressof(desc.action))))
  t.assertStrContains(text, ('\n    name = "%s",'):format(desc.kobj.name))
  t.assertStrContains(text, "\n  percpu_enabled = NULL,")
  t.assertStrContains(tostring(k.cast("struct irq_desc", 0x10)), "(struct irq_desc *) 0x10 <the ")
end

-- ---- misuse, and what cannot be read ----

function tests.test_a_wrong_field_names_the_right_ones()
  t.needs("root", "kmem")
  local object = k.cast("struct irq_data", 0xffff888000000000ULL)
  local message = raised(function() return object.hwirk end)
  t.assertStrContains(message, "struct irq_data has no field 'hwirk'; it has: mask, irq, hwirq, ")
  t.assertStrContains(message, "kernel_test.lua:")
  t.assertStrContains(raised(function() object.irq = 3 end), "only read")
end

function tests.test_addresses_that_cannot_be_read()
  t.needs("root", "kmem")
  for _, address in ipairs { 0x10, 0x7ffff000, 0xdeadbeefdeadbeefULL, 0xffffffffffffff00ULL } do
    local object = k.cast("struct irq_desc", address)
    assert_fault(function() return object.depth end, "EFAULT", "cannot be read: no kernel memory there")
    local copy, message, name = k.copy(object)
    t.assertNil(copy)
    t.assertEquals(name, "EFAULT")
    t.assertStrContains(message, "cannot be read")
  end
  local bytes, _, name = k.read("0x10", 8)
  t.assertEquals({ bytes, name }, { nil, "EFAULT" })
end

function tests.test_indices_out_of_range()
  t.needs("root", "kmem")
  local array = k.cast("struct irq_desc *[4]", 0xffff888000000000ULL)
  for _, index in ipairs { 4, -1, 0.5 } do
    t.assertStrContains(raised(function() return array[index] end), "which has 4 elements")
  end
  t.assertStrContains(raised(function() return array.first end), "index first is not in struct irq_desc * [4]")
end

function tests.test_types_that_do_not_exist()
  t.needs("root", "kmem")
  local object, message, name = k.cast("struct no_such_thing", 0)
  t.assertNil(object)
  t.assertEquals(name, "ENOENT")
  t.assertStrContains(message, "struct no_such_thing")
  t.assertNil(k.sizeof "struct no_such_thing")
  t.assertNil(k.has_field("struct no_such_thing", "a"))
  t.assertStrContains(raised(function() k.cast("struct irq_desc", "somewhere") end),
    "address or kernel object expected")
end

-- ---- types ----

function tests.test_sizes_and_offsets()
  t.needs("root", "kmem")
  t.assertEquals(k.sizeof "int", 4)
  t.assertEquals(k.sizeof "unsigned long", 8)
  t.assertEquals(k.sizeof "u64", 8)
  t.assertEquals(k.sizeof "void *", 8)
  t.assertEquals(k.sizeof "struct list_head", 16)
  t.assertEquals(k.sizeof "struct irq_desc *[3]", 24)
  t.assertEquals(k.offsetof("struct list_head", "prev"), 8)
  t.assertEquals(k.offsetof("struct irq_desc", "irq_data.hwirq"),
    k.offsetof("struct irq_desc", "irq_data") + k.offsetof("struct irq_data", "hwirq"))
  t.assertTrue(k.has_field("struct irq_desc", "irq_data.chip"))
  t.assertFalse(k.has_field("struct irq_desc", "irq_data.chop"))
  local byte = k.offsetof("struct kobject", "state_initialized")
  t.assertEquals({ k.offsetof("struct kobject", "state_in_sysfs") }, { byte, 1 })
  t.assertEquals({ k.offsetof("struct list_head", "none") }, { nil, "there is no field 'none'", "ENOENT" })
  t.assertTableContains(k.fields "struct irq_data", "parent_data")
end

function tests.test_struct_and_union_of_one_name()
  t.needs("root", "kmem")
  t.skipIf(not k.sizeof "struct irte" or not k.sizeof "union irte", "needs both struct irte and union irte")
  t.assertEquals(k.sizeof "struct irte", 16)
  t.assertEquals(k.sizeof "union irte", 4)
  t.assertEquals(k.typeof(k.cast("union irte", 0)), "union irte")
  t.assertTrue(k.has_field("struct irte", "dest_id"))
end

function tests.test_types_of_modules()
  t.needs("root", "kmem")
  t.skipIf(not uv.fs_stat "/sys/kernel/btf/virtio_blk", "needs the types of the module virtio_blk")
  t.assertTrue(k.sizeof "struct virtio_blk" > 100)
  t.assertTrue(k.has_field("struct virtio_blk", "tag_set.ops"))
  t.assertEquals(k.sizeof "struct virtio_blk [virtio_blk]", k.sizeof "struct virtio_blk")
  t.assertEquals(k.sizeof "struct virtio_blk *[3] [virtio_blk]", 24)
  t.assertEquals(k.sizeof "struct irq_desc [virtio_blk]", k.sizeof "struct irq_desc")
  local size, message, name = k.sizeof "struct virtio_blk [no_module]"
  t.assertEquals({ size, name }, { nil, "ENOENT" })
  t.assertStrContains(message, "/sys/kernel/btf/no_module")
end

function tests.test_types_from_a_file()
  t.needs("root", "kmem")
  t.assertTrue(shark.debuginfo_set((proc.shark:gsub("shark$", "tests/other_types.o"))))
  local size, desc = k.sizeof "struct irqaction_of_another_kernel", { k.sizeof "struct irq_desc" }
  shark.debuginfo_set(nil)
  t.assertEquals(size, 4)
  t.assertEquals({ desc[1], desc[3] }, { nil, "ENOENT" })
  t.assertStrContains(desc[2], "other_types.o")
  t.assertTrue(k.sizeof "struct irq_desc" > 200)
end

-- ---- variables and symbols ----

function tests.test_variables()
  t.needs("root", "kmem", "data_symbols")
  t.assertStrMatches(k.var("init_task").comm, "swapper.*")
  t.assertEquals(k.var("init_task", "struct task_struct"):value().pid, 0)
  t.assertEquals(k.var("init_task"):type(), "struct task_struct")
  t.assertEquals(k.var("init_task"):address(), k.address "init_task")
  local before = k.var("jiffies"):value()
  uv.sleep(50)
  t.assertTrue(k.var("jiffies"):value() > before)
  t.assertStrMatches(tostring(k.var("nr_cpu_ids", "int")), "int nr_cpu_ids = %d+")
  t.assertStrContains(raised(function() k.var "vector_irq" end), "per-CPU variable")
  t.assertStrContains(raised(function() k.var "linux_banner" end), "name it, e.g. var(\"linux_banner\", \"int\")")
  t.assertStrContains(k.var("linux_banner", "char []"):value(), "Linux version ")
end

function tests.test_symbols()
  t.needs("root", "kmem")
  local address = k.address "handle_edge_irq"
  t.assertTrue(ffi.istype("uint64_t", address))
  t.assertEquals(k.symbol(address), "handle_edge_irq")
  t.assertEquals(k.symbol(address + 16), "handle_edge_irq+0x10")
  t.assertEquals(k.symbol(k.hex(address)), "handle_edge_irq")
  t.assertTrue(k.read(address, 16) ~= ("\0"):rep(16))
  local nothing, message, name = k.address "no_such_symbol_at_all"
  t.assertNil(nothing)
  t.assertEquals(name, "ENOENT")
  t.assertStrContains(message, "no symbol 'no_such_symbol_at_all'")
end

function tests.test_kernels_that_list_no_data_say_so()
  t.needs("root", "kmem")
  t.skipIf(k.address "init_task", "needs a kernel without CONFIG_KALLSYMS_ALL")
  local nothing, message, name = k.var "dmar_disabled"
  t.assertNil(nothing)
  t.assertEquals(name, "ENOENT")
  t.assertStrContains(message, "CONFIG_KALLSYMS_ALL is off")
end

-- ---- devices ----

function tests.test_remapping_units_and_their_registers()
  t.needs("root", "kmem", "dmar")
  local seen = 0
  for unit in k.list("dmar_drhd_units", "struct dmar_drhd_unit", "list") do
    local name = k.text(unit.iommu.name)
    t.assertEquals(name, "dmar" .. seen)
    local dir = ("/sys/class/iommu/%s/intel-iommu/"):format(name)
    t.assertEquals(k.hex(unit.iommu.cap):sub(3), read(dir .. "cap"))
    t.assertEquals(k.hex(unit.iommu.reg_phys):sub(3), read(dir .. "address"))
    local version, message, why = k.read(unit.iommu.reg, 4)
    if k.how().way == "bpf" then -- device memory
      t.assertEquals(("%d:%d"):format(math.floor(version:byte(1) / 16), version:byte(1) % 16), read(dir .. "version"))
    else
      t.assertEquals({ version, why }, { nil, "ENODATA" })
      t.assertStrContains(message, "/proc/kcore gives zeros")
    end
    seen = seen + 1
  end
  t.assertTrue(seen > 0)
  t.assertEquals(k.var("dmar_disabled"):value(), 0)
end

-- Levels of an IRQ's hierarchy of domains, from the device's up.
local function levels(desc)
  local level
  return function()
    if level then
      level = level.parent_data
    else
      level = desc.irq_data
    end
    return level
  end
end

local function vector_of(desc)
  for level in levels(desc) do
    if k.symbol(k.addressof(level.domain.ops)) == "x86_vector_domain_ops" then
      return k.cast("struct apic_chip_data", level.chip_data).vector
    end
  end
end

function tests.test_entries_of_the_remapping_table()
  t.needs("root", "kmem", "dmar")
  t.skipIf(k.var("irq_remapping_enabled"):value() == 0, "no interrupt is remapped here")
  local seen = 0
  for _, desc in k.irq_descs() do
    for level in levels(desc) do
      local ops = level.domain and k.symbol(k.addressof(level.domain.ops))
      if ops == "intel_ir_domain_ops" and desc.action then
        local mine = k.cast("struct intel_ir_data", level.chip_data).irq_2_iommu
        local entry = k.copy(mine.iommu.ir_table.base[mine.irte_index])
        t.assertEquals({ entry.present, entry.vector, entry.svt }, { 1, vector_of(desc), 1 })
        t.assertTrue(k.raw(entry, "low") % 2 == 1)
        seen = seen + 1
      end
    end
  end
  t.assertTrue(seen > 3)
  t.assertEquals(k.var("remap_ops").prepare, "intel_prepare_irq_remapping")
end

-- ---- ways of reading ----

function tests.test_both_ways_read_the_same()
  local task = t.needs("root", "kmem", "task")
  t.skipIf(k.how().way ~= "bpf", "needs both ways")
  local ok, message = k.use "kcore"
  if not ok then
    k.use(nil)
    t.skip("needs /proc/kcore: " .. message)
  end
  local by_kcore = { task.comm, task.pid, k.hex(k.raw(task, "mm")), k.read(k.address "handle_edge_irq", 9000) }
  t.assertEquals(tostring(k.how()), "kcore, as asked for")
  t.assertEquals(select(3, k.current()), "EOPNOTSUPP")
  assert_fault(function() return k.cast("struct irq_desc", 0x10).depth end, "EFAULT", "cannot be read")
  t.assertTrue(k.use(nil))
  t.assertEquals(k.how().way, "bpf")
  t.assertEquals({ task.comm, task.pid, k.hex(k.raw(task, "mm")), k.read(k.address "handle_edge_irq", 9000) }, by_kcore)
  t.assertStrContains(raised(function() k.use "telepathy" end), "no way to read kernel memory")
end

function tests.test_a_user_without_rights_is_told_why()
  t.needs("root", "kmem")
  local script = [[local k = require "shark.kernel"
    print(k.how()) print(k.irq_desc(1)) print(k.address "handle_edge_irq")]]
  local result = proc.run_shell(("/usr/bin/setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all " ..
    "--ambient-caps=-all $SHARK -e '%s'"):format(script))
  t.assertEquals({ result.status, result.err }, { 0, "" })
  t.assertStrContains(result.out, "kernel memory cannot be read; not bpf: tracing needs CAP_BPF")
  t.assertStrContains(result.out, "not kcore: ")
  t.assertStrContains(result.out, "hides its addresses; this process lacks CAP_SYSLOG; run shark as root\tEPERM")
end

t.run(tests)
