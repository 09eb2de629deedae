-- For tests/rig/matrix_test.lua: takes the guest with it, unless it is the first test.
local file = io.open "/command"
local command = file:read "*a"
file:close()
print "1..1"
if command:find "in%-guest rig/faulty/panics_once" then
  print "ok 1 - the second time"
  return
end
io.stdout:flush()
local trigger = io.open("/proc/sysrq-trigger", "w")
trigger:write "c"
trigger:close()
