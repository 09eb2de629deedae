--- The format files of classic tracepoints, events/GROUP/EVENT/format in tracefs: where in
--- a record which field is.

local M = {}

-- "__data_loc char[] name", "unsigned long args[6]", "const char * name": the type, what is
-- said of it, and the name.
local function parse_declaration(declaration)
  local where, rest = declaration:match("^(__%a+_loc)%s+(.*)$")
  local head, count = (rest or declaration):match("^(.-)%s*%[(%d*)%]$")
  local ctype, name = (head or rest or declaration):match("^(.-)%s*([%a_][%w_]*)$")
  if ctype and ctype:find("%[%]$") then
    ctype, count = ctype:gsub("%s*%[%]$", ""), ""
  end
  if not ctype or ctype == "" then
    return nil
  end
  return {
    name = name, ctype = ctype, is_array = count ~= nil, count = tonumber(count),
    is_data_loc = where == "__data_loc", is_rel_loc = where == "__rel_loc",
  }
end

local function parse_field(line)
  local declaration, offset, size, signed =
    line:match("^%s*field:(.-);%s*offset:(%d+);%s*size:(%d+);%s*signed:(%d+);")
  local field = declaration and parse_declaration(declaration)
  if field then
    field.offset, field.size, field.signed = tonumber(offset), tonumber(size), signed ~= "0"
  end
  return field
end

--- What a format file says.
--- @param text string
--- @return table record { id = for perf_event_open(2), fields = { { name, ctype, offset and size in bytes,
---   signed, is_array, count = of an array's elements where it tells, is_data_loc: a u32 with the offset of the
---   text or array in its low half and its size in the other, is_rel_loc: the offset from the field's end } } }
function M.parse_format(text)
  local record = { id = tonumber(text:match("\nID:%s*(%d+)")), fields = {} }
  for line in text:gmatch("[^\n]+") do
    record.fields[#record.fields + 1] = parse_field(line)
  end
  return record
end

return M
