--- A command line as a shell takes it apart, up to the cursor. Nothing in it is expanded: "$(x)" is text.

local M = {}

-- What the backslash takes its meaning from between double quotes.
local IN_QUOTES = "^\\([$`\"\\\n])"

-- One step from a place: the text that is taken, the place behind it, and the quote that is open then.
local function step(line, at, quote)
  local c = line:sub(at, at)
  if c == quote then
    return "", at + 1, nil
  elseif quote == "'" then
    return c, at + 1, quote
  elseif quote then
    local escaped = line:match(IN_QUOTES, at)
    return escaped or c, at + (escaped and 2 or 1), quote
  elseif c == "\\" then
    return line:sub(at + 1, at + 1), at + 2, nil
  end
  return "", at + 1, c
end

-- A word from where it begins: its text, how much of that stands before what the shell replaces, the place
-- behind it, and the quote that is open there. The shell replaces what follows that quote, else the last break.
local function word_at(line, at, breaks)
  local text, kept, quote = "", 0, nil
  while at <= #line and (quote or not line:find("^[%s<>]", at)) do
    local c, before = line:sub(at, at), quote
    local piece = c
    if quote or c:find "[\\'\"]" then
      piece, at, quote = step(line, at, quote)
      kept = quote and not before and #text or kept
    else
      kept, at = breaks:find(c, 1, true) and #text + 1 or kept, at + 1
    end
    text = text .. piece
  end
  return text, kept, at, quote
end

--- The words of a line. Where output or input is redirected, that is none of them.
--- @param line string @param breaks string characters behind which a shell completes anew: $COMP_WORDBREAKS
--- @return table parts { words = without quotes, the last being typed, "" behind a blank;
---   kept = how much of the last the shell leaves as it is; quote = the one that is open, nil: none;
---   is_file = the last is where something is redirected }
function M.parts(line, breaks)
  local parts = { words = {}, kept = 0, is_file = false }
  local at = line:match "^%s*()"
  while true do
    local sign, behind = line:match("^%d*([<>]+)&?%s*()", at)
    at = sign and behind or at
    local text, kept, stop, quote = word_at(line, at, breaks)
    local is_last = stop > #line
    if is_last or not sign then
      parts.words[#parts.words + 1] = text
    end
    if is_last then
      parts.kept, parts.quote, parts.is_file = kept, quote, sign ~= nil
      return parts
    end
    at = line:match("^%s*()", stop)
  end
end

local QUOTED = {
  ["'"] = function(text) return (text:gsub("'", "'\\''")) end,
  -- A ! is the history's there, whatever stands before it.
  ['"'] = function(text) return not text:find "!" and text:gsub('[$`"\\]', "\\%0") or nil end,
}

--- A text as it has to stand in a line to be taken as it is; nil if it cannot stand there. That readline closes an
--- open quote takes a last character other than that.
--- @param text string @param quote? string the quote that is open
--- @return string?
function M.quoted(text, quote)
  if quote then
    return text:sub(-1) ~= quote and QUOTED[quote](text) or nil
  end
  return (text:gsub("[^%w_.,:=@%%+/\128-\255-]", "\\%0"))
end

return M
