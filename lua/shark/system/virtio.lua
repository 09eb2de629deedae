--- virtio-blk disks as sysfs and /proc have them: device -> queues -> IRQ -> CPUs,
-- ring size, features.

local files = require "shark.system.files"
local interrupts = require "shark.system.interrupts"

local M = {}

-- Bits of /sys/bus/virtio/devices/*/features: include/uapi/linux/virtio_blk.h,
-- from 24 on virtio_config.h and virtio_ring.h.
M.FEATURES = {
  [1] = "size_max", [2] = "seg_max", [4] = "geometry", [5] = "ro", [6] = "blk_size", [9] = "flush",
  [10] = "topology", [11] = "config_wce", [12] = "mq", [13] = "discard", [14] = "write_zeroes",
  [15] = "lifetime", [16] = "secure_erase", [17] = "zoned", [24] = "notify_on_empty", [27] = "any_layout",
  [28] = "indirect", [29] = "event_idx", [32] = "version_1", [33] = "access_platform", [34] = "packed",
  [35] = "in_order", [36] = "order_platform", [37] = "sr_iov", [38] = "notification_data",
  [39] = "notif_config_data", [40] = "ring_reset", [41] = "admin_vq",
}

--- Names of the features that driver and device agreed on.
--- @param bits string as in sysfs: a digit for each bit, bit 0 first
--- @return string[] names, "bit N" for one without
function M.features(bits)
  local names = {}
  for at in bits:gmatch("()1") do
    names[#names + 1] = M.FEATURES[at - 1] or "bit " .. at - 1
  end
  return names
end

local function has(features, name)
  for _, feature in ipairs(features) do
    if feature == name then
      return true
    end
  end
  return false
end

-- "0-3,8" -> { 0, 1, 2, 3, 8 }
local function cpus_of(text)
  local cpus = {}
  for range in (text or ""):gmatch("[%d%-]+") do
    local first, last = range:match("^(%d+)%-?(%d*)$")
    for cpu = tonumber(first), tonumber(last) or tonumber(first) do
      cpus[#cpus + 1] = cpu
    end
  end
  return cpus
end

-- A queue's vector has a name of its own, "virtio1-req.0"; shared ones are
-- "virtio1-virtqueues", and without MSI-X there is "virtio1" only
-- (drivers/virtio/virtio_pci_common.c, vp_find_vqs()).
local function kind_of_action(action, virtio)
  local queue = action:match("^" .. virtio .. "%-req%.(%d+)$")
  if queue then
    return "own", tonumber(queue)
  elseif action == virtio .. "-virtqueues" then
    return "shared"
  elseif action == virtio then
    return "intx"
  end
end

local function irq_entry(number, entry, kind)
  local base = "/proc/irq/" .. number .. "/"
  return {
    irq = number, kind = kind, chip = entry.chip, hwirq = entry.hwirq, flow = entry.flow, count = entry.count,
    affinity = cpus_of(files.line(base .. "smp_affinity_list")),
    effective = cpus_of(files.line(base .. "effective_affinity_list")),
  }
end

-- queue -> IRQ, "any" -> the one all queues share.
local function irqs_of(virtio, all)
  local irqs = {}
  for number, entry in pairs(all) do
    for _, action in ipairs(entry.actions) do
      local kind, queue = kind_of_action(action, virtio)
      if kind then
        irqs[queue or "any"] = irq_entry(number, entry, kind)
      end
    end
  end
  return irqs
end

local function queues_of(disk, all)
  local irqs, queues = irqs_of(disk.virtio, all), {}
  local base = "/sys/block/" .. disk.device .. "/mq/"
  for _, name in ipairs(files.names(base)) do
    local number = tonumber(name)
    if number then
      queues[#queues + 1] = {
        queue = number, tags = files.number(base .. name .. "/nr_tags"),
        cpus = cpus_of(files.line(base .. name .. "/cpu_list")), irq = irqs[number] or irqs.any,
      }
    end
  end
  table.sort(queues, function(a, b) return a.queue < b.queue end)
  return queues
end

-- The driver takes as many requests as the ring has descriptors, with indirect
-- ones; half as many without (virtblk_probe()). A parameter can say otherwise.
local function ring_size(disk)
  local tags = disk.queues[1] and disk.queues[1].tags
  if not tags or (files.number("/sys/module/virtio_blk/parameters/queue_depth") or 0) ~= 0 then
    return nil
  end
  return has(disk.features, "indirect") and tags or 2 * tags
end

local function disk_of(device, all)
  local path = files.real("/sys/block/" .. device .. "/device")
  local virtio = path and path:match("/(virtio%d+)$")
  if not virtio then
    return nil
  end
  local disk = {
    device = device, dev = files.line("/sys/block/" .. device .. "/dev"), virtio = virtio,
    bus = path:match("/([^/]+)/virtio%d+$"), features = M.features(files.line(path .. "/features") or ""),
    iostats = files.number("/sys/block/" .. device .. "/queue/iostats") ~= 0,
  }
  disk.queues = queues_of(disk, all)
  disk.ring_size = ring_size(disk)
  return disk
end

--- The virtio-blk disks there are now.
--- @return table[] disks { device = "vda", dev = "254:0", virtio = "virtio1",
---   bus = PCI address, features = {...}, ring_size = descriptors, nil where that
---   is not visible, iostats, queues = { { queue, tags, cpus = those that submit
---   here, irq = { irq, kind = "own"|"shared"|"intx", chip, hwirq, flow, count,
---   affinity = {...}, effective = {...} } } } }
function M.disks()
  local disks, all = {}, interrupts.read() or {}
  for _, device in ipairs(files.names("/sys/block")) do
    disks[#disks + 1] = device:match("^vd") and disk_of(device, all) or nil
  end
  table.sort(disks, function(a, b) return #a.device < #b.device or (#a.device == #b.device and a.device < b.device) end)
  return disks
end

--- What the disks are called, in their order.
--- @return string[] names "vda"
function M.disk_names()
  local list = {}
  for i, disk in ipairs(M.disks()) do
    list[i] = disk.device
  end
  return list
end

-- ---- names ----

local names = {} -- dev -> name

--- Name of a disk by the number it has in rows and events; "254:0" if it is gone.
function M.disk_name(dev)
  local key = tonumber(dev)
  if not names[key] then
    local text = ("%d:%d"):format(math.floor(key / 2 ^ 20), key % 2 ^ 20)
    names[key] = files.link("/sys/dev/block/" .. text)
    return names[key] or text
  end
  return names[key]
end

--- Number of a disk, as rows have it. nil if there is none of that name.
--- @return integer? dev
function M.disk_number(device)
  local major, minor = (files.line("/sys/block/" .. device .. "/dev") or ""):match("^(%d+):(%d+)$")
  return major and tonumber(major) * 2 ^ 20 + tonumber(minor)
end

--- What the kernel counted for a disk so far (Documentation/block/stat.rst).
--- @return table counts { read, write, discard, flush } requests completed; a field
---   is nil where the kernel is too old
function M.completed(device)
  local fields = {}
  for field in (files.line("/sys/block/" .. device .. "/stat") or ""):gmatch("%d+") do
    fields[#fields + 1] = tonumber(field)
  end
  return { read = fields[1], write = fields[5], discard = fields[12], flush = fields[16] }
end

return M
