-- What shark doctor prints, and what it names when something is taken from it.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local doctor = require "doctor"
local proc = require "proc"
local shell = require "shell"
local t = require "t"

local tests = {}

local BPFTRACE = "ulimit -l unlimited; bpftrace -e '%s { exit(); } interval:ms:100 { exit(); }' 2>&1"

function tests.test_functions_attach_as_another_program_says()
  t.needs("root", "tracing")
  t.skipIf(not shell.succeeds "command -v bpftrace >/dev/null", "no bpftrace here")
  local list = doctor.here()
  for way, place in pairs { fentry = "fentry:vfs_read", kprobe = "kprobe:vfs_read" } do
    local result = proc.run_shell(BPFTRACE:format(place))
    t.assertEquals(list["probe.entry " .. way].ok, result.status == 0, result.out)
  end
end

function tests.test_lines_fit_the_terminal()
  t.needs("root", "tracing")
  local result = proc.run_shark "doctor"
  t.assertEquals({ result.status, result.err }, { 0, "" })
  t.assertStrMatches(result.out, ".*\n  Interrupt handlers +yes, by %l+.*")
  for line in result.out:gmatch("[^\n]+") do
    t.assertTrue(#line <= 80, line)
  end
end

-- Of the descriptors that keep programs attached.
local ATTACHED = [[
  local report, list = require("shark.doctor").examine { all = true }, {}
  for i = 0, 999 do
    local target = require("uv").fs_readlink("/proc/self/fd/" .. i)
    list[#list + 1] = target and (target:find "link" or target:find "tracepoint" or target:find "perf_event")
      and target or nil
  end
  print(report.can_trace, #list, unpack(list))]]

function tests.test_nothing_stays_attached()
  t.needs("root", "tracing")
  local result = proc.run_shark("-e", ATTACHED)
  t.assertEquals({ result.out, result.err }, { "true\t0\n", "" })
end

function tests.test_a_user_namespace_is_named()
  t.needs("root", "tracing")
  local result = proc.run_shell "unshare -U -r $SHARK doctor --json"
  t.skipIf(result.out == "", "no user namespaces here: " .. result.err)
  t.assertEquals(result.status, 1)
  local entry = doctor.decode(result)["irq.hardirq tp_btf"]
  t.assertEquals({ entry.ok, entry.cause.kind, entry.cause.name }, { false, "container", "user namespace" })
end

local HIDDEN = "unshare -m sh -c 'mount -t tmpfs none %s && $SHARK doctor --all --json'"

function tests.test_without_types_the_option_is_named()
  t.needs("root", "tracing")
  local root, list = doctor.here(), (doctor.decode(proc.run_shell(HIDDEN:format("/sys/kernel/btf"))))
  for _, what in ipairs { "irq.hardirq tp_btf", "irq.hardirq raw_tp", "probe.tracepoint tp_btf",
    "probe.entry fentry" } do
    t.assertEquals({ what, list[what].ok, list[what].cause.name }, { what, false, "CONFIG_DEBUG_INFO_BTF" })
  end
  for _, what in ipairs { "irq.hardirq tp", "irq.softirq tp", "probe.record tp", "probe.profile profile" } do
    t.assertEquals({ what, list[what].ok }, { what, root[what].ok })
  end
end

function tests.test_without_tracefs_the_mount_is_named()
  t.needs("root", "tracing", "tracefs")
  local result = proc.run_shell "unshare -m sh -c 'umount /sys/kernel/tracing; umount /sys/kernel/debug; \z
    $SHARK doctor --all --json' 2>/dev/null"
  local list = doctor.decode(result)
  for _, what in ipairs { "irq.hardirq tp", "probe.record tp" } do
    t.assertEquals({ what, list[what].ok, list[what].cause.kind }, { what, false, "mount" })
    t.assertStrContains(list[what].cause.remedy, "mount -t tracefs tracefs /sys/kernel/tracing")
  end
  t.assertTrue(list["irq.hardirq tp_btf"].ok or not doctor.here()["irq.hardirq tp_btf"].ok)
end

-- CAP_SYS_ADMIN stands for others: without it, nothing that was named is needless.
function tests.test_no_capability_is_named_in_vain()
  t.needs("root", "tracing")
  local given = doctor.given_what_is_named()
  for name in pairs(given) do
    local fewer = {}
    for other in pairs(given) do
      fewer[other] = other ~= name and other ~= "CAP_SYS_ADMIN" or nil
    end
    t.assertNotNil(doctor.missing((doctor.as_nobody(fewer)))[name], name)
  end
end

-- ---- docs/security.md ----

-- Its rows: what is tried, and the capabilities.
local function rows()
  local list, file = {}, assert(io.open((arg[0]:gsub("tests/host/[^/]+$", "docs/security.md"))))
  for examples, capabilities in file:read("*a"):gmatch "\n| [^|\n]+ | ([^|\n]+) |([^|\n]*)|" do
    local row = { tried = {}, capabilities = {} }
    for what in examples:gmatch "`([^`]+)`" do
      table.insert(row.tried, what)
    end
    for name in capabilities:gmatch "`([^`]+)`" do
      row.capabilities[name] = true
    end
    list[#list + 1] = #row.tried > 0 and row or nil
  end
  file:close()
  return list
end

local function without(set, left_out)
  local fewer = {}
  for name in pairs(set) do
    fewer[name] = name ~= left_out or nil
  end
  return fewer
end

-- Many rows have the same capabilities.
local seen = {}
local function as_nobody(capabilities)
  local names = {}
  for name in pairs(capabilities) do
    names[#names + 1] = name
  end
  table.sort(names)
  local key = table.concat(names, " ")
  seen[key] = seen[key] or doctor.as_nobody(capabilities)
  return seen[key]
end

function tests.test_the_table_of_capabilities_is_true()
  t.needs("root", "tracing")
  local list, proved = rows(), 0
  t.assertTrue(#list >= 8, #list)
  for _, row in ipairs(list) do
    for _, what in ipairs(row.tried) do
      if doctor.here()[what] and doctor.here()[what].ok then
        local entry = as_nobody(row.capabilities)[what]
        t.assertTrue(entry.ok, ("%s: %s"):format(what, tostring(entry.reason)))
        for name in pairs(row.capabilities) do
          entry = as_nobody(without(row.capabilities, name))[what]
          t.assertTrue(not entry or not entry.ok, ("%s without %s"):format(what, name))
        end
        proved = proved + 1
      end
    end
  end
  t.assertTrue(proved >= 8, proved)
end

function tests.test_nothing_is_needed_to_say_so()
  local result = proc.run_shark("doctor", "--help")
  t.assertEquals({ result.status, result.err }, { 0, "" })
  result = proc.run_shark("doctor", "nonsense")
  t.assertEquals({ result.status, result.out }, { 2, "" })
end

t.run(tests)
