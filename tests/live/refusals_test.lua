-- What the machine refuses, and what is said then: not root, no tracefs.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local proc = require "proc"
local shell = require "shell"
local t = require "t"

local tests = {}

local function assert_refused(result, ...)
  t.assertEquals({ result.status, result.signal, result.out }, { 1, 0, "" })
  for _, text in ipairs { ... } do
    t.assertStrContains(result.err, text)
  end
end

local function as_nobody(capabilities, command)
  local setpriv = "/usr/bin/setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=%s --ambient-caps=%s %s"
  return proc.run_shell(setpriv:format(capabilities, capabilities, command))
end

function tests.test_not_root_names_the_missing_capabilities()
  t.needs "root"
  assert_refused(as_nobody("-all", "$SHARK hardirqs -d 1"), "shark hardirqs: hardirq: ",
    "needs CAP_BPF and CAP_PERFMON", "lacks CAP_BPF and CAP_PERFMON", "run shark as root")
  assert_refused(as_nobody("-all,+bpf", "$SHARK hardirqs -d 1"), "lacks CAP_PERFMON;")
  assert_refused(as_nobody("-all,+perfmon", "$SHARK hardirqs -d 1"), "lacks CAP_BPF;")
end

function tests.test_two_capabilities_are_enough()
  t.needs("root", "tracing")
  local result = as_nobody("-all,+bpf,+perfmon", "$SHARK hardirqs -d 0.1")
  t.assertEquals({ result.status, result.err }, { 0, "" })
  t.assertStrContains(result.out, "attached: ")
end

-- CAP_SYS_ADMIN is for Debian's perf_event_paranoid.
function tests.test_tracefs_that_may_not_be_read_is_told_from_none()
  t.needs("root", "tracing", "tracefs")
  assert_refused(as_nobody("-all,+bpf,+perfmon,+sys_admin", "$SHARK hardirqs -d 0.1 --way tp"),
    "this process lacks CAP_DAC_READ_SEARCH")
  local result = as_nobody("-all,+bpf,+perfmon,+sys_admin,+dac_read_search", "$SHARK hardirqs -d 0.1 --way tp")
  t.assertEquals({ result.status, result.err }, { 0, "" })
end

function tests.test_raw_sockets_need_their_capability()
  t.needs "root"
  local result = as_nobody("-all", [[$SHARK -e 'print(shark.open_raw_sock("lo"))']])
  t.assertStrContains(result.out, "nil\traw sockets need CAP_NET_RAW")
  t.assertStrContains(result.out, "EPERM")
end

function tests.test_a_user_namespace_is_named()
  t.needs("root", "tracing")
  t.skipIf(not shell.succeeds "unshare -U -r true 2>/dev/null", "no user namespaces here")
  assert_refused(proc.run_shell "unshare -U -r $SHARK hardirqs -d 0.1",
    "the capabilities of this process are a user namespace's")
  local result = proc.run_shell(
    [[unshare -U -r $SHARK -e 'print(require("shark.probe").on("profile:9", function() end))']])
  t.assertStrContains(result.out, "a user namespace's")
end

local WITHOUT_TRACEFS = "unshare -m sh -c 'umount /sys/kernel/tracing; umount /sys/kernel/debug; %s' 2>&1"

function tests.test_no_tracefs_names_the_command_that_mounts_it()
  t.needs("root", "tracing")
  local result = proc.run_shell(WITHOUT_TRACEFS:format("$SHARK hardirqs -d 0.1 --way tp"))
  t.assertEquals(result.status, 1)
  t.assertStrContains(result.out, "mount -t tracefs tracefs /sys/kernel/tracing")
end

function tests.test_tp_btf_needs_no_tracefs()
  t.needs("root", "tracing")
  local result = proc.run_shell(WITHOUT_TRACEFS:format("$SHARK hardirqs -d 0.1"))
  t.assertEquals(result.status, 0)
  t.assertStrContains(result.out, "attached: ")
end

t.run(tests)
