-- Build step: the docstrings of public functions, as a module for help() at the prompt.
-- usage: luajit docs/help.lua OUT.lua META.lua...

local function lines_of(text)
  return (text .. "\n"):gmatch "([^\n]*)\n"
end

-- "--- Text" and "---@param name type text" as they are read: without marks.
local function line_of(comment)
  local text = comment:match "^%-%-%-%s?(.*)$"
  return (text:gsub("^%s*@", "@"))
end

-- What a file names M is the module; others are called as the file calls them.
local function entries_of(text, into)
  local module = text:match "^%-%-%-@meta shark%.([%w_.]+)"
  local doc = {}
  for line in lines_of(text) do
    local name, arguments = line:match "^function ([%w_.:]+)(%b()) end"
    if line:find "^%-%-%-" and not line:find "^%-%-%-@meta" then
      doc[#doc + 1] = line_of(line)
    elseif name then
      name = module and name:gsub("^M([.:])", function(mark) return module .. mark end) or name
      into[name] = into[name] or name .. arguments .. "\n" .. table.concat(doc, "\n")
      doc = {}
    else
      doc = {}
    end
  end
end

local entries, names = {}, {}
for i = 2, #arg do
  local file = assert(io.open(arg[i]))
  if not arg[i]:find "builtins" then -- names of handlers only
    entries_of(file:read "*a", entries)
  end
  file:close()
end
for name in pairs(entries) do
  names[#names + 1] = name
end
table.sort(names)
local out = assert(io.open(arg[1], "w"))
out:write "return {\n"
for _, name in ipairs(names) do
  out:write(("  [%q] = %q,\n"):format(name, entries[name]))
end
out:write "}\n"
assert(out:close())
