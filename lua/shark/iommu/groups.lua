--- IOMMU groups: which devices have a domain in common, and whether that
-- translates. An IOMMU that is in use may pass all DMA through (iommu=pt).
-- Source: drivers/iommu/iommu.c, Documentation/ABI/testing/sysfs-kernel-iommu_groups.

local iommu = require "shark.system.iommu"

local M = {}

local FOLDER = "/sys/kernel/iommu_groups/"

-- What /sys/kernel/iommu_groups/N/type says of the group's default domain.
local WORDS = {
  identity = "passthrough (identity)", DMA = "translated (DMA)", ["DMA-FQ"] = "translated (DMA-FQ)",
  blocked = "blocked", unmanaged = "unmanaged: its owner maps",
}
local KINDS = { identity = "passthrough", DMA = "translated", ["DMA-FQ"] = "translated", blocked = "blocked",
  unmanaged = "unmanaged" }

--- The groups as /sys shows them.
--- @return table[] groups {{ id, type? ("identity", "DMA", "DMA-FQ", ...), kind = "passthrough"|"translated"|"blocked"|
---   "unmanaged"|"unknown", words, devices = names }}, ascending; none: no IOMMU is in use
function M.read()
  local groups = iommu.groups()
  for _, group in ipairs(groups) do
    group.kind = KINDS[group.type] or "unknown"
    group.words = WORDS[group.type] or ("of type %s"):format(group.type or "unknown, it cannot be read")
  end
  return groups
end

local ORDER = { "translated", "passthrough", "blocked", "unmanaged", "unknown" }

--- How many groups there are of each kind.
--- @return table<string, integer> counts
function M.counts(groups)
  local counts = {}
  for _, group in ipairs(groups) do
    counts[group.kind] = (counts[group.kind] or 0) + 1
  end
  return counts
end

--- The same in words: "3 groups translated, 2 passthrough".
function M.summary(groups)
  local counts, parts = M.counts(groups), {}
  for _, kind in ipairs(ORDER) do
    if counts[kind] then
      local unit = #parts == 0 and (counts[kind] == 1 and "group " or "groups ") or ""
      parts[#parts + 1] = ("%d %s%s"):format(counts[kind], unit, kind)
    end
  end
  return #parts > 0 and table.concat(parts, ", ") or "no group"
end

--- What an IOMMU that is in use does with DMA.
--- @param name string "an Intel IOMMU"
function M.verdict(name, groups)
  local counts = M.counts(groups)
  if #groups == 0 then
    return ("%s is in use, and no device has a domain: there is no group in %s"):format(name, FOLDER)
  elseif counts.passthrough == #groups then
    return ("%s passes DMA through untranslated: all groups (%d) are identity"):format(name, #groups)
  elseif counts.translated == #groups then
    return ("%s translates DMA: all groups (%d)"):format(name, #groups)
  end
  if counts.unknown and not counts.translated then
    return ("whether %s translates DMA is not known: %s"):format(name, M.summary(groups))
  end
  return ("%s translates DMA of %s: %s"):format(name, counts.translated and "some groups" or "no group",
    M.summary(groups))
end

return M
