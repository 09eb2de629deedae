--- Which guests there are, and which tests each of them runs.
--
-- Everything runs in all guests of the whole matrix. In the representative set a test
-- runs where it proves something that no other guest, and not this machine, has proved:
-- docs/testing.md has the reasons. A test that is not named here runs in all of them.
local M = {}

local OLDEST, NEWEST = "5.10-amd64-intel", "7-amd64-intel"
local OLDER, INTEL, AMD = "6.1-amd64-intel", "6.12-amd64-intel", "6.12-amd64-amd"
local NO_IOMMU, CLOUD, RT = "6.1-amd64-none", "6.1-cloud-none", "6.12-rt-intel"

-- Each kernel once, and with PREEMPT_RT.
local EACH = { OLDEST, NO_IOMMU, INTEL, NEWEST }
local EACH_AND_RT = { OLDEST, NO_IOMMU, INTEL, RT, NEWEST }

--- For tests that prove nothing in a guest.
M.HERE_ONLY = {}

-- User space, the same everywhere: in that guest only where this machine cannot be traced itself.
local function or_here(guest)
  return { guest, or_here = true }
end

--- Tests that the representative set runs in some guests only: path -> names of guests.
M.WHERE = {
  -- How this kernel is traced: the kernel alone decides, whatever the IOMMU.
  ["live/hardirq_test.lua"] = { OLDEST, NO_IOMMU, CLOUD, INTEL, RT, NEWEST },
  ["live/softirq_test.lua"] = { OLDEST, NO_IOMMU, CLOUD, INTEL, RT, NEWEST },
  ["live/events_test.lua"] = { OLDEST, RT, NEWEST },
  ["live/irqthread_test.lua"] = EACH_AND_RT,
  ["live/vecalloc_test.lua"] = EACH_AND_RT,
  ["live/vector_test.lua"] = { OLDEST, INTEL, NEWEST },
  ["live/test_frames"] = EACH_AND_RT,
  ["live/test_rows"] = EACH_AND_RT,
  ["live/test_pipeline"] = EACH,
  ["live/virtblk_test.lua"] = { OLDEST, NEWEST },
  ["guest/virtblk_test.lua"] = { NEWEST },
  ["guest/changes_test.lua"] = { OLDEST, RT, NEWEST },
  -- How this kernel takes programs that are made at run time, and what they see.
  ["live/core_probe_test.lua"] = EACH_AND_RT,
  ["live/test_probe"] = EACH_AND_RT,
  ["live/probe_user_test.lua"] = EACH_AND_RT,
  ["live/probe_interrupts_test.lua"] = EACH_AND_RT,
  ["live/probe_context_test.lua"] = EACH_AND_RT,
  ["live/probe_test.lua"] = EACH,
  -- What this kernel's verifier and compiler make of code that is written at run time.
  ["live/probe_ir_test.lua"] = EACH,
  ["live/probe_shapes_test.lua"] = EACH,
  ["live/probe_language_test.lua"] = EACH,
  ["live/probe_hostile_test.lua"] = EACH,
  ["live/probe_truth_test.lua"] = EACH,
  ["live/probe_lua_test.lua"] = EACH,
  -- Faults planted into sources, which guests do not have.
  ["live/probe_planted_test.lua"] = M.HERE_ONLY,
  ["live/probe_scripts_test.lua"] = M.HERE_ONLY,
  -- How this kernel is read: its types.
  ["live/kernel_test.lua"] = EACH,
  ["guest/kernel_test.lua"] = { OLDEST, INTEL, NEWEST },
  ["live/types_test.lua"] = EACH,
  ["live/test_kernel_btf"] = EACH,
  -- The map of interrupts, and remapping tables while they move: types and code for each
  -- make of IOMMU.
  ["live/irqmap_test.lua"] = { OLDEST, NO_IOMMU, AMD, NEWEST },
  ["guest/remap_test.lua"] = { OLDEST, OLDER, NO_IOMMU, AMD, NEWEST },
  ["guest/replay_test.lua"] = { OLDEST, NEWEST },
  ["guest/irqmap_fires_test.lua"] = { AMD, RT },
  ["guest/irqmap_changes_test.lua"] = { INTEL },
  -- The documentation's examples, printed there.
  ["guest/docs_test.lua"] = { RT },
  -- What can be traced, and who refuses: the kernel and the IOMMU decide.
  ["live/doctor_test.lua"] = { OLDEST, AMD, NEWEST },
  -- What scripts print of an IOMMU.
  ["live/irqmap_scripts_test.lua"] = { AMD },
  ["live/remap_scripts_test.lua"] = { INTEL },
  ["live/top_test.lua"] = { INTEL },
  ["live/hostile_maps_test.lua"] = { INTEL },
  -- What scripts print, options, what handlers may do, floods.
  ["live/scripts_test.lua"] = or_here(INTEL),
  ["live/hostile_test.lua"] = or_here(INTEL),
  ["live/limits_test.lua"] = or_here(INTEL),
  ["live/handlers_test.lua"] = or_here(OLDEST),
  -- Slices, durations and memory: user space, where CPUs are slow, clocks step, and there are many CPUs.
  ["live/slices_test.lua"] = { OLDEST },
  ["live/duration_test.lua"] = { OLDEST },
  ["live/memory_test.lua"] = { OLDEST, NEWEST },
  -- LuaJIT, where an event takes less than a look at the clock: on this machine.
  ["live/compiled_test.lua"] = M.HERE_ONLY,
  -- A loop disk: guests have no loop devices.
  ["live/test_block"] = M.HERE_ONLY,
  -- Errors of the kernel, and what it frees when a process is killed.
  ["live/refusals_test.lua"] = { OLDEST, INTEL },
  ["live/sockets_test.lua"] = { OLDEST, INTEL },
  ["live/faults_test.lua"] = { OLDEST, NEWEST },
  -- A peer's counts beside ours: its libbpf, and this kernel's block layer and functions.
  ["live/biolatency_test.lua"] = { INTEL, NEWEST },
  ["live/probe_peers_test.lua"] = { INTEL, NEWEST },
}

-- name -> what it is; in this order.
local function new_list()
  local list, known = {}, {}
  local function add(kernel, flavour, iommu, extra)
    extra = extra or {}
    local name = ("%s-%s-%s%s"):format(kernel, flavour, iommu, extra.suffix or "")
    if not known[name] then
      known[name] = true
      list[#list + 1] = {
        name = name, kernel = kernel, flavour = flavour, iommu = iommu, append = extra.append or "",
        tests = extra.tests, smp = extra.smp or 2,
      }
    end
  end
  return list, add
end

-- Those that take longest come first.
local function add_representative(add)
  add("7", "amd64", "intel")
  add("5.10", "amd64", "intel")
  add("6.12", "amd64", "intel")
  add("6.1", "amd64", "none")
  add("6.12", "amd64", "amd")
  add("6.12", "rt", "intel")
  add("6.1", "amd64", "intel")
  add("6.1", "cloud", "none")
  for _, off in ipairs { { "intel", "intel_iommu" }, { "intel", "intremap" }, { "amd", "amd_iommu" } } do
    add("6.12", "amd64", off[1], {
      suffix = "-" .. off[2] .. "-off", append = off[2] .. "=off", tests = { "guest/iommu_off_test.lua" },
    })
  end
  add("6.12", "amd64", "intel", { suffix = "-iommu-pt", append = "iommu=pt", tests = { "guest/iommu_off_test.lua" } })
  add("6.12", "amd64", "none", { suffix = "-32cpus", smp = 32, tests = { "live/memory_test.lua" } })
  for _, mode in ipairs { "integrity", "confidentiality" } do
    add("6.12", "amd64", "none", {
      suffix = "-" .. mode, append = "lockdown=" .. mode,
      tests = { ("guest/lockdown_%s_test.lua"):format(mode) },
    })
  end
end

--- The guests that stand for the rest.
--- @return table[] { name, kernel, flavour, iommu, append, tests? }
function M.representative()
  local list, add = new_list()
  add_representative(add)
  return list
end

--- Every kernel, flavour and IOMMU.
--- @return table[] as above
function M.all()
  local list, add = new_list()
  add_representative(add)
  for _, kernel in ipairs { "5.10", "6.1", "6.12", "7" } do
    for _, flavour in ipairs { "amd64", "cloud", "rt" } do
      for _, iommu in ipairs { "intel", "amd", "none", "noremap" } do
        add(kernel, flavour, iommu)
      end
    end
  end
  return list
end

local function contains(list, wanted)
  for _, item in ipairs(list) do
    if item == wanted then
      return true
    end
  end
  return false
end

local function runs_in(guest, where, traced_here)
  return contains(where, guest.name) and not (where.or_here and traced_here)
end

--- Which of the tests a guest runs.
--- @param guest table from the lists above
--- @param tests string[]
--- @param everything boolean those too that prove nothing new there
--- @param traced_here boolean this machine runs, and does not skip, what needs no guest
--- @return string[]
function M.tests_of(guest, tests, everything, traced_here)
  if guest.tests then
    return guest.tests
  end
  local list = {}
  for _, test in ipairs(tests) do
    if everything or not M.WHERE[test] or runs_in(guest, M.WHERE[test], traced_here) then
      list[#list + 1] = test
    end
  end
  return list
end

return M
