--- What the interrupt map and handlers read: kernel memory, types, names, and the IOMMUs.

local attempt = require "shark.doctor.attempt"
local iommu = require "shark.iommu"
local kernel = require "shark.kernel"
local remap = require "shark.remap"

local M = {}

local function memory()
  local how, tried = kernel.how(), {}
  for i, refusal in ipairs(how.refused) do
    tried[i] = attempt.refusal(refusal.way, refusal.reason, refusal.error)
  end
  tried[#tried + 1] = how.way and { way = how.way, ok = true } or nil
  return attempt.answer("kernel.memory", "Kernel memory", tried)
end

local function answer(name, title, way, ok, message, errname)
  return attempt.answer(name, title, { ok and { way = way, ok = true } or attempt.refusal(nil, message, errname) })
end

-- Asked for by name, a type that every kernel has.
local function types()
  return answer("kernel.types", "Types", "BTF", kernel.sizeof "struct task_struct")
end

local function functions()
  return answer("kernel.functions", "Names of functions", "kallsyms", kernel.address "vfs_read")
end

local function variables()
  return answer("kernel.variables", "Names of variables", "kallsyms", kernel.address "init_task")
end

local function remapping()
  local state = remap.state()
  return answer("remap.state", "Interrupt remapping", state.kind, state.enabled, state.verdict, "ENODEV")
end

local function translation()
  local chains = iommu.chains(iommu.firmware(), (iommu.drhds()))
  for _, chain in ipairs(chains) do
    if chain.in_use then
      return answer("iommu", "IOMMU for DMA", chain.kind, true)
    end
  end
  return answer("iommu", "IOMMU for DMA", nil, nil, chains[1].verdict, "ENODEV")
end

--- @return table[] answers of shark.doctor.attempt
function M.answers()
  return { memory(), types(), functions(), variables(), remapping(), translation() }
end

return M
