--- Modules with a fault planted into their source: does a test find it?
local M = {}

local function text_of(path)
  local file = assert(io.open(path))
  local text = file:read "*a"
  file:close()
  return text
end

-- The source with `from` replaced, which must be there once.
local function replaced(text, from, to, path)
  local at, stop = text:find(from, 1, true)
  assert(at, path .. " no longer has: " .. from)
  assert(not text:find(from, stop + 1, true), path .. " has it twice: " .. from)
  return text:sub(1, at - 1) .. to .. text:sub(stop + 1)
end

--- Calls fn with modules made anew from their sources in lua/, one of them with the fault.
--- @param names string[] the modules, those first that others require
--- @param fault { [1] = module, [2] = from, [3] = to } @return any what fn returned
function M.with(names, fault, fn)
  local kept = {}
  for _, name in ipairs(names) do
    kept[name] = package.loaded[name] or false
    local path = "lua/" .. name:gsub("%.", "/") .. ".lua"
    local text = text_of(path)
    if name == fault[1] then
      text = replaced(text, fault[2], fault[3], path)
    end
    package.loaded[name] = assert(loadstring(text, "@" .. path))(name)
  end
  local fine, result = pcall(fn)
  for name, module in pairs(kept) do
    package.loaded[name] = module or nil
  end
  if not fine then
    error(result, 0)
  end
  return result
end

return M
