--- How guests are run: with KVM where a guest boots with it, emulated otherwise.
local guest = require "guest"
local uv = require "uv"

local M = {}

local PROOF = 42 -- exit status of the command that shows it
-- With KVM that works a guest is up in a second or two; one that hangs computes for ever.
local BOOT_S = { cpu = 60, idle = 30 }

local function read(path)
  local file = io.open(path)
  local text = file and file:read("*a")
  if file then
    file:close()
  end
  return text
end

local function write(path, text)
  local file = assert(io.open(path, "w"))
  assert(file:write(text))
  assert(file:close())
end

local function can_open_kvm()
  local fd, reason = uv.fs_open("/dev/kvm", "r+", 0)
  if fd then
    uv.fs_close(fd)
  end
  return fd, reason
end

-- Boots a guest; done(works, why not).
local function probe(build, folder, done)
  local null = assert(uv.fs_open("/dev/null", "r+", 0))
  guest.start({
    folder = folder, base = build .. "/vm/base.cpio.gz", work = ("%s/vm/probe-%d"):format(build, uv.os_getpid()),
    iommu = "intel", smp = 2, disks = {}, append = "", accel = "kvm", boot_s = BOOT_S, stderr = null,
    command = "exit " .. PROOF .. "\n",
  }, function() end, function(outcome)
    uv.fs_close(null)
    done(outcome.status == PROOF, outcome.failure or ("its command ended with status %d"):format(outcome.status))
  end)
end

--- Finds out, once in a build: the answer is kept in BUILD/vm/accel.
--- @param build string folder of the build
--- @param folder string of a kernel, from guest.fetch()
--- @param done fun(accel: string, why: string?) kvm or tcg; the reason when it was just found out
function M.find(build, folder, done)
  local path = build .. "/vm/accel"
  local known = (read(path) or ""):match("^%l+")
  if known then
    return done(known)
  end
  local function found(accel, why)
    write(path, ("%s\n%s\n"):format(accel, why))
    done(accel, why)
  end
  local fd, reason = can_open_kvm()
  if not fd then
    return found("tcg", reason)
  end
  probe(build, folder, function(works, why)
    found(works and "kvm" or "tcg", works and "a guest boots with it" or "a guest with KVM failed: " .. why)
  end)
end

return M
