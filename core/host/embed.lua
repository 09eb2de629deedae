-- Build step: compiles Lua files to bytecode and writes them as C tables.
-- usage: luajit embed.lua OUT.c init FILE module NAME=FILE ... script NAME=FILE ...
local out_path = arg[1]

local function bytecode(path)
  local chunk, message = loadfile(path)
  if not chunk then
    io.stderr:write(message, "\n")
    os.exit(1)
  end
  return string.dump(chunk)
end

-- What --list says of a script: its first line, "-- NAME: summary".
local function summary(path)
  for line in io.lines(path) do
    if not line:find("^#!") then
      return (line:match("^%-%-+%s*[%w_-]+:%s*(.*)$") or "")
    end
  end
  return ""
end

local parts = { '#include "host/embedded.h"\n' }
local function add(text, ...)
  parts[#parts + 1] = text:format(...)
end

local function add_code(symbol, code)
  add("static const char %s[] = {", symbol)
  for i = 1, #code do
    add("%s%d,", i % 24 == 1 and "\n" or "", code:byte(i) > 127 and code:byte(i) - 256 or code:byte(i))
  end
  add("\n};\n")
end

local lists = { module = {}, script = {} }
local kind
for i = 2, #arg do
  if lists[arg[i]] or arg[i] == "init" then
    kind = arg[i]
  elseif kind == "init" then
    add_code("init_code", bytecode(arg[i]))
  else
    local name, path = arg[i]:match("^(.-)=(.*)$")
    local symbol = kind .. "_" .. name:gsub("%W", "_")
    add_code(symbol, bytecode(path))
    table.insert(lists[kind], ("\t{%q, %q, %q, %s, sizeof(%s)},\n")
      :format(name, kind == "script" and summary(path) or "", path, symbol, symbol))
  end
end

add('const struct embedded embedded_init = {"shark_init", "", "shark_init.lua", init_code, sizeof(init_code)};\n')
for _, list in ipairs({ "module", "script" }) do
  table.sort(lists[list])
  add("const struct embedded embedded_%ss[] = {\n%s\t{0},\n};\n", list, table.concat(lists[list]))
end

local file = assert(io.open(out_path, "w"))
file:write(table.concat(parts))
assert(file:close())
