-- What shark doctor says can be traced, beside what can; and that the capabilities it names are those that are missing.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local doctor = require "doctor"
local proc = require "proc"
local strict_json = require "strict_json"
local t = require "t"

local tests = {}

local SCRIPTS = { ["irq.hardirq"] = "hardirqs", ["irq.softirq"] = "softirqs", ["irq.vector"] = "sysvecs",
  ["irq.ipi"] = "ipis", ["irq.thread"] = "irqthreads" }

function tests.test_what_is_said_of_tracers_is_so()
  t.needs "root"
  local n = 0
  for what, entry in pairs(doctor.here()) do
    local script = SCRIPTS[what:match("^(%S+)")]
    if script then
      local result = proc.run_shark(script, "--way", entry.way, "-d", "0.01")
      t.assertEquals(result.status == 0, entry.ok, what .. ": " .. result.err)
      n = n + 1
    end
  end
  t.assertTrue(n >= (t.in_guest and 5 or 10), n)
end

local function exists(path)
  local file = io.open(path)
  if file then
    file:close()
  end
  return file ~= nil
end

-- The kernel says in other places what it has.
function tests.test_what_is_said_of_probes_is_so()
  t.needs("root", "tracing")
  local list = doctor.here()
  for _, way in ipairs { "kprobe", "uprobe" } do
    local said = list[way == "kprobe" and "probe.entry kprobe" or "probe.uprobe uprobe"]
    t.assertEquals(said == nil or said.ok, exists(("/sys/bus/event_source/devices/%s/type"):format(way)), way)
  end
  local has_types = exists "/sys/kernel/btf/vmlinux"
  t.assertEquals({ list["probe.tracepoint tp_btf"].ok, list["kernel.types BTF"].ok }, { has_types, has_types })
  t.assertEquals(list["probe.record tp"].ok, exists "/sys/kernel/tracing/events/sched/sched_switch/id")
  local text = io.open("/proc/kallsyms"):read "*a"
  t.assertEquals(list["probe.many kprobe_multi"].ok, text:find(" register_fprobe_ips\n", 1, true) ~= nil)
  local lists_data = text:find(" init_task\n", 1, true) ~= nil
  t.assertEquals((list["kernel.variables kallsyms"] or list["kernel.variables "]).ok, lists_data)
end

function tests.test_the_capabilities_that_are_named_help()
  t.needs("root", "tracing")
  local list, report = doctor.as_nobody {}
  t.assertFalse(report.can_trace)
  t.assertEquals(list["irq.hardirq tp_btf"].cause.name, "CAP_BPF and CAP_PERFMON")
  local given = doctor.given_what_is_named()
  t.assertTrue(given.CAP_BPF and given.CAP_PERFMON and given.CAP_DAC_READ_SEARCH)
end

function tests.test_remapping_is_as_the_script_says()
  t.needs "root"
  local state = strict_json.decode(proc.run_shark("remap", "--state", "--json").out)
  local list, is_on = doctor.here(), state.enabled == "true"
  t.assertEquals((list["remap.state "] or list["remap.state " .. state.kind]).ok, is_on)
  local changes = list["remap.changes "]
  t.assertEquals(changes ~= nil and changes.cause.kind == "device", not is_on)
end

t.run(tests)
