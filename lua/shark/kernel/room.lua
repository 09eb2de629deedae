--- A kernel that is not running has a room of its own: modules that read kernels are loaded once more in it, and
-- what they require there is of that kernel. So they know nothing of other kernels, and nothing of one gets into
-- another; and for what /proc and /sys tell of the running kernel (shark.system.*) they get what the image tells
-- (shark.image.*), or that it cannot.

local load_module = _G["require"]

local M = {}

-- These know of no kernel: all rooms have the same.
local SHARED = { "^shark$", "^shark%.core$", "^shark%.core%.", "^shark%.decode%.", "^shark%.events", "^shark%.text%.",
  "^shark%.kernel%.request$" }

local function is_one_of(name, patterns)
  for _, pattern in ipairs(patterns) do
    if name:find(pattern) then
      return true
    end
  end
  return false
end

-- A coroutine has globals of its own, which are those of the chunks that it loads.
local function call_with(globals, work, ...)
  return coroutine.wrap(function(...)
    setfenv(0, globals)
    return work(...)
  end)(...)
end

-- What runs a module, as Lua itself looks for it.
local function find(name)
  local tried = {}
  for _, search in ipairs(package.loaders) do
    local found = search(name)
    if type(found) == "function" then
      return found
    end
    tried[#tried + 1] = found
  end
  error(("module '%s' not found:%s"):format(name, table.concat(tried)), 0)
end

-- A script's own modules may read kernels too; what is no Lua does not.
local function is_of_room(name)
  if name:find "^shark%.?" then
    return not is_one_of(name, SHARED)
  end
  return not package.preload[name] and package.searchpath(name, package.path) ~= nil
end

local function instead_of(name)
  local of_image = name:gsub("^shark%.system%.", "shark.image.")
  return package.preload[of_image] and of_image or name
end

-- What attaches does so to the running kernel: the functions that begin it.
local TRACING = {
  ["shark.core"] = { "session" }, ["shark.core.probe"] = { "session", "program", "map" },
  ["shark.probe"] = { "on", "session" }, ["shark.doctor"] = { "examine" },
}

-- The module, or if it traces, one that says why not.
local function without_tracing(name, module, core)
  if not TRACING[name] then
    return module
  end
  local why = ("tracing takes a running kernel, and this is an image (%s)"):format(core.how().image)
  local stand_in = setmetatable({}, { __index = module })
  for _, begins in ipairs(TRACING[name]) do
    stand_in[begins] = function()
      return nil, why, "EOPNOTSUPP"
    end
  end
  return stand_in
end

-- The module of C, with what is of this kernel.
local function shark_of(core, load_here)
  return setmetatable({
    symbol = core.symbol, debuginfo_set = core.debuginfo_set,
    trace = function(...) return load_here("shark.providers").open(...) end,
  }, { __index = _G.shark, __newindex = _G.shark })
end

local function new_room(core)
  local loaded, globals = { ["shark.kernel.core"] = core }, nil

  local function load_here(name)
    name = instead_of(name)
    if loaded[name] == nil then
      local value
      if is_of_room(name) then
        value = call_with(globals, find(name), name)
      else
        value = call_with(_G, load_module, name)
      end
      loaded[name] = value == nil and true or without_tracing(name, value, core)
    end
    return loaded[name]
  end

  loaded.shark = shark_of(core, load_here)
  globals = setmetatable({ shark = loaded.shark, ["require"] = load_here }, { __index = _G })
  globals._G = globals
  return globals
end

--- The room of a kernel: its shark.kernel, which leads to the rest.
--- @param core table of shark.kernel.core.open()
--- @return table kernel
function M.of(core)
  local globals = new_room(core)
  local load_here = globals["require"]
  local kernel = load_here "shark.kernel"

  --- A module that reads kernels, of this one.
  function kernel.require(_, name)
    return load_here(name)
  end

  --- Gives the image back. What was read stays; whatever would read more raises an error.
  function kernel.close()
    core.close()
  end

  --- The globals of what is loaded in the room.
  function kernel.globals()
    return globals
  end

  return kernel
end

return M
