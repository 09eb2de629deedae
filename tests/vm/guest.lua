--- One guest: a kernel in QEMU with an emulated IOMMU, a disk, and a command.
--
-- The guest's second serial port carries the command's output between marks
-- (tests/vm/init); the first is its console. Only the end mark says that a
-- command has ended: QEMU exits with 0 when the guest panics.

local json = require "dkjson"
local life = require "life"
local patience = require "patience"
local shell = require "shell"
local uv = require "uv"

local M = {}

local Guest = {}
Guest.__index = Guest

--- A guest hangs when it prints nothing for so many seconds of its own time (life.lua),
--- computing or idle: until the command starts, and afterwards. On a slow machine it
--- may take that many times longer.
local BOOT_S = { cpu = 240, idle = 60 }
M.SILENCE_S = { cpu = 300, idle = 240 }

local IOMMUS = {
  intel = { devices = { "intel-iommu,intremap=on" }, append = "intel_iommu=on" },
  amd = { devices = { "amd-iommu,intremap=on" }, append = "" },
  none = { devices = {}, append = "" },
  -- The IOMMU is there and remaps no interrupts.
  noremap = { devices = { "intel-iommu,intremap=off" }, append = "intel_iommu=on" },
}

local ACCELERATORS = {
  kvm = "kvm",
  -- One thread for all CPUs: with a thread each, a CPU can still execute the
  -- breakpoint of a patched static key when it is no longer known, and panics.
  tcg = "tcg,thread=single",
}

--- Names of the IOMMUs a guest can have.
M.iommus = { "intel", "amd", "none", "noremap" }

-- ---- files ----

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  assert(file:close())
end

local function read(path)
  local file = io.open(path, "rb")
  local text = file and file:read("*a") or ""
  if file then
    file:close()
  end
  return text
end

local function remove(directory)
  os.execute(("rm -rf '%s'"):format(directory))
end

-- A "newc" cpio archive: as the kernel unpacks one after another, what is of
-- this guest alone needs no repacking of the rest.
local function cpio(files)
  local parts = {}
  local function add(name, data, mode)
    local header = ("070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X")
      :format(#parts, mode, 0, 0, 1, 0, #data, 0, 0, 0, 0, #name + 1, 0)
    local function pad(text)
      return text .. ("\0"):rep(-#text % 4)
    end
    parts[#parts + 1] = pad(header .. name .. "\0") .. pad(data)
  end
  for _, file in ipairs(files) do
    add(file.name, file.data, tonumber("100755", 8))
  end
  add("TRAILER!!!", "", 0)
  return table.concat(parts)
end

-- ---- the kernel ----

--- Folder of a kernel, fetched if need be.
--- @return string? folder @return string? reason, when the mirror does not offer it
function M.fetch(kernel, flavour)
  local errors = os.tmpname()
  local pipe = io.popen(("tests/vm/fetch '%s' '%s' 2>'%s'"):format(kernel, flavour, errors))
  local folder = pipe:read("*l")
  pipe:close()
  local reason = read(errors)
  os.remove(errors)
  if folder then
    return folder
  end
  return nil, reason:match("[^\n]*\n?$"):gsub("\n", "")
end

-- ---- QEMU's command line ----

local function disk_image(guest, name)
  local path = ("%s/%s.img"):format(guest.work, name)
  local file = assert(io.open(path, "wb"))
  file:seek("set", 64 * 1024 * 1024 - 1)
  file:write("\0")
  file:close()
  return path
end

-- What is of the drive goes there, all else to the device.
local function split_properties(properties)
  local drive, device = "", ""
  for property in properties:gmatch("[^,]+") do
    if property:match("^throttling%.") then
      drive = drive .. "," .. property
    else
      device = device .. "," .. property
    end
  end
  return drive, device
end

local function add_disk(guest, args, i, properties)
  local id = "disk" .. i
  local drive, device = split_properties(properties)
  table.insert(args, "-drive")
  table.insert(args, ("file=%s,if=none,id=%s,format=raw,cache=unsafe%s"):format(disk_image(guest, id), id .. "-file",
    drive))
  -- At a port of its own, so that it can be unplugged.
  table.insert(args, "-device")
  table.insert(args, ("pcie-root-port,id=port%d,slot=%d,chassis=%d"):format(i, i, i))
  table.insert(args, "-device")
  table.insert(args, ("virtio-blk-pci,drive=%s,id=%s,bus=port%d%s"):format(id .. "-file", id, i, device))
end

local function command_line(guest)
  local options, iommu = guest.options, IOMMUS[guest.options.iommu]
  local args = {
    "-M", "q35,kernel-irqchip=split", "-accel", ACCELERATORS[options.accel], "-cpu", "max",
    "-m", "1024", "-smp", tostring(options.smp), "-nodefaults", "-display", "none", "-no-reboot",
    "-qmp", ("unix:%s/qmp,server=on,wait=off"):format(guest.work),
  }
  local function add(...)
    for _, word in ipairs { ... } do
      args[#args + 1] = word
    end
  end
  for _, device in ipairs(iommu.devices) do
    add("-device", device)
  end
  for i, properties in ipairs(options.disks) do
    add_disk(guest, args, i, properties)
  end
  if options.nic then
    add("-netdev", "user,id=net,restrict=on", "-device", "virtio-net-pci,netdev=net")
  end
  add("-serial", options.shell and "stdio" or "file:" .. guest.console)
  add("-serial", options.shell and "null" or "stdio")
  add("-kernel", guest.folder .. "/vmlinuz", "-initrd", guest.work .. "/initrd")
  add("-append", table.concat({ "console=ttyS0 no_timer_check panic=-1 quiet", iommu.append, options.append }, " "))
  return args
end

local function modules_of(options)
  local modules = { "virtio_pci" }
  if #options.disks > 0 then
    modules[#modules + 1] = "virtio_blk"
  end
  if options.nic then
    modules[#modules + 1] = "virtio_net"
  end
  return table.concat(modules, " ")
end

-- Kernel modules as an archive, made once per kernel.
local function modules_archive(folder)
  local path = folder .. "/modules.cpio.gz"
  if not uv.fs_stat(path) then
    assert(shell.succeeds(("cd '%s/modules' && find . | cpio -o -H newc --quiet | gzip -1 > '%s.%d' && mv '%s.%d' '%s'")
      :format(folder, path, uv.os_getpid(), path, uv.os_getpid(), path)))
  end
  return path
end

local function read_base(path)
  local packed = read(path)
  if packed == "" then
    error(("a guest's files are not in %s: make vm-base"):format(path), 0)
  end
  return packed
end

local function write_initrd(guest)
  local files = { { name = "modules", data = modules_of(guest.options) } }
  if guest.options.shell then
    files[#files + 1] = { name = "shell", data = "" }
  else
    files[#files + 1] = { name = "command", data = guest.options.command }
  end
  local packed = read_base(guest.base) .. read(modules_archive(guest.folder))
  -- The kernel looks for an unpacked archive at multiples of four only.
  write(guest.work .. "/initrd", packed .. ("\0"):rep(-#packed % 4) .. cpio(files))
end

-- ---- what the guest says ----

local function finish(guest, outcome)
  if guest.outcome then
    return
  end
  guest.outcome = outcome
  if guest.handle and not guest.handle:is_closing() then
    guest.handle:kill("sigkill")
  end
end

local function close(handle)
  if handle and not handle:is_closing() then
    handle:close()
  end
end

-- What the monitor says: KVM gives a guest up that it cannot run, and QEMU stays.
local function take_monitor(guest, chunk)
  guest.monitor = ((guest.monitor or "") .. chunk):sub(-4096)
  if guest.monitor:find('"status": "internal-error"', 1, true) then
    finish(guest, { failure = "QEMU stopped it: internal error" })
  elseif guest.monitor:find('"event": "DUMP_COMPLETED"', 1, true) then
    guest.monitor = ""
    guest.stdin:write("dumped\n")
  end
end

-- QEMU's monitor listens a moment after QEMU has started; until then, again.
local function connect_qmp(guest)
  local pipe = uv.new_pipe(false)
  pipe:connect(guest.work .. "/qmp", function(err)
    if guest.outcome or err then
      pipe:close()
      if not guest.outcome then
        set_timeout(function() connect_qmp(guest) end, 100)
      end
      return
    end
    guest.qmp = pipe
    pipe:read_start(function(_, chunk) take_monitor(guest, chunk or "") end)
    pipe:write(json.encode { execute = "qmp_capabilities" } .. "\n")
  end)
end

-- What QEMU is asked to do on the guest's behalf: "@@guest qmp {json}@@".
local function pass_on(guest, command)
  if guest.qmp then
    guest.qmp:write(command .. "\n")
  elseif not guest.outcome then
    set_timeout(function() pass_on(guest, command) end, 100)
  end
end

-- Its memory into a file, as QEMU writes it: "@@guest dump@@". The guest is told when it is there.
local function dump(guest)
  pass_on(guest, json.encode { execute = "dump-guest-memory",
    arguments = { paging = false, protocol = "file:" .. assert(guest.options.dump, "no file for its memory") } })
end

local function take_artefacts(guest)
  if not guest.options.artefacts then
    return
  end
  write(guest.work .. "/artefacts.b64", table.concat(guest.artefacts, "\n") .. "\n")
  os.execute(("mkdir -p '%s' && base64 -d < '%s/artefacts.b64' | tar -xz -C '%s'")
    :format(guest.options.artefacts, guest.work, guest.options.artefacts))
end

local function take_text(guest, line)
  if guest.artefacts_open then
    guest.artefacts[#guest.artefacts + 1] = line
    return
  end
  -- An empty line may be the one that only goes before the end mark.
  if guest.empty_line then
    guest.on_line("")
  end
  guest.empty_line = line == ""
  if line ~= "" and guest.started then
    guest.on_line(line)
  end
end

-- One line of the serial port, without its newline. Lines of the command go to
-- the caller, as they come.
local function take_line(guest, line)
  local mark, rest = line:match("^@@guest (%l+) ?(.*)@@$")
  if not mark then
    take_text(guest, line)
  elseif mark == "start" then
    guest.started = true
  elseif mark == "qmp" then
    pass_on(guest, rest)
  elseif mark == "dump" then
    dump(guest)
  elseif mark == "artefacts" then
    guest.artefacts_open = rest == ""
    if rest == "end" then
      take_artefacts(guest)
    end
  elseif mark == "end" then
    finish(guest, { status = tonumber(rest) })
  end
end

local function take_output(guest, chunk)
  guest.heard = guest.life:now()
  guest.asked = false
  guest.pending = guest.pending .. chunk
  while true do
    local line, after = guest.pending:match("^([^\n]*)\n(.*)$")
    if not line then
      return
    end
    guest.pending = after
    take_line(guest, line)
  end
end

local function last_line(text)
  local last
  for line in text:gmatch("[^\r\n]+") do
    last = line
  end
  return tostring(last)
end

-- Why a guest ended without its end mark.
local function post_mortem(guest)
  local console = read(guest.console)
  local panic = console:match("Kernel panic[^\r\n]*")
  if panic then
    return panic
  end
  return "it ended without its end mark; last on the console: " .. last_line(console)
end

-- ---- running ----

local function on_exit(guest)
  if guest.life then
    guest.life:close()
  end
  close(guest.qmp)
  close(guest.stdin)
  close(guest.stdout)
  close(guest.handle)
  local outcome = guest.outcome or { failure = post_mortem(guest) }
  guest.outcome = outcome
  outcome.console = outcome.failure and read(guest.console) or nil
  if not guest.options.keep then
    remove(guest.work)
  end
  guest.on_end(outcome)
end

local function limits_of(guest)
  return guest.started and guest.options.silence_s or guest.options.boot_s or BOOT_S
end

-- Why a guest that was silent for so long hangs, or nil.
local function verdict(silent, limits)
  local scale = patience.cpu_slowness()
  if silent.cpu > limits.cpu * scale then
    return ("it computed for %.0f s without printing a line"):format(silent.cpu)
  elseif silent.idle > limits.idle * scale then
    return ("it was idle for %.0f s without printing a line"):format(silent.idle)
  end
end

-- The command is asked to end what hangs (tests/vm/in-guest), then the guest is ended.
local function look_at(guest)
  if guest.started and not guest.options.silence_s then
    return
  elseif not guest.started and guest.qmp then
    guest.qmp:write(json.encode { execute = "query-status" } .. "\n")
  end
  local why = verdict(guest.life:since(guest.heard), limits_of(guest))
  if not why then
    return
  elseif guest.started and guest.options.on_silence and not guest.asked then
    guest.asked, guest.heard = true, guest.life:now()
    guest.options.on_silence(why)
    guest.stdin:write("end\n")
  else
    finish(guest, { failure = ("it hangs: %s; last on the console: %s"):format(why, last_line(read(guest.console))) })
  end
end

local function start_qemu(guest)
  local on_terminal = guest.options.shell
  guest.stdin = not on_terminal and uv.new_pipe(false) or nil
  guest.stdout = not on_terminal and uv.new_pipe(false) or nil
  local handle, pid = uv.spawn("qemu-system-x86_64", {
    args = command_line(guest), stdio = { guest.stdin or 0, guest.stdout or 1, guest.options.stderr or 2 },
  }, function() on_exit(guest) end)
  assert(handle, ("cannot run qemu-system-x86_64: %s"):format(pid))
  guest.handle, guest.pid = handle, pid
  -- Who is interrupted leaves no guest running.
  shark.on_end(function()
    if not handle:is_closing() then
      handle:kill("sigkill")
    end
  end)
  if on_terminal then
    return
  end
  guest.life = life.watch(pid, function() look_at(guest) end)
  guest.heard = guest.life:now()
  connect_qmp(guest)
  guest.stdout:read_start(function(_, chunk)
    if chunk then
      take_output(guest, chunk)
    end
  end)
end

--- Starts a guest.
--- @param options table
---   folder   string   of the kernel, from fetch()
---   base     string   archive made by tests/vm/initramfs
---   work     string   folder for its files, made here
---   iommu    string   one of M.iommus
---   command  string   shell script to run in it; or shell = true: a shell on the terminal
---   disks    string[] properties of each virtio-blk disk, and throttling.* of its drive
---   accel    string   kvm or tcg
---   boot_s   table    { cpu, idle }: seconds without a line before the command starts, instead of BOOT_S
---   silence_s table?  { cpu, idle }: without a line for so many seconds it hangs; nil: no limit for the command
---   on_silence fun(why: string)?  before that, the command is asked to end what hangs, once
---   stderr   integer? descriptor for what QEMU says
---   dump     string?  file for its memory, when the command asks for it
---   smp, nic, append, keep, artefacts (folder for what the command left in /artefacts)
--- @param on_line fun(line: string)  a line that the command printed
--- @param on_end fun(outcome: table) { status } of the command, or { failure = why there is none, console }
function M.start(options, on_line, on_end)
  local guest = setmetatable({
    options = options, folder = options.folder, base = options.base, work = options.work,
    console = options.work .. "/console", on_line = on_line, on_end = on_end,
    pending = "", artefacts = {},
  }, Guest)
  assert(shell.succeeds(("mkdir -p '%s'"):format(options.work)))
  write_initrd(guest)
  start_qemu(guest)
  return guest
end

--- The guest's own time so far (life.lua).
--- @return table { cpu, idle } seconds
function Guest:own_time()
  return self.life:now()
end

--- Ends the guest at once.
function Guest:kill()
  finish(self, { failure = "it was ended from outside" })
end

return M
