--- Tests of the code blocks of the documentation: one for each block, all run before the first test looks.
local blocks = require "blocks"
local shell = require "shell"
local t = require "t"

local M = {}

-- Why the machine refuses, or nil.
local function refusal(block)
  local result = block.result
  if block.needs.bpftrace then -- it warns of what it does not need, too
    local why = result.err:match "[^\n]*[ku]probe[^\n]*" or result.err:match "[^\n]*No such file[^\n]*"
    return result.status ~= 0 and why
  end
  return result.err:match "no way to attach[^\n]*" or result.err:match "there is no function[^\n]*"
end

local function name_of(block)
  local page = block.path:match "([^/]+)%.md$"
  return ("test_%s_%03d_%s"):format(page, block.at, block.heading:gsub("[^%w]+", "_"):sub(1, 40))
end

-- What a block needs that this machine lacks, asked once for each word.
local lacks = {}

local function is_needed_here(word)
  if lacks[word] == nil then
    local ok, message = pcall(t.needs, unpack(blocks.WORDS[word].here or {}))
    lacks[word] = not ok and message or false
  end
  return lacks[word]
end

local function skip_what_lacks(block)
  for word in pairs(block.needs) do
    t.needs(unpack(blocks.WORDS[word].here or {}))
  end
  t.skipIf(block.needs.bpftrace and not shell.succeeds "command -v bpftrace >/dev/null", "no bpftrace here")
end

local function can_run(block)
  for word in pairs(block.needs) do
    if is_needed_here(word) then
      return false
    end
  end
  return not block.reason and block.kind ~= "output"
end

local function without_losses(err)
  return (err:gsub("shark: lost: [^\n]*\n", ""):gsub("shark [%w-]+: the command ended[^\n]*\n", ""))
end

local function check(block)
  local result = block.result
  t.skipIf(refusal(block), refusal(block))
  t.assertEquals({ result.status, block.needs.bpftrace and "" or without_losses(result.err) }, { 0, "" }, block.text)
  t.assertTrue(blocks.told(block), ("%s\ntold nothing: %s"):format(block.text, result.out))
  if block.kind == "console" then
    t.assertNil(blocks.missing_titles(block, result.out), result.out)
  end
end

-- Its block of Lua has run.
local function check_output(block)
  local result = block.before.result
  t.skipIf(refusal(block.before), refusal(block.before))
  t.assertNil(blocks.unlike(block, result.out), result.out)
end

local function test_of(block)
  t.assertNil(blocks.fault(block), ("%s:%d"):format(block.path, block.at))
  if block.kind == "output" then
    skip_what_lacks(block.before)
    check_output(block)
  else
    skip_what_lacks(block)
    check(block)
  end
end

--- Runs the blocks that are wanted, as tests.
--- @param is_wanted fun(block): boolean @param more? table<string, function> further tests
function M.run(is_wanted, more)
  local tests, list = more or {}, {}
  for _, path in ipairs(blocks.pages()) do
    for _, block in ipairs(blocks.of(path)) do
      local where = block.kind == "output" and block.before or block
      if is_wanted(where) and not block.reason then
        tests[name_of(block)] = function() test_of(block) end
        list[#list + 1] = not blocks.fault(block) and can_run(block) and block or nil
      end
    end
  end
  blocks.run(list)
  t.run(tests)
end

return M
