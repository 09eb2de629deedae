--- Runs programs and looks at what they print and how they end.
local patience = require "patience"
local bit = require "bit"
local uv = require "uv"

local M = {}

--- A directory of its own that is removed at the end of the process.
function M.temporary_directory()
  local path = assert(uv.fs_mkdtemp("/tmp/shark-test-XXXXXX"))
  return path
end

-- Other users, as whom tests run it, cannot get to what was built in the home of one:
-- then a copy.
local function within_reach(path)
  local folder = path
  repeat
    folder = folder:match("^(.*)/")
    if bit.band(uv.fs_stat(folder .. "/").mode, 1) == 0 then
      local copy = M.temporary_directory()
      uv.fs_chmod(copy, 493) -- 0755
      assert(uv.fs_copyfile(path, copy .. "/shark"))
      assert(uv.fs_symlink((path:gsub("[^/]+$", "tests")), copy .. "/tests")) -- what was built beside it
      return copy .. "/shark"
    end
  until folder == ""
  return path
end

--- The shark that runs this test, where every user can run it.
M.shark = within_reach(uv.exepath())

-- A child that hangs fails its test; seconds, on a quiet machine.
local LIMIT_S = 180

local function read_all(pipe, into)
  pipe:read_start(function(err, chunk)
    assert(not err, err)
    if chunk then
      into[#into + 1] = chunk
    else
      pipe:close()
    end
  end)
end

--- Starts a program. options: stdin (text, then closed; or true: child:write(),
--- child:close_stdin()), env = { "NAME=value" }, cwd, uid, gid, group (true: a session of its own).
--- @return table child with pid, out(), err(), kill(signal), wait(); with group: interrupt(), kill_group()
function M.start(program, args, options)
  options = options or {}
  local child = { stdout = {}, stderr = {} }
  local stdin = options.stdin and uv.new_pipe(false)
  local stdout, stderr = uv.new_pipe(false), uv.new_pipe(false)
  local handle, pid
  handle, pid = uv.spawn(program, {
    args = args, stdio = { stdin or nil, stdout, stderr }, env = options.env, cwd = options.cwd,
    uid = options.uid, gid = options.gid, detached = options.group,
  }, function(status, signal)
    child.status, child.signal = status, signal
    handle:close()
  end)
  assert(handle, pid)
  child.pid = pid
  read_all(stdout, child.stdout)
  read_all(stderr, child.stderr)

  function child.out() return table.concat(child.stdout) end
  function child.err() return table.concat(child.stderr) end
  function child.kill(signal) handle:kill(signal) end
  function child.interrupt() uv.kill(-pid, "sigint") end
  function child.kill_group() uv.kill(-pid, "sigkill") end
  function child.write(text) stdin:write(text) end
  function child.close_stdin() stdin:shutdown(function() stdin:close() end) end

  --- Turns the loop until the condition holds.
  function child.wait_until(condition)
    local expired = false
    local timer = uv.new_timer()
    timer:start(math.ceil(patience.seconds(LIMIT_S) * 1000), 0, function() expired = true end)
    while not condition() and not expired do
      uv.run("once")
    end
    timer:close()
    if expired then
      handle:kill("sigkill")
      error(("no end in sight of: %s %s\nstdout: %s\nstderr: %s"):format(program,
        table.concat(args, " "), child.out(), child.err()))
    end
  end

  --- Turns the loop until the text (plain) has been printed.
  function child.wait_for(text)
    child.wait_until(function()
      return child.out():find(text, 1, true) or child.err():find(text, 1, true) or
        (child.status and stdout:is_closing())
    end)
  end

  --- Whether the child and its output have ended.
  function child.ended()
    return child.status and stdout:is_closing() and stderr:is_closing()
  end

  --- Turns the loop until they have.
  --- @return table result { status, signal, out, err }
  function child.wait()
    child.wait_until(child.ended)
    return { status = child.status, signal = child.signal, out = child.out(), err = child.err() }
  end

  if type(options.stdin) == "string" then
    child.write(options.stdin)
    child.close_stdin()
  end
  return child
end

--- Runs a program to its end.
--- @return table result { status, signal, out, err }
function M.run(program, args, options)
  return M.start(program, args, options).wait()
end

--- Runs shark to its end: M.sh("-e", "print(1)") or M.sh({ options }, "-e", ...).
function M.run_shark(...)
  local args, options = { ... }, nil
  if type(args[1]) == "table" then
    options = table.remove(args, 1)
  end
  return M.run(M.shark, args, options)
end

--- Runs a shell command to its end; $SHARK is the shark that runs this test.
function M.run_shell(command, options)
  options = options or {}
  options.env = { "SHARK=" .. M.shark, "PATH=" .. os.getenv("PATH") }
  return M.run("/bin/sh", { "-c", command }, options)
end

--- The text of a file that is there.
--- @return string
function M.read_file(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

--- Writes a file; returns its path.
function M.write_file(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
  return path
end

return M
