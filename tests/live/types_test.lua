-- What the kernel's types tell of tracepoints, functions and members; and of records, tracefs.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local k = require "shark.kernel"
local t = require "t"
local types = require "shark.probe.types"
local uv = require "uv"

local tests = {}

local function labels(args)
  local list = {}
  for i, argument in ipairs(args) do
    list[i] = types.label(argument.type)
  end
  return list
end


-- ---- tracepoints ----

function tests.test_a_tracepoint_and_what_it_hands_over()
  local switch = assert(types.tracepoint "sched_switch")
  t.assertTrue(switch.btf_id > 0)
  t.assertNil(switch.module)
  local list = labels(switch.args)
  t.assertEquals({ list[1], list[2], list[3] }, { "_Bool", "struct task_struct *", "struct task_struct *" })
  t.assertTrue(types.target(switch.args[2].type) == types.named "struct task_struct")
end

-- The functions that call a tracepoint's probes have the names.
function tests.test_arguments_have_names_where_the_kernel_has_them()
  t.skipIf(not types.func "__traceiter_sched_switch", "needs the types of tracepoints' callers")
  local switch = types.tracepoint "sched_switch"
  t.assertEquals({ switch.args[1].name, switch.args[2].name, switch.args[3].name }, { "preempt", "prev", "next" })
  t.assertEquals(types.tracepoint("irq_handler_entry").args[1].name, "irq")
end

-- Looking for the names takes thrice as long as for the tracepoint.
function tests.test_names_are_not_looked_for_unless_they_are_wanted()
  local core, ways = require "shark.kernel.core", require "shark.probe.ways"
  local look, looked = core.tracepoint_names, 0
  core.tracepoint_names = function(...)
    looked = looked + 1
    return look(...)
  end
  local plan = assert(ways.of("raw_tp", { name = "sched_wakeup" }))
  local before = looked
  local name = plan.context.args[1].name
  core.tracepoint_names = look
  t.assertEquals({ before, looked }, { 0, 1 })
  t.assertTrue(name == nil or name == "p", tostring(name))
end

function tests.test_requests_of_disks()
  local issue, request = assert(types.tracepoint "block_rq_issue"), types.named "struct request"
  local rq = issue.args[#issue.args].type
  t.assertTrue(types.target(rq) == request)
  local length = assert(types.member(request, "__data_len"))
  t.assertEquals({ length.type.kind, length.type.size, length.type.signed, length.bits }, { "int", 4, false, 0 })
  t.assertEquals(length.bit_offset, 8 * k.offsetof("struct request", "__data_len"))
end

function tests.test_a_tracepoint_is_looked_up_once()
  t.assertTrue(types.tracepoint "sched_switch" == types.tracepoint "sched_switch")
  t.assertTrue(types.func "vfs_read" == types.func "vfs_read")
end

function tests.test_tracepoints_by_a_pattern_are_those_of_tracefs()
  t.needs "root"
  local names, listed = assert(types.tracepoints "irq_handler_*"), {}
  for i = 1, #names do
    listed[i] = names[i]
  end
  t.assertEquals(listed, { "irq_handler_entry", "irq_handler_exit" })
  local scan, checked = uv.fs_scandir "/sys/kernel/tracing/events/sched", 0
  for name, kind in function() return uv.fs_scandir_next(scan) end do
    if kind == "directory" then
      t.assertNotNil(types.tracepoint(name), name)
      checked = checked + 1
    end
  end
  t.assertTrue(checked > 15, checked)
end

-- ---- functions ----

function tests.test_a_function()
  local read = assert(types.func "vfs_read")
  local names = {}
  for i, one in ipairs(read.args) do
    names[i] = one.name
  end
  t.assertEquals(names, { "file", "buf", "count", "pos" })
  t.assertEquals(labels(read.args), { "struct file *", "char *", "long unsigned int", "long long int *" })
  t.assertEquals({ read.ret.kind, read.ret.size, read.ret.signed, read.variadic }, { "int", 8, true, false })
end

function tests.test_nothing_returned_and_any_arguments()
  t.assertEquals(types.func("schedule").ret.kind, "void")
  local printk = types.func "_printk" or types.func "printk"
  t.assertTrue(printk.variadic)
  t.assertEquals(labels(printk.args), { "char *" })
end

function tests.test_functions_by_a_pattern()
  local names = assert(types.funcs "vfs_re?d*")
  local found = {}
  for i, name in ipairs(names) do
    t.assertStrMatches(name, "vfs_re.d.*")
    t.assertTrue(i == 1 or names[i - 1] < name, name)
    found[name] = true
  end
  t.assertTrue(found.vfs_read and found.vfs_readlink, table.concat(names, " "))
  t.assertEquals(#types.funcs "no_such_function_*", 0)
  t.assertEquals(#types.funcs "vfs_read", 1)
end

-- ---- modules ----

function tests.test_tracepoints_and_functions_of_modules()
  t.needs "root"
  t.skipIf(not uv.fs_stat "/sys/kernel/btf/virtio_blk", "needs the types of the module virtio_blk")
  local probe = assert(types.func "virtblk_probe")
  t.assertEquals(probe.module, "virtio_blk")
  t.assertEquals(labels(probe.args), { "struct virtio_device *" })
  t.assertTrue(probe.btf_id > types.func("vfs_read").btf_id)
  t.assertTrue(types.target(probe.args[1].type) == types.named "struct virtio_device")
  t.assertEquals(types.func("virtblk_probe", "virtio_blk").btf_id, probe.btf_id)
  t.assertEquals(types.funcs("virtblk_pro*").modules.virtblk_probe, "virtio_blk")
  local fd = assert(types.btf_fd "virtio_blk")
  t.assertEquals(uv.fs_readlink("/proc/self/fd/" .. fd), "anon_inode:btf")
  t.assertEquals(types.btf_fd "virtio_blk", fd)
end

-- The modules' files that this process has open.
local function open_modules()
  local open, scan = {}, uv.fs_scandir "/proc/self/fd"
  for fd in function() return uv.fs_scandir_next(scan) end do
    local path = uv.fs_readlink("/proc/self/fd/" .. fd) or ""
    if path:find "^/sys/kernel/btf/" and not path:find "/vmlinux$" then
      open[#open + 1] = path
    end
  end
  return open
end

function tests.test_a_look_into_all_modules_leaves_none_of_them_open()
  t.assertNil(types.func "no_such_function")
  t.assertEquals(#types.funcs "no_such_function*", 0)
  t.assertEquals(open_modules(), {})
end

function tests.test_a_module_that_is_not_there()
  local fd, message, name = types.btf_fd "no_module"
  t.assertEquals({ fd, name }, { nil, "ENOENT" })
  t.assertStrContains(message, "no_module")
  t.assertNil(types.btf_fd())
  t.assertEquals(select(3, types.func("vfs_read", "../vmlinux")), "EINVAL")
end

-- ---- members ----

function tests.test_members_that_are_not_there_name_the_nearest()
  local task = types.named "struct task_struct"
  local found, message, name = types.member(task, "pidd")
  t.assertEquals({ found, name }, { nil, "ENOENT" })
  t.assertStrContains(message, "struct task_struct has no member pidd; it has pid, ")
  t.assertEquals(select(2, types.member(types.named "struct list_head", "foo")),
    "struct list_head has no member foo; it has next, prev")
  t.assertEquals(select(2, types.member(types.named "int", "foo")), "int has no members")
end

function tests.test_members_against_what_kernel_objects_have()
  t.needs("root", "kmem")
  local task = types.named "struct task_struct"
  for _, name in ipairs { "pid", "tgid", "comm", "mm", "real_parent", "prio" } do
    t.assertEquals(assert(types.member(task, name)).bit_offset, 8 * k.offsetof("struct task_struct", name), name)
  end
  local seen = 0
  for _, member in ipairs(assert(types.members(task))) do
    seen = seen + (member.bits > 0 and 1 or 0)
  end
  t.assertTrue(seen > 5, "bitfields of struct task_struct")
end

-- ---- what is not there ----

function tests.test_what_is_not_there_is_said()
  for _, ask in ipairs { types.tracepoint, types.func } do
    local found, message, name = ask "no_such_thing"
    t.assertEquals({ found, name }, { nil, "ENOENT" })
    t.assertStrContains(message, "no_such_thing: there is no type of '")
    t.assertStrContains(message, "no_such_thing' in the kernel")
  end
  t.assertEquals(select(3, types.named "struct no_such_thing"), "ENOENT")
  t.assertEquals(select(3, types.target(types.named "int")), "EINVAL")
  t.assertEquals(select(3, types.func(("x"):rep(1000))), "EINVAL")
end

-- ---- records ----

function tests.test_records_of_classic_tracepoints()
  t.needs("root", "tracing")
  local record = assert(types.record("sched", "sched_switch"))
  local fields = {}
  for _, field in ipairs(record.fields) do
    fields[field.name] = field
  end
  t.assertTrue(record.id > 0)
  t.assertEquals({ fields.next_comm.is_array, fields.next_comm.count, fields.next_pid.size, fields.next_pid.signed },
    { true, 16, 4, true })
  t.assertTrue(fields.next_pid.offset >= fields.next_comm.offset + 16)
  t.assertEquals(select(3, types.record("sched", "no_such_event")), "ENOENT")
  t.assertEquals(select(3, types.record("..", "sched")), "ENOENT")
end

t.run(tests)
