--- Writes the types of public modules for editors, lua/shark/_meta/NAME.lua, from the docstrings in
-- the modules themselves. Modules whose types are written by hand keep them.
-- usage: build/shark docs/types.lua          writes them
--        build/shark docs/types.lua --check  fails if what is there is another

package.path = arg[0]:gsub("[^/]+$", "?.lua;") .. package.path
local written = require "written"

local FOLDER, MARK = "lua/shark/_meta/", "-- Of the module's docstrings; written by make reference."

-- ---- docstrings ----

-- In the sources several tags share a line: one line each.
local function lines_of(doc)
  local lines = {}
  for line in doc:gmatch("%-%-%-? ?([^\n]*)\n") do
    for part in line:gsub("%s@(%l+ )", "\n@%1"):gmatch("[^\n]+") do
      lines[#lines + 1] = part
    end
  end
  return lines
end

local function comment(doc)
  local parts = {}
  for i, line in ipairs(lines_of(doc)) do
    parts[i] = line:find("^@") and "---" .. line or "--- " .. line
  end
  return #parts > 0 and table.concat(parts, "\n") .. "\n" or ""
end

-- ---- one module ----

local function parameters(doc)
  local names = {}
  for _, line in ipairs(lines_of(doc)) do
    names[#names + 1] = line:match("^@param ([%w_.]+)")
  end
  return #names > 0 and table.concat(names, ", ") or "..."
end

-- A name that the module returns: a function, or another value.
local function member(module, name, doc)
  if type(module[name]) == "function" and not doc:find("@type") then
    return ("%sfunction M.%s(%s) end\n"):format(comment(doc), name, parameters(doc))
  elseif not doc:find("@type") then
    doc = doc .. ("--- @type %s\n"):format(type(module[name]))
  end
  return ("%sM.%s = nil\n"):format(comment(doc), name)
end

-- What follows a docstring: a function of the module or of a class, a class, or a value.
local function declared(module, classes, doc, line)
  local owner, name, arguments = line:match("^function (%u%l*)([.:][%w_]+)%((.*)%)$")
  if classes[owner] then
    return ("%sfunction %s%s(%s) end\n"):format(comment(doc), owner, name, arguments)
  elseif doc:find("@class") then
    local class = assert(line:match("^local (%u%l*) = {}"), line)
    classes[class] = true
    return ("%slocal %s = {}\n"):format(comment(doc), class)
  end
  local parts = {}
  for name_of_value in (line:match("^(M%.[%w_., ]+) =") or ""):gmatch("M%.([%w_]+)") do
    parts[#parts + 1] = member(module, name_of_value, doc)
  end
  return #parts > 0 and table.concat(parts, "\n") or nil
end

local function types_of(name, module, source)
  local parts = { ("---@meta %s\n%s\n\nlocal M = {}\n"):format(name, MARK) }
  local doc, classes = "", { M = true }
  for line in source:gmatch("([^\n]*)\n") do
    if line:find("^%-%-%-") or doc ~= "" and line:find("^%-%-") then
      doc = doc .. line .. "\n"
    else
      parts[#parts + 1] = doc ~= "" and declared(module, classes, doc, line) or nil
      doc = ""
    end
  end
  parts[#parts + 1] = "return M\n"
  return table.concat(parts, "\n")
end

-- A module that is a function has its docstring there.
local function types_of_function(name, source)
  local doc, arguments = source:match("\n\n(%-%-%- .-)local function [%w_]+(%b())\n")
  return ("---@meta %s\n%s\n\n%slocal function M%s end\n\nreturn M\n"):format(name, MARK, comment(doc), arguments)
end

-- ---- all of them ----

local files = {}
for _, entry in ipairs(require "shark.modules") do
  local path = FOLDER .. entry.name:gsub("^shark%.", ""):gsub("%.", "_") .. ".lua"
  local there, module = written.read(path), require(entry.name)
  if not there or there:find(MARK, 1, true) then
    local source = assert(written.read("lua/" .. entry.name:gsub("%.", "/") .. ".lua"))
    files[path] = type(module) == "function" and types_of_function(entry.name, source)
      or types_of(entry.name, module, source)
  end
end
written.write_or_check(files, "the docstrings say")
