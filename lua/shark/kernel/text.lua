--- Kernel objects as text, in the manner of gdb's print.

local memory = require "shark.kernel.memory"
local object = require "shark.kernel.object"
local types = require "shark.kernel.types"

local M = {}

local MAX_ELEMENTS = 16
local MAX_DEPTH = 8

local render

local function quote(text)
  return '"' .. text:gsub('[%c"\\\128-\255]', function(c)
    return ("\\%03o"):format(c:byte())
  end) .. '"'
end

local function hex(value)
  return "0x" .. memory.to_hex(value)
end

-- Pointers to text and functions say what is there; others, where it is.
local function render_pointer(type, value)
  local kind = types.target(type).kind
  if value == 0 then
    return "NULL"
  elseif kind ~= "char" and kind ~= "function" then
    return hex(value)
  end
  local text, message = memory.attempt(object.follow, type, value)
  if not text then
    return ("%s <%s>"):format(hex(value), message)
  end
  return kind == "char" and quote(text) or text
end

local function render_composite(value, depth)
  if depth > MAX_DEPTH then
    return "{...}"
  end
  local indent, lines = ("  "):rep(depth), {}
  for _, member in ipairs(types.members(object.type(value))) do
    lines[#lines + 1] = ("%s  %s%s"):format(indent, member.name ~= "" and member.name .. " = " or "",
      render(value, member, depth + 1))
  end
  return ("{\n%s\n%s}"):format(table.concat(lines, ",\n"), indent)
end

local function render_elements(value, depth)
  local mine = object.type(value)
  local element, parts = types.target(mine), {}
  for i = 0, math.min(mine.count, MAX_ELEMENTS) - 1 do
    parts[#parts + 1] = render(value, { type = element, offset = i * element.size, bits = 0 }, depth)
  end
  if mine.count > MAX_ELEMENTS then
    parts[#parts + 1] = ("... %d more"):format(mine.count - MAX_ELEMENTS)
  end
  return "{" .. table.concat(parts, ", ") .. "}"
end

local function scalar(value)
  if type(value) == "string" then
    return value
  elseif type(value) == "cdata" then
    return (tostring(value):gsub("U?LL$", ""))
  end
  return tostring(value)
end

-- The value of a member of an object.
function render(of, member, depth)
  local kind = member.type.kind
  if kind == "pointer" and member.bits == 0 then
    return render_pointer(member.type, object.pointer(of, member.offset))
  end
  local value = object.get(of, member)
  if not object.is_object(value) then
    return kind == "array" and quote(value) or scalar(value)
  elseif kind == "array" then
    return render_elements(value, depth)
  end
  return render_composite(value, depth)
end

-- "(struct irq_desc *) 0xffff888003d1a400"
local function header(value)
  return ("(%s) %s"):format(types.label(types.pointer_to(object.type(value))), hex(object.address(value)))
end

local function body(value)
  local mine = object.type(value)
  if mine.kind == "declared" or mine.kind == "array" and mine.count == 0 then
    return header(value)
  end
  local copy = object.bytes(value) and value or object.copy(value)
  if mine.kind == "array" then
    return ("%s = %s"):format(header(value), render_elements(copy, 0))
  end
  return ("%s = %s"):format(header(value), render_composite(copy, 0))
end

--- An object as text: where it is, and all its fields, from one read. What
--- cannot be read is said in its place.
function M.describe(value)
  local text, message = memory.attempt(body, value)
  return text or ("%s <%s>"):format(header(value), message)
end

return M
