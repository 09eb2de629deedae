-- run: boots a kernel in a guest, runs a command there, exits with its status
package.path = arg[0]:gsub("[^/]+$", "?.lua;") .. arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local accel = require "accel"
local cli = require "shark.cli"
local guest = require "guest"
local uv = require "uv"

local parser = cli.parser("vm/run", "Boots a kernel in QEMU, runs a command there, prints what it prints and exits " ..
  "with its status.")
parser:name "tests/vm/run"
parser:option("--kernel", "5.10, 6.1, 6.12 or 7, see tests/vm/kernels."):default "6.12"
parser:option("--flavour", "Debian's flavour of it."):choices { "amd64", "cloud", "rt" }:default "amd64"
parser:option("--iommu", "IOMMU of the guest; noremap: intel, without interrupt remapping.")
  :choices(guest.iommus):default "none"
parser:option("--smp", "Number of CPUs."):default "2":convert(cli.number)
parser:option("--disk", "A virtio-blk disk with these properties of QEMU's device, may be repeated.")
  :argname("PROPERTIES"):count "*"
parser:flag("--no-disk", "No disk.")
parser:flag("--nic", "A virtio-net network card.")
parser:option("--append", "Words for the kernel's command line."):default ""
parser:option("--artefacts", "Folder for what the command leaves in /artefacts."):argname("DIR")
parser:option("--dump", "File for the guest's memory, which the command asks for: '@@guest dump@@' on /dev/ttyS1.")
  :argname("FILE")
parser:option("--accel", "How QEMU runs it: kvm, tcg, or find: kvm where a guest boots with it.")
  :choices { "find", "kvm", "tcg" }:default "find"
parser:flag("--keep", "Keep the guest's files, and say where.")
parser:flag("--shell", "A shell in the guest, on this terminal.")
parser:argument("command", "After '--'."):args("*")
local options = parser:parse()

if not options.shell and #options.command == 0 then
  parser:error "a command or --shell is needed"
end

local function fail(message)
  io.stderr:write("tests/vm/run: ", message, "\n")
  os.exit(1)
end

local function quote(words)
  local quoted = {}
  for i, word in ipairs(words) do
    quoted[i] = "'" .. word:gsub("'", "'\\''") .. "'"
  end
  return table.concat(quoted, " ")
end

local function disks()
  if options.no_disk then
    return {}
  end
  return #options.disk > 0 and options.disk or { "" }
end

local folder, reason = guest.fetch(options.kernel, options.flavour)
if not folder then
  fail(reason)
end

local build = uv.exepath():match("^(.*)/shark$")
local work = ("%s/vm/run-%d"):format(build, uv.os_getpid())
if options.keep then
  io.stderr:write("the guest's files: ", work, "\n")
end

local function start(chosen)
  guest.start({
    folder = folder, base = build .. "/vm/base.cpio.gz", work = work, iommu = options.iommu, smp = options.smp,
    disks = disks(), nic = options.nic, append = options.append, keep = options.keep, shell = options.shell,
    artefacts = options.artefacts, dump = options.dump, accel = chosen,
    command = "exec " .. quote(options.command) .. "\n",
  }, function(line)
    print(line)
  end, function(outcome)
    if outcome.failure and not options.shell then
      fail("the guest failed: " .. outcome.failure)
    end
    io.stdout:flush()
    os.exit(outcome.status or 0)
  end)
end

if options.accel == "find" then
  accel.find(build, folder, start)
else
  start(options.accel)
end
