--- JSON as RFC 8259 has it and nothing else: valid UTF-8, no field twice, no half of a
--- surrogate pair, nothing after the value. Independent of what shark encodes with.
local M = {}

local text, at

local function fail(what)
  error(("%s at byte %d: %s"):format(what, at, text:sub(at, at + 40)), 0)
end

local function skip()
  at = text:find("[^ \t\r\n]", at) or #text + 1
end

local function expect(pattern, what)
  local found = text:match("^" .. pattern, at)
  if not found then
    fail(what .. " expected")
  end
  at = at + #found
  return found
end

local CONTINUATION = "[\128-\191]"
-- RFC 3629, section 4
local UTF8 = {
  "^[%z\1-\127]", "^[\194-\223]" .. CONTINUATION, "^\224[\160-\191]" .. CONTINUATION,
  "^[\225-\236\238\239]" .. CONTINUATION:rep(2), "^\237[\128-\159]" .. CONTINUATION,
  "^\240[\144-\191]" .. CONTINUATION:rep(2), "^[\241-\243]" .. CONTINUATION:rep(3),
  "^\244[\128-\143]" .. CONTINUATION:rep(2),
}

local function character()
  for _, pattern in ipairs(UTF8) do
    local found = text:match(pattern, at)
    if found then
      at = at + #found
      return found
    end
  end
  fail "no UTF-8"
end

local ESCAPES = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", ['"'] = '"', ["\\"] = "\\", ["/"] = "/" }

-- What a unit of UTF-16 stands for matters to no test: it stays \uNNNN.
local function escaped()
  at = at + 1
  local letter = text:sub(at, at)
  if letter ~= "u" then
    at = at + 1
    return ESCAPES[letter] or fail "an escape"
  end
  local unit = tonumber(expect("u%x%x%x%x", "\\u and four digits"):sub(2), 16)
  if unit >= 0xdc00 and unit <= 0xdfff then
    fail "second half of a pair"
  elseif unit >= 0xd800 and unit <= 0xdbff then
    expect("\\u[dD][c-fC-F]%x%x", "the other half of a pair")
  end
  return unit < 128 and string.char(unit) or ("\\u%04x"):format(unit)
end

local function string_value()
  expect('"', "a string")
  local parts = {}
  while text:sub(at, at) ~= '"' do
    local byte = text:byte(at) or fail "the end of a string"
    if byte < 32 then
      fail "a control character"
    end
    parts[#parts + 1] = byte == 92 and escaped() or character()
  end
  at = at + 1
  return table.concat(parts)
end

local function number_value()
  expect("%-?", "a number")
  local _ = text:match("^0", at) and expect("0", "") or expect("[1-9]%d*", "a number")
  if text:match("^%.", at) then
    expect("%.%d+", "digits")
  end
  if text:match("^[eE]", at) then
    expect("[eE][+-]?%d+", "an exponent")
  end
  return true
end

local value

local function items(close, item)
  at = at + 1
  skip()
  if text:sub(at, at) == close then
    at = at + 1
    return
  end
  repeat
    skip()
    item()
    skip()
    local separator = expect("[,%]}]", "a comma or an end")
    if separator ~= "," and separator ~= close then
      fail("'" .. close .. "'")
    end
  until separator == close
end

local function object_value()
  local object = {}
  items("}", function()
    local name = string_value()
    if object[name] ~= nil then
      fail(("the field '%s' again"):format(name))
    end
    skip()
    expect(":", "a colon")
    object[name] = value()
  end)
  return object
end

local function list_value()
  local list = {}
  items("]", function() list[#list + 1] = value() end)
  return list
end

local function word(text_of_it)
  return function()
    expect(text_of_it, text_of_it)
    return text_of_it
  end
end

local VALUES = {
  ["{"] = object_value, ["["] = list_value, ['"'] = string_value, t = word "true", f = word "false", n = word "null",
}

function value()
  skip()
  local start = at
  local found = (VALUES[text:sub(at, at)] or number_value)()
  return found == true and text:sub(start, at - 1) or found
end

--- The value of a text; numbers and words as they are written. Raises what is wrong.
--- @param json string
function M.decode(json)
  text, at = json, 1
  local found = value()
  skip()
  if at <= #text then
    fail "more than a value"
  end
  return found
end

return M
