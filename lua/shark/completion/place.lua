--- Where in a script's command line a word stands: what the parser would take it for.

local M = {}

--- The kind of an option's value, or of an argument: the word that the help has for it, in capitals.
--- @param element table of argparse @return string
function M.kind(element)
  local name = element._argname or element._target or element._name:gsub("^%-+", "")
  return type(name) == "string" and name:upper() or ""
end

local function by_name(parser)
  local options = {}
  for _, option in ipairs(parser._options) do
    for _, alias in ipairs(option._aliases) do
      options[alias] = option
    end
  end
  return options
end

-- The arguments, one after the other; the last one may take all that follow.
local function next_argument(parser, taken)
  for _, argument in ipairs(parser._arguments) do
    taken = taken - argument._maxargs
    if taken < 0 then
      return argument
    end
  end
end

--- What the last word is, after those before it.
--- @param parser table of argparse @param words string[]
--- @return table place { element = option whose value it is, or argument, nil if there is none left;
---   before = what of the word is not the value: "--way="; ended = no option can follow;
---   arguments = those before it, by their kind }
function M.of_last(parser, words)
  local options, waiting, taken, ended = by_name(parser), nil, 0, false
  local arguments = {}
  for i = 1, #words - 1 do
    local word = words[i]
    local option = not ended and options[word]
    if waiting then
      waiting = nil
    elseif option then
      waiting = option._maxargs > 0 and option or nil
    elseif not ended and word == "--" then
      ended = true
    elseif ended or not word:find "^%-." then
      local argument = next_argument(parser, taken)
      arguments[argument and M.kind(argument) or ""] = word
      taken = taken + 1
    end
  end
  local last = words[#words]
  local name, value = last:match "^(%-%-[^=]+=)(.*)$"
  if waiting then
    return { element = waiting, before = "", arguments = arguments }
  elseif value and not ended then
    return { element = options[name:sub(1, -2)], before = name, arguments = arguments }
  elseif last:find "^%-" and not ended then
    return { before = "", arguments = arguments }
  end
  return { element = next_argument(parser, taken), before = "", ended = ended, arguments = arguments }
end

return M
