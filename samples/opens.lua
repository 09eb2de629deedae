-- opens: a line for each file that is opened, with what came of it
local cli = require "shark.cli"
local probe = require "shark.probe"
local probetable = require "shark.probetable"

local NAME = "opens"

local parser = cli.parser(NAME, "Prints each file that is opened: by whom, what came of it, the path.")
cli.options(parser, { "pid" })
parser:flag("--failed", "Only what failed.")
cli.add_run_options(parser)
local options = parser:parse()
local paths = probe.map("tid", "u64", { entries = 10240 })
local only, failed = options.pid or -1, options.failed or false

local function entered(r)
  if only < 0 or pid() == only then paths[tid()] = r.filename end
end
local function left(r)
  local path = paths[tid()]
  if path and (not failed or r.ret < 0) then
    emit { pid = pid(), comm = comm(), ret = r.ret, path = ustr(path, 128) }
  end
  paths[tid()] = nil
end

local list = {}
for _, name in ipairs { "open", "openat", "openat2" } do
  if probe.describe("syscalls:sys_enter_" .. name) then -- openat2: since 5.6
    list[#list + 1] = { "syscalls:sys_enter_" .. name, entered }
    list[#list + 1] = { "syscalls:sys_exit_" .. name, left }
  end
end

probetable.lines {
  name = NAME, options = options, session = probetable.attach(NAME, list), what = "files opened",
  filters = { "failed" },
  columns = { { title = "PID", field = "pid", width = 8 }, { title = "COMM", field = "comm", width = 16 },
    { title = "RET", field = "ret", width = 4 }, { title = "PATH", field = "path" } },
}
