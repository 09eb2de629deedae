-- tests/vm/run: what goes in, what comes out, and how a guest that fails is told.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local proc = require "proc"
local t = require "t"

local tests = {}

local function run(...)
  return proc.run("tests/vm/run", { ... })
end

function tests.test_output_and_status_come_back()
  local result = run("--no-disk", "--", "sh", "-c", "echo \"it's\"; echo; echo to stderr >&2; echo last; exit 7")
  t.assertEquals({ result.status, result.out, result.err }, { 7, "it's\n\nto stderr\nlast\n", "" })
end

function tests.test_arguments_arrive_as_they_are()
  local result = run("--no-disk", "--append", "quiet shark.test=1", "--", "sh", "-c",
    'grep -o "shark.test=1" /proc/cmdline; shark hello "$@"', "sh", "two words", "", "$HOME", "'")
  t.assertStrContains(result.out, "shark.test=1\n")
  t.assertStrContains(result.out, "argument 1: two words\nargument 2: \nargument 3: $HOME\nargument 4: '\n")
end

function tests.test_machine_of_the_guest()
  local result = run("--kernel", "6.1", "--iommu", "intel", "--smp", "3", "--nic", "--disk", "num-queues=1",
    "--disk", "packed=on", "--", "sh", "-c", "nproc; ls /sys/block | tr '\\n' ' '; " ..
    "grep -c IR-IO-APIC /proc/interrupts; ls /sys/class/net | xargs; ls /sys/block/vda/mq; uname -r")
  t.assertEquals(result.status, 0)
  t.assertStrMatches(result.out, "3\nvda vdb %d+\neth0 lo\n0\n6%.1%.[^\n]*\n")
end

function tests.test_artefacts_come_back()
  local directory = proc.temporary_directory()
  local result = run("--no-disk", "--artefacts", directory, "--", "sh", "-c",
    "mkdir -p /artefacts/deep; echo found > /artefacts/deep/file; head -c 100000 /dev/zero > /artefacts/zeros")
  t.assertEquals({ result.status, result.out, result.err }, { 0, "", "" })
  t.assertEquals(io.open(directory .. "/deep/file"):read("*a"), "found\n")
  t.assertEquals(#io.open(directory .. "/zeros", "rb"):read("*a"), 100000)
end

function tests.test_a_panic_is_told()
  local result = run("--no-disk", "--", "sh", "-c", "echo before; echo c > /proc/sysrq-trigger; sleep 100")
  t.assertEquals({ result.status, result.out }, { 1, "before\n" })
  t.assertStrContains(result.err, "the guest failed: Kernel panic")
end

-- A machine without the capabilities stands in for one whose kernel refuses.
function tests.test_make_run_traces_a_guest_where_the_machine_refuses()
  t.needs "root"
  local result = proc.run_shell("/usr/bin/setpriv --bounding-set=-bpf,-perfmon,-sys_admin " ..
    "--inh-caps=-bpf,-perfmon,-sys_admin make -s run")
  t.assertEquals(result.status, 0)
  t.assertStrContains(result.out, "This machine refuses to be traced: hardirq: tracing needs CAP_BPF and CAP_PERFMON")
  t.assertStrContains(result.out, "Tracing a guest instead")
  t.assertStrMatches(result.out, ".*IR%-PCI%-MSI%S+ +virtio0%-req.*attached: tp_btf.*")
end

function tests.test_wrong_command_lines()
  for _, arguments in ipairs {
    {}, { "--iommu", "none" }, { "--iommu", "arm", "--", "true" }, { "--smp", "x", "--", "true" }, { "--nope" },
  } do
    local result = run(unpack(arguments))
    t.assertEquals({ result.status, result.out }, { 2, "" })
    t.assertStrContains(result.err, "Usage: tests/vm/run")
  end
end

function tests.test_a_kernel_that_is_not_there()
  local result = run("--kernel", "2.4", "--", "true")
  t.assertEquals({ result.status, result.out }, { 1, "" })
  t.assertStrContains(result.err, "no kernel '2.4' in tests/vm/kernels")
end

t.run(tests)
