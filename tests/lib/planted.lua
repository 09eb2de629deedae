--- Modules with a fault planted into their source: does a test find it?
local M = {}

local function path_of(name)
  return "lua/" .. name:gsub("%.", "/") .. ".lua"
end

local function text_of(name)
  local file = assert(io.open(path_of(name)))
  local text = file:read "*a"
  file:close()
  return text
end

-- The source with `from` replaced, which must be there once.
local function replaced(text, from, to, name)
  local at, stop = text:find(from, 1, true)
  assert(at, name .. " no longer has: " .. from)
  assert(not text:find(from, stop + 1, true), name .. " has it twice: " .. from)
  return text:sub(1, at - 1) .. to .. text:sub(stop + 1)
end

local function loader(name, fault)
  return function(...)
    local text = text_of(name)
    if name == fault[1] then
      text = replaced(text, fault[2], fault[3], name)
    end
    return assert(loadstring(text, "@" .. path_of(name)))(...)
  end
end

-- Puts what was there back.
local function restore(kept, from)
  for name, old in pairs(kept) do
    from[name] = old or nil
  end
end

--- Calls fn where modules are made anew from their sources in lua/, one of them with the fault.
--- @param names string[] the modules, and what requires them @param fault { module, from, to }
--- @return any what fn returned
function M.with(names, fault, fn)
  local loaded, preload = {}, {}
  for _, name in ipairs(names) do
    loaded[name], preload[name] = package.loaded[name] or false, package.preload[name] or false
    package.loaded[name], package.preload[name] = nil, loader(name, fault)
  end
  local fine, result = pcall(fn)
  restore(loaded, package.loaded)
  restore(preload, package.preload)
  if not fine then
    error(result, 0)
  end
  return result
end

return M
