-- Build step: compiles Lua files to bytecode and writes them as C tables.
-- usage: luajit embed.lua OUT.c init FILE module NAME=FILE ... script NAME=FILE ...
local canonical = dofile((arg[0]:gsub("[^/]+$", "canonical.lua")))
local out_path = arg[1]

local function bytecode(path)
  local chunk, message = loadfile(path)
  if not chunk then
    io.stderr:write(message, "\n")
    os.exit(1)
  end
  return canonical(string.dump(chunk))
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

-- ---- what is started most often lies together ----

-- What a file requires when it is loaded, not within its functions.
local function requires(path)
  local list = {}
  for line in io.lines(path) do
    list[#list + 1] = line:match('^require "([%w_.]+)"') or line:match('^local [%w_]+ = require "([%w_.]+)"')
  end
  return list
end

local function visit(entry, modules, seen)
  seen[entry] = true
  entry.users = entry.users + 1
  for _, name in ipairs(requires(entry.path)) do
    local module = modules[name]
    if module and not seen[module] then
      visit(module, modules, seen)
    end
  end
end

local function starts_something(entry)
  return entry.kind == "script" or entry.path:find("^core/tracers/")
end

-- By how many scripts and tracers load them when they start, those themselves among them.
local function by_use(entries)
  local modules, sorted = {}, {}
  for i, entry in ipairs(entries) do
    modules[entry.kind == "module" and entry.name or entry] = entry
    sorted[i] = entry
  end
  for _, entry in ipairs(entries) do
    if starts_something(entry) then
      visit(entry, modules, {})
    end
  end
  table.sort(sorted, function(a, b)
    if a.users ~= b.users then
      return a.users > b.users
    end
    return a.name < b.name
  end)
  return sorted
end

-- ---- the tables ----

local function read_arguments()
  local entries, kind = {}, nil
  for i = 2, #arg do
    if arg[i] == "init" or arg[i] == "module" or arg[i] == "script" then
      kind = arg[i]
    else
      local name, path = arg[i]:match("^(.-)=(.*)$")
      -- Every run begins with shark_init.lua.
      entries[#entries + 1] = { kind = kind, name = name or "shark_init", path = path or arg[i],
        users = kind == "init" and math.huge or 0 }
    end
  end
  return entries
end

local parts = { '#include "host/embedded.h"\n' }
local function add(text, ...)
  parts[#parts + 1] = text:format(...)
end

-- All in one array, so that the compiler does not choose their order, in a section that nothing else is in.
local function add_code(entries)
  add('static const char code[] __attribute__((section("shark_bytecode"))) = {')
  local at = 0
  for _, entry in ipairs(by_use(entries)) do
    local code = bytecode(entry.path)
    entry.at, entry.size, at = at, #code, at + #code
    for i = 1, #code do
      add("%s%d,", i % 24 == 1 and "\n" or "", code:byte(i) > 127 and code:byte(i) - 256 or code:byte(i))
    end
  end
  add("\n};\n")
end

local function text_of(entry)
  return ("{%q, %q, %q, code + %d, %d}"):format(entry.name, entry.kind == "script" and summary(entry.path) or "",
    entry.path, entry.at, entry.size)
end

local function add_list(entries, kind)
  local list = {}
  for _, entry in ipairs(entries) do
    list[#list + 1] = entry.kind == kind and ("\t%s,\n"):format(text_of(entry)) or nil
  end
  table.sort(list)
  add("const struct embedded embedded_%ss[] = {\n%s\t{0},\n};\n", kind, table.concat(list))
end

local entries = read_arguments()
add_code(entries)
add("const struct embedded embedded_init = %s;\n", text_of(entries[1]))
add_list(entries, "module")
add_list(entries, "script")

local file = assert(io.open(out_path, "w"))
file:write(table.concat(parts))
assert(file:close())
