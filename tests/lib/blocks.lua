--- The code blocks of README.md and docs: which there are, and running them.
--
-- What stands behind the fence is the block's kind and what it needs:
--   ```sh root          shell commands
--   ```lua root disk    a script; with "continues" the block of Lua before it comes first
--   ```console root     commands behind "$ ", and what they printed
--   ```output           what the block of Lua before it printed
-- Needs are those of WORDS. "not run: REASON" ends the line of a block that is only shown.
local markdown = require "shark.text.markdown"
local patience = require "patience"
local proc = require "proc"
local uv = require "uv"

local M = {}

local KINDS = { sh = true, lua = true, console = true, output = true }

--- What a block can need: "here" is what t.needs() has; in_guest: only the guest of guest/docs_test.lua has it.
M.WORDS = {
  root = { here = { "root", "tracing", "tracefs" } },
  disk = { here = { "disk" } },
  bpftrace = { here = { "root", "tracefs" } }, -- compiled only, nothing is attached
  functions = { in_guest = true },             -- probes of the kernel's functions
  iommu = { in_guest = true },                 -- one that remaps interrupts
  moves = { in_guest = true },                 -- it moves an interrupt
  guide = { in_guest = true },                 -- a step of docs/guide.md: they share a shell
  quiet = {},                                  -- what it watches for need not happen
  continues = {},
}

-- ---- reading ----

local function read_info(block, info)
  local words, reason = info:match "^(.-)%s*not run: (.+)$"
  block.reason, block.needs = reason, {}
  for word in (words or info):gmatch "%S+" do
    if not block.kind then
      block.kind = word
    else
      block.needs[word] = true
      block.unknown = block.unknown or not M.WORDS[word] and word or nil
    end
  end
  block.in_guest = false
  for word in pairs(block.needs) do
    block.in_guest = block.in_guest or (M.WORDS[word] or {}).in_guest or false
  end
end

--- The blocks of a page, in their order.
--- @param path string @return table[] { path, at = line, kind, needs, reason?, unknown?, in_guest, text, lines,
---   heading = the last text before it, before? = the block of Lua before it }
function M.of(path)
  local file = assert(io.open(path))
  local list, heading, lua = {}, path, nil
  for _, each in ipairs(markdown.parse(file:read "*a")) do
    if each.kind == "code" then
      local block = { path = path, at = each.at, lines = each.lines, text = table.concat(each.lines, "\n"),
        heading = heading, before = lua }
      read_info(block, each.info)
      lua = block.kind == "lua" and block or lua
      list[#list + 1] = block
    elseif each.text then
      heading = each.text
    end
  end
  file:close()
  return list
end

--- What is wrong with what stands behind a fence, or nil.
function M.fault(block)
  if not KINDS[block.kind or ""] then
    return ("a block of the kind '%s', which tests do not run: %s"):format(tostring(block.kind), block.text)
  elseif block.unknown then
    return ("a block that needs '%s', which nobody knows"):format(block.unknown)
  elseif block.kind == "output" and not block.before then
    return "output of no block of Lua"
  end
end

-- ---- what is run ----

--- "$ command", which a backslash or an open quote continues on lines that are indented; then what it printed.
--- @param block table @return table[] { command, printed = lines }; a block of the kind "sh" is one
function M.commands(block)
  if block.kind == "sh" then
    return { { command = block.text, printed = {} } }
  end
  local list, open = {}, false
  for _, line in ipairs(block.lines) do
    local command, last = line:match "^%$ (.*)$", list[#list]
    if command then
      list[#list + 1] = { command = command, printed = {} }
    elseif open then
      last.command = last.command .. "\n" .. line
    elseif last then
      table.insert(last.printed, line)
    end
    last = list[#list]
    local _, quotes = last.command:gsub("[\"']", "")
    open = (command or open) and (last.command:find "\\$" ~= nil or quotes % 2 == 1)
  end
  return list
end

local function script_of(block)
  if block.kind == "lua" then
    local text = block.needs.continues and script_of(block.before) .. "\n" .. block.text or block.text
    return text
  elseif block.kind == "sh" then
    return block.needs.bpftrace and block.text:gsub("^bpftrace", "bpftrace -d") or block.text
  end
  local parts = {}
  for i, each in ipairs(M.commands(block)) do
    parts[i] = each.command
  end
  return table.concat(parts, "\n")
end

-- A folder with shark in it, and with what examples read.
local directory = proc.temporary_directory()
assert(uv.fs_symlink(proc.shark, directory .. "/shark"))
if require("t").in_guest then
  assert(uv.fs_symlink("/dev/vda", directory .. "/file"))
else
  proc.write_file(directory .. "/file", ("shark and chips\n"):rep(2 ^ 19))
end
--- What commands are run with.
M.environment = { ("PATH=%s:%s"):format(directory, os.getenv "PATH"), "HOME=" .. directory }
local scripts = 0

-- The shell outlives the interrupt that ends what it runs.
local function start_text(text)
  return proc.start("/bin/sh", { "-c", "trap : INT\n" .. text }, { env = M.environment, cwd = directory, group = true })
end

local function start(block)
  local text = script_of(block)
  if block.kind == "lua" then
    scripts = scripts + 1
    text = "shark " .. proc.write_file(("%s/%d.lua"):format(directory, scripts), text)
  end
  return start_text(text)
end

local NEXT, END = "@@next", "@@end@@"

--- Runs blocks of commands in one shell, one after the other; what they leave running is ended behind the last.
--- @param list table[]
--- @return table[][] of each block, for each of its commands: { out = what it printed, status }
function M.run_in_one_shell(list)
  local parts, done = { "exec 2>&1" }, {}
  for _, block in ipairs(list) do
    for _, each in ipairs(M.commands(block)) do
      parts[#parts + 1] = ("%s\necho %s $?"):format(each.command, NEXT)
    end
  end
  parts[#parts + 1] = "echo " .. END
  local child = start_text(table.concat(parts, "\n"))
  child.wait_for(END)
  child.kill_group()
  local rest = child.wait().out
  for i, block in ipairs(list) do
    done[i] = {}
    for k in ipairs(M.commands(block)) do
      local out, status, after = rest:match("^(.-)" .. NEXT .. " (%d+)\n(.*)$")
      done[i][k], rest = { out = out or rest, status = tonumber(status) or -1 }, after or ""
    end
  end
  return done
end

-- What happens on every machine all the time, or is done here meanwhile.
local LOAD = "while :; do /bin/true; cat /etc/hostname; dd if=file of=/dev/null bs=4k count=4 iflag=direct; " ..
  "sleep 0.1; done > /dev/null 2>&1"

-- Whether something was counted or seen: a line of figures, besides those that are always there.
local function has_figures(out)
  for line in out:gmatch "[^\n]+" do
    if line:find "%d" and not line:find ", [%d.]+ s$" and not line:find "^attached:" and not line:find "^lost:"
      and not line:find "^%s*0$" then
      return true
    end
  end
  return false
end

--- Whether a block that has run did what it is for.
--- @param block table @return boolean
function M.told(block)
  local result = block.result
  if result.status ~= 0 or block.kind ~= "sh" or block.needs.quiet or block.needs.bpftrace then
    return result.status == 0 and result.out:find "%w" ~= nil
  end
  return has_figures(result.out)
end

local AT_ONCE = 8
local TURNS_S = { 1, 4, 12 }
local OF_KIND = { sh = 1, lua = 5, console = 10 } -- times as long: most of them end by themselves
local LIMIT_S = 60 -- what has not ended so long after it was interrupted hangs

-- One that goes on is interrupted when its time is over.
local function look_at(each)
  if each.over() and not each.hangs then
    each.child.interrupt()
    each.hangs, each.over = patience.limit(LIMIT_S), patience.limit(LIMIT_S)
  elseif each.hangs and each.hangs() then
    each.child.kill_group()
  end
  if each.child.ended() then
    each.block.result = each.child.wait()
    each.block.result.interrupted = each.hangs ~= nil
  end
  return each.child.ended()
end

-- Some at a time: when one has ended the next one starts.
local function run_all(list, seconds)
  local running, next_one, tick = {}, 1, uv.new_timer()
  tick:start(20, 20, function() end)
  repeat
    while #running < AT_ONCE and list[next_one] do
      local block = list[next_one]
      local over = patience.limit(seconds * OF_KIND[block.kind])
      running[#running + 1] = { block = block, child = start(block), over = over }
      next_one = next_one + 1
    end
    uv.run "once"
    for i = #running, 1, -1 do
      if look_at(running[i]) then
        table.remove(running, i)
      end
    end
  until #running == 0 and not list[next_one]
  tick:close()
end

-- Not yet, or it told nothing in its time.
local function is_to_run(block)
  local result = block.result
  return not result or not M.told(block) and (result.status == 0 or result.interrupted)
end

--- Runs blocks, some at a time; each then has its `result` { status, signal, out, err }. What goes on until it is
--- interrupted is, and runs longer where it told nothing.
--- @param list table[]
function M.run(list)
  local load = proc.start("/bin/sh", { "-c", LOAD }, { cwd = directory, group = true })
  for _, seconds in ipairs(TURNS_S) do
    local silent = {}
    for _, block in ipairs(list) do
      silent[#silent + 1] = is_to_run(block) and block or nil
    end
    run_all(silent, seconds)
  end
  load.kill_group()
  load.wait()
end

-- ---- what it printed ----

-- "36\tvirtio1-req.0\t2000" is "number text number".
local function shape_of(line)
  local parts = {}
  for field in (line .. "\t"):gmatch "([^\t]*)\t" do
    parts[#parts + 1] = tonumber(field) and "number" or field == "nil" and "number" or field == "" and "" or "text"
  end
  return table.concat(parts, " ")
end

--- A line of the output whose fields none that was printed has, or nil.
--- @param block table of the kind "output" @param out string
function M.unlike(block, out)
  local there = {}
  for line in out:gmatch "[^\n]+" do
    there[shape_of(line)] = true
  end
  for _, line in ipairs(block.lines) do
    if not there[shape_of(line)] then
      return line
    end
  end
end

-- "IRQ CPU ACTION COUNT"
local function are_titles(line)
  local n = 0
  for word in line:gmatch "%S+" do
    if not word:find "^%u[%u%d:/%-]*$" then
      return false
    end
    n = n + 1
  end
  return n >= 3
end

-- Are the words of one line in the other, in their order? Of a wide table some columns were left out on a page.
local function has_words(line, wanted)
  local next_word = wanted:gmatch "%S+"
  local word = next_word()
  for there in line:gmatch "%S+" do
    if there == word then
      word = next_word()
    end
  end
  return word == nil
end

local function is_titled(out, titles)
  for line in out:gmatch "[^\n]+" do
    if has_words(line, titles) then
      return true
    end
  end
  return false
end

--- Titles of a table that were printed when the block was written, and are not now, or nil.
--- @param block table of the kind "console" @param out string
function M.missing_titles(block, out)
  for _, each in ipairs(M.commands(block)) do
    for _, line in ipairs(each.printed) do
      if are_titles(line) and not is_titled(out, line) then
        return line
      end
    end
  end
end

--- The pages whose blocks run.
--- @return string[]
function M.pages()
  local list = { "README.md" }
  for _, folder in ipairs { "docs", "docs/scripts" } do
    for name in uv.fs_scandir_next, assert(uv.fs_scandir(folder)) do
      list[#list + 1] = name:find "%.md$" and folder .. "/" .. name or nil
    end
  end
  table.sort(list)
  return list
end

return M
