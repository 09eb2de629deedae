-- What a handler is told of the CPU it runs on: from the kernel's count, wherever this kernel keeps it.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local compiled = require "compiled"
local ffi = require "ffi"
local t = require "t"

local tests = {}

local COUNT_ID, QUEUES_ID = 77, 78
local INT = compiled.type "i32"

local function handler()
  emit { hard = in_hardirq(), soft = in_softirq(), nmi = in_nmi() }
end

local function address_of(cdata)
  return ffi.cast("uint64_t", ffi.cast("uintptr_t", cdata))
end

local function said(sent)
  return (sent.hard and "hard " or "") .. (sent.soft and "soft " or "") .. (sent.nmi and "nmi" or "")
end

-- The low byte, and the top bit, are the kernel's own.
local COUNTS = {
  [0x80000001] = "", [0x000000ff] = "", [0x00000200] = "", [0x0000fe00] = "", [0x00000100] = "soft ",
  [0x00000301] = "soft ", [0x00010000] = "hard ", [0x80010001] = "hard ", [0x00020000] = "hard ",
  [0x00010100] = "hard soft ", [0x00110000] = "nmi", [0x00110100] = "soft nmi", [0x00120000] = "hard nmi",
  [0x00220000] = "nmi", [0x00f10000] = "hard nmi",
}

local function check_all(place)
  for count, expected in pairs(COUNTS) do
    place.count[0] = ffi.cast("int32_t", ffi.cast("uint32_t", count))
    t.assertEquals(said(compiled.run(handler, place.of()).sent[1]), expected, ("%#x"):format(count))
  end
end

local function variables_of(known, variables)
  known.variables = variables
  return known
end

function tests.test_a_variable_of_its_own()
  local count = ffi.new "int32_t[1]"
  local known = variables_of(compiled.types {}, {
    __preempt_count = { type = INT, is_per_cpu = true, offset = 0, btf_id = COUNT_ID },
  })
  check_all { count = count, of = function()
    return { known = known, objects = { count }, variables = { [COUNT_ID] = address_of(count) } }
  end }
end

function tests.test_a_member()
  local hot = ffi.new "int32_t[4]"
  local known = compiled.types { ["struct pcpu_hot"] = { size = 16, members = { preempt_count = { 8, "i32" } } } }
  variables_of(known, {
    pcpu_hot = { type = known.by_name["struct pcpu_hot"], is_per_cpu = true, offset = 0, btf_id = COUNT_ID },
  })
  check_all { count = hot + 2, of = function()
    return { known = known, objects = { hot }, variables = { [COUNT_ID] = address_of(hot) } }
  end }
end

-- A CPU's area of eight words: the count in word 1, the run queue in word 4, whose cfs_rq, in word 6, leads back to it.
local function beside_the_run_queue()
  local area, task = ffi.new "uint64_t[8]", ffi.new "uint64_t[1]"
  area[6] = address_of(area + 4)
  task[0] = address_of(area + 6)
  local rq = { kind = "struct", name = "rq", size = 32 }
  local known = compiled.types {
    ["struct cfs_rq"] = { size = 8, members = { rq = { 0, compiled.pointer(rq) } } },
    ["struct task_struct"] = { size = 8 },
  }
  local entity = { kind = "struct", name = "sched_entity", size = 8,
    members = { cfs_rq = { 0, compiled.pointer(known.by_name["struct cfs_rq"]) } } }
  known.by_name["struct task_struct"].members = { se = { 0, entity } }
  variables_of(known, {
    __preempt_count = { type = INT, is_per_cpu = true, offset = 8, btf_id = COUNT_ID },
    runqueues = { type = rq, is_per_cpu = true, offset = 32, btf_id = QUEUES_ID },
  })
  return { known = known, can_name = false, objects = { area, task },
    helpers = { [35] = function() return address_of(task) end } }, area
end

function tests.test_a_kernel_that_lets_no_variable_be_named()
  local of, area = beside_the_run_queue()
  check_all { count = ffi.cast("int32_t *", area + 1), of = function() return of end }
end

function tests.test_a_kernel_without_variables_in_its_types()
  local of, area = beside_the_run_queue()
  of.known.variables, of.known.addresses = {}, { __preempt_count = 0x1008ULL, runqueues = 0x1020ULL }
  of.known.by_name.int = INT
  check_all { count = ffi.cast("int32_t *", area + 1), of = function() return of end }
end

function tests.test_softirqs_counted_in_the_task()
  local count, task = ffi.new "int32_t[1]", ffi.new "int32_t[1]"
  local known = compiled.types {
    ["struct task_struct"] = { size = 4, members = { softirq_disable_cnt = { 0, "i32" } } },
  }
  variables_of(known, { __preempt_count = { type = INT, is_per_cpu = true, offset = 0, btf_id = COUNT_ID } })
  local of = { known = known, objects = { count, task }, variables = { [COUNT_ID] = address_of(count) },
    helpers = { [35] = function() return address_of(task) end } }
  for in_task, expected in pairs { [0x100] = "soft ", [0x200] = "", [0x300] = "soft " } do
    task[0] = in_task
    t.assertEquals(said(compiled.run(handler, of).sent[1]), expected)
  end
end

local function refusal(known, can_name)
  return compiled.refusal(handler, { known = known, can_name = can_name }):match ":%d+: (.*)$"
end

function tests.test_kernels_that_do_not_tell_refuse_the_handler()
  t.assertEquals(refusal(compiled.types {}),
    "in_hardirq(): neither types nor symbols of this kernel tell of its preempt count")
  local wide = { __preempt_count = { type = compiled.type "i64", is_per_cpu = true, offset = 0, btf_id = COUNT_ID } }
  t.assertEquals(refusal(variables_of(compiled.types {}, wide)),
    "in_hardirq(): this kernel's preempt count has 8 bytes: what is in which is not known")
  local unnamed = { __preempt_count = { type = INT, is_per_cpu = true, offset = 0, btf_id = COUNT_ID } }
  t.assertEquals(refusal(variables_of(compiled.types {}, unnamed), false),
    "in_hardirq(): this kernel lets programs name no variables (CONFIG_KALLSYMS_ALL is off), and tasks do not lead "
    .. "to their CPU's run queue")
end

function tests.test_it_is_asked_without_arguments()
  t.assertStrContains(compiled.refusal(function() emit { a = in_softirq(1) } end), "in_softirq() takes no arguments")
end

t.run(tests)
