--- What a guest asks the one who started it: QEMU's monitor.
local json = require "dkjson"

local M = {}

--- Has QEMU carry out a command, e.g. ("device_del", { id = "disk2" }).
function M.qmp(command, arguments)
  local port = assert(io.open("/dev/ttyS1", "w"))
  port:write(("@@guest qmp %s@@\n"):format(json.encode { execute = command, arguments = arguments }))
  port:close()
end

return M
