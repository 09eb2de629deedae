-- Build step: the names of LuaJIT's instructions by number, as the module shark.probe.opcodes.
-- Their numbers move between releases of LuaJIT, so they come from the one that is linked in.
-- usage: luajit opcodes.lua OUT.lua
local names = require("jit.vmdef").bcnames
local lines = { "-- Made by core/host/opcodes.lua, of " .. jit.version .. ".", "return {" }
for at = 1, #names, 6 do
  lines[#lines + 1] = ("[%d] = %q,"):format((at - 1) / 6, (names:sub(at, at + 5):gsub("%s+$", "")))
end
lines[#lines + 1] = "}\n"
local file = assert(io.open(arg[1], "w"))
file:write(table.concat(lines, "\n"))
assert(file:close())
