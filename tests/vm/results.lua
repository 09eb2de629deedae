--- What the tests of guests printed, for tests/run to judge:
--   DIR/GUEST/TEST.tap       what the test printed, as far as it came
--   DIR/GUEST/TEST.status    its exit status, then seconds: CPU of QEMU, its idle time, on the clock
--   DIR/GUEST/TEST.first.tap what it had printed when its guest failed the first time
--   DIR/GUEST/failures       a line for each time that the guest failed
--   DIR/GUEST/console.N      the console of the guest's Nth start, if it failed
--   DIR/GUEST/index, DIR/index   names of the results
local M = {}

local Results = {}
Results.__index = Results

local function write(path, text, mode)
  os.execute(("mkdir -p '%s'"):format(path:match("^(.*)/")))
  local file = assert(io.open(path, mode or "w"))
  assert(file:write(text))
  assert(file:close())
end

local function read(path)
  local file = io.open(path)
  local text = file and file:read("*a") or ""
  if file then
    file:close()
  end
  return text
end

-- What tests/run calls a folder of results: vm is build/vm/results, matrix build/vm/matrix.
local function set_of(directory)
  local last = directory:match("[^/]+$")
  return last == "results" and "vm" or last
end

--- Results of one guest, none so far.
--- @param directory string
--- @param name string of the guest
function M.new(directory, name)
  os.execute(("rm -rf '%s/%s'"):format(directory, name))
  return setmetatable({ directory = directory, set = set_of(directory), name = name, done = {}, names = {} }, Results)
end

function Results:path(file)
  return ("%s/%s/%s"):format(self.directory, self.name, file)
end

--- Keeps what a test printed.
--- @param text string TAP
--- @param status integer exit status
--- @param spent table? { cpu, idle, wall } seconds
function Results:add(test, text, status, spent)
  spent = spent or { cpu = 0, idle = 0, wall = 0 }
  write(self:path(test .. ".tap"), text)
  write(self:path(test .. ".status"), ("%d %.1f %.1f %.1f\n"):format(status, spent.cpu, spent.idle, spent.wall))
  self.names[#self.names + 1] = ("%s/%s/%s"):format(self.set, self.name, test)
  self.done[test] = true
end

--- The lines of a test that was cut short, completed so that it fails for that reason.
--- @return string TAP
function M.cut_short(lines, reason)
  local last, planned = 0, false
  for _, line in ipairs(lines) do
    last = tonumber(line:match("^ok (%d+)") or line:match("^not ok (%d+)")) or last
    planned = planned or line:match("^1%.%.%d") ~= nil
  end
  local text = ("%snot ok %d - %s\n"):format(table.concat(lines, "\n") .. (#lines > 0 and "\n" or ""), last + 1,
    (reason:gsub("#", "\\#")))
  return planned and text or text .. ("1..%d\n"):format(last + 1)
end

--- Keeps what a test had printed when its guest failed the first time.
function Results:add_first(test, lines)
  write(self:path(test .. ".first.tap"), table.concat(lines, "\n") .. "\n")
end

--- Notes that the guest failed, and keeps its console.
--- @param start integer which start of the guest
function Results:add_failure(start, text, console)
  write(self:path("failures"), (text:gsub("\n", " ")) .. "\n", "a")
  write(self:path("console." .. start), console or "")
end

--- Writes the guest's index.
function Results:close()
  table.sort(self.names)
  write(self:path("index"), table.concat(self.names, "\n") .. "\n")
end

--- Writes the index of all guests that have one.
function M.join(directory)
  local pipe = io.popen(("ls -d '%s'/*/index 2>/dev/null"):format(directory))
  local parts = {}
  for path in pipe:lines() do
    parts[#parts + 1] = read(path)
  end
  pipe:close()
  write(directory .. "/index", table.concat(parts))
end

return M
