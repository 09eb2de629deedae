-- execs: a line for each program that is started
local cli = require "shark.cli"
local probetable = require "shark.probetable"

local NAME = "execs"

local parser = cli.parser(NAME, "Prints each program that is started: its process, who started it, the file.")
parser:option("--uid", "Of this user only."):argname("UID"):convert(cli.number)
cli.add_run_options(parser)
local options = parser:parse()

local only = options.uid or -1

local function started(task, old_pid, bprm)
  if only < 0 or uid() == only then
    emit { pid = task.tgid, ppid = task.real_parent.tgid, uid = uid(), was = old_pid, comm = str(task.comm),
      file = str(bprm.filename, 128) }
  end
end

probetable.lines {
  name = NAME, options = options, what = "programs started", filters = { "uid" },
  session = probetable.attach(NAME, { { "sched_process_exec", started } }),
  columns = { { title = "PID", field = "pid", width = 8 }, { title = "PPID", field = "ppid", width = 8 },
    { title = "UID", field = "uid", width = 6 }, { title = "COMM", field = "comm", width = 16 },
    { title = "FILE", field = "file" } },
}
