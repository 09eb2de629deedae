--- Bytes of a terminal as keys: a character each, or a name for those that have none.

local M = {}

local NAMES = {
  ["\1"] = "home", ["\5"] = "end", ["\8"] = "backspace", ["\9"] = "tab", ["\10"] = "enter", ["\12"] = "redraw",
  ["\13"] = "enter", ["\21"] = "clear", ["\127"] = "backspace",
}

-- What stands behind "ESC [" or "ESC O"; those of xterm, of VT220 and of the Linux console.
local SEQUENCES = {
  A = "up", B = "down", H = "home", F = "end", Z = "backtab",
  ["1~"] = "home", ["4~"] = "end", ["5~"] = "pageup", ["6~"] = "pagedown", ["7~"] = "home", ["8~"] = "end",
}

-- The key at a place, and the place behind it: nil for a sequence that means nothing here; nothing
-- at all where bytes of it are still to come.
local function escape_at(bytes, at)
  local introducer = bytes:sub(at + 1, at + 1)
  if introducer == "" then
    return nil
  elseif introducer == "[" then
    local parameters, behind = bytes:match("^(%[?[\32-\63]*[\64-\126])()", at + 2)
    return behind and { name = SEQUENCES[parameters], behind = behind }
  elseif introducer == "O" then
    local final, behind = bytes:match("^(.)()", at + 2)
    return behind and { name = SEQUENCES[final], behind = behind }
  end
  return { name = "escape", behind = at + 1 }
end

-- Bytes of a character of UTF-8, by its first.
local function length_of(byte)
  return byte >= 0xf0 and 4 or byte >= 0xe0 and 3 or byte >= 0xc0 and 2 or 1
end

local function key_at(bytes, at)
  local first = bytes:sub(at, at)
  if first == "\27" then
    return escape_at(bytes, at)
  elseif first:find("[%c\127]") then
    return { name = NAMES[first], behind = at + 1 }
  end
  local behind = at + length_of(first:byte())
  return behind <= #bytes + 1 and { name = bytes:sub(at, behind - 1), behind = behind } or nil
end

--- The keys of bytes that came.
--- @param bytes string
--- @return string[] keys "q", "ä", "up", "enter", ... @return string rest the beginning of a key whose end has
---   not come; a lone Escape is such a one, too
function M.decode(bytes)
  local keys, at = {}, 1
  while at <= #bytes do
    local key = key_at(bytes, at)
    if not key then
      return keys, bytes:sub(at)
    end
    keys[#keys + 1], at = key.name, key.behind
  end
  return keys, ""
end

--- The keys of a rest that nothing has come behind.
--- @param rest string @return string[] keys
function M.flush(rest)
  return rest == "\27" and { "escape" } or {}
end

--- Is a key a character that can stand in a text?
--- @param key string @return boolean
function M.is_character(key)
  local first = key:byte()
  return #key == 1 and first >= 32 and first < 127 or first >= 128
end

return M
