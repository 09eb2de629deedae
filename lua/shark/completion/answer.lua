--- Says what can be typed at the end of a script's command line, for a shell: a line each of
--   word TEXT   instead of what the shell replaces (see shark.completion.line), quoted as it has to be
--   files       a name of a file

local foreign = require "shark.text.foreign"
local line = require "shark.completion.line"
local out = require "shark.text.out"
local place = require "shark.completion.place"
local values = require "shark.completion.values"

local M = {}

local function names_of(parser)
  local list = { "--" }
  for _, option in ipairs(parser._options) do
    for _, name in ipairs(option._hidden and {} or option._public_aliases) do
      list[#list + 1] = name
    end
  end
  return list
end

local function is_accepted(element, value)
  local convert = element._convert
  return type(convert) ~= "function" or convert(value) ~= nil
end

local function values_of(parser, at, typed)
  local list, script, element = {}, parser._name:gsub("^shark ", ""), at.element
  for _, value in ipairs(element._choices or values.of(place.kind(element), typed, script, at.arguments)) do
    list[#list + 1] = is_accepted(element, value) and at.before .. value or nil
  end
  return list
end

-- Where nothing is left to be named but a command, options can still come.
local function candidates_at(parser, at, typed)
  if at.element and place.kind(at.element) ~= "COMMAND" then
    return values_of(parser, at, typed:sub(#at.before + 1))
  end
  return not at.ended and names_of(parser) or {}
end

--- @param parser table of argparse @param text string the line behind the script's name, up to the cursor
--- @param breaks string see shark.completion.line
--- @return string[] words what the shell can put in, quoted
--- @return boolean files whether names of files can stand there
function M.of(parser, text, breaks)
  local parts = line.parts(text, breaks)
  local typed = parts.words[#parts.words]
  local at = place.of_last(parser, parts.words)
  if parts.is_file or at.element and place.kind(at.element) == "FILE" then
    return {}, true
  end
  local words = {}
  for _, candidate in ipairs(candidates_at(parser, at, typed)) do
    -- What cannot be shown as it is cannot be typed either.
    local fits = candidate:sub(1, #typed) == typed and foreign.line(candidate) == candidate
    words[#words + 1] = fits and line.quoted(candidate:sub(parts.kept + 1), parts.quote) or nil
  end
  return words, false
end

--- Prints it.
function M.print(parser, text, breaks)
  local words, files = M.of(parser, text, breaks)
  for _, word in ipairs(words) do
    out.line("word %s", word)
  end
  if files then
    out.line "files"
  end
end

return M
