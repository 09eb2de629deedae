--- The kernel's command line.

local files = require "shark.system.files"

local M = {}

-- Words, with quotes kept together: a="b c" is one.
local function words_of(text)
  local words, rest = {}, text
  while true do
    local word, after = rest:match('^%s*([^%s"]*"[^"]*"[^%s]*)(.*)$')
    if not word then
      word, after = rest:match("^%s*(%S+)(.*)$")
    end
    if not word then
      return words
    end
    words[#words + 1], rest = word, after
  end
end

--- The words that are given or begin with "name=".
--- @param text string /proc/cmdline @param ... string names
--- @return string[] words in order
function M.find(text, ...)
  local wanted, found = {}, {}
  for _, name in ipairs { ... } do
    wanted[name] = true
  end
  for _, word in ipairs(words_of(text)) do
    if word == "--" then -- what follows is init's
      break
    elseif wanted[word:match("^[^=]*")] then
      found[#found + 1] = word
    end
  end
  return found
end

--- Has one of the options (name=a,b,c) of a name been given?
function M.has_option(text, name, option)
  for _, word in ipairs(M.find(text, name)) do
    for given in (word:match("=(.*)$") or ""):gmatch("[^,]+") do
      if given == option then
        return true
      end
    end
  end
  return false
end

--- Of several options of a name that exclude one another, the one given last:
--- the kernel takes them in order.
--- @param options string[] @return string? option
function M.last_option(text, name, options)
  local wanted, last = {}, nil
  for _, option in ipairs(options) do
    wanted[option] = true
  end
  for _, word in ipairs(M.find(text, name)) do
    for given in (word:match("=(.*)$") or ""):gmatch("[^,]+") do
      last = wanted[given] and given or last
    end
  end
  return last
end

--- This kernel's.
--- @return string text "" when it cannot be read
function M.read()
  return files.line("/proc/cmdline") or ""
end

return M
