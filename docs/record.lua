--- Runs the console blocks of pages and puts what they print now in place of what is there. What this machine
-- cannot run stays; tests/vm/run --artefacts does the rest in a guest.
-- usage: build/shark docs/record.lua PAGE.md...

package.path = arg[0]:gsub("docs/[^/]+$", "tests/lib/?.lua;") .. arg[0]:gsub("[^/]+$", "?.lua;") .. package.path
local blocks = require "blocks"
local proc = require "proc"
local written = require "written"

-- What pages are read on.
table.insert(blocks.environment, "COLUMNS=80")

local FIRST, LAST, MOST = 18, 8, 30 -- lines; of longer ones the first and the last

local function shortened(lines)
  if #lines <= MOST then
    return lines
  end
  local short = { unpack(lines, 1, FIRST) }
  short[#short + 1] = "..."
  for i = #lines - LAST + 1, #lines do
    short[#short + 1] = lines[i]
  end
  return short
end

local function lines_of(text)
  local lines = {}
  for line in (text:gsub("^\n+", "\n"):gsub("\n+$", "") .. "\n"):gmatch "([^\n]*)\n" do
    lines[#lines + 1] = line
  end
  return lines
end

local function recorded(block, printed)
  local lines = {}
  for i, each in ipairs(blocks.commands(block)) do
    for line in ("$ " .. each.command):gmatch "[^\n]+" do
      lines[#lines + 1] = line
    end
    for _, line in ipairs(shortened(lines_of(printed[i].out))) do
      lines[#lines + 1] = line
    end
  end
  return table.concat(lines, "\n")
end

-- Steps of a guide share a shell.
local function run(list)
  local printed, guide = {}, {}
  for _, block in ipairs(list) do
    if block.needs.guide then
      guide[#guide + 1] = block
    elseif block.kind == "console" then
      printed[block] = blocks.run_in_one_shell({ block })[1]
    end
  end
  for i, done in ipairs(#guide > 0 and blocks.run_in_one_shell(guide) or {}) do
    printed[guide[i]] = done
  end
  return printed
end

for i = 1, #arg do
  local text, at = assert(written.read(arg[i])), 1
  local list = blocks.of(arg[i])
  local printed = run(list)
  for _, block in ipairs(list) do
    if block.kind == "console" and not block.reason then
      local from, to = text:find(block.text, at, true)
      local now = recorded(block, printed[block])
      text, at = text:sub(1, from - 1) .. now .. text:sub(to + 1), from + #now
    end
  end
  proc.write_file(arg[i], text)
end
