-- A kernel that is locked down to keep its secrets: nothing can be traced, and
-- that is said to be the reason.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local doctor = require "doctor"
local irq = require "shark.irq"
local proc = require "proc"
local t = require "t"

local tests = {}

function tests.test_lockdown_is_named_as_the_reason()
  t.needs "root"
  t.assertStrContains(io.open("/sys/kernel/security/lockdown"):read("*a"), "[confidentiality]")
  local result = proc.run_shark("hardirqs", "-d", "1")
  t.assertEquals({ result.status, result.out }, { 1, "" })
  t.assertStrContains(result.err, "the kernel is locked down (confidentiality)")
  for _, way in ipairs { "tp_btf: ", "raw_tp: ", "tp: " } do
    t.assertStrContains(result.err, way)
  end
end

function tests.test_a_script_is_told_by_name()
  local session, message, name = irq.hardirq {}
  t.assertNil(session)
  t.assertStrContains(message, "the kernel is locked down (confidentiality)")
  t.assertStrMatches(name, "E%u+")
end

function tests.test_kernel_memory_is_kept_from_us_and_that_is_said()
  local kernel = require "shark.kernel"
  local desc, message, name = kernel.irq_desc(1)
  t.assertNil(desc)
  t.assertStrMatches(name, "E%u+")
  t.assertStrContains(message, "kernel memory cannot be read: bpf: the kernel is locked down (confidentiality)")
  t.assertStrContains(message, "kcore: ")
  t.assertNil(kernel.how().way)
  t.assertStrContains(tostring(kernel.how()), "kernel memory cannot be read; not bpf: the kernel is locked down")
end

function tests.test_doctor_names_lockdown()
  t.needs "root"
  local list = doctor.here()
  for _, what in ipairs { "irq.hardirq tp_btf", "irq.hardirq raw_tp", "irq.hardirq tp", "remap.affinity fentry",
    "remap.affinity kprobe", "probe.record tp", "kernel.memory bpf", "kernel.memory kcore" } do
    t.assertEquals({ what, list[what].ok, list[what].cause.name }, { what, false, "lockdown confidentiality" })
  end
  t.assertTrue(list["probe.tracepoint tp_btf"].ok) -- counting reads no memory
end

t.run(tests)
