-- hello: the arguments, the version, and nothing else; the smallest script
local out = require "shark.text.out"

out.line("hello from shark %s", shark.version)
for i, argument in ipairs(arg) do
  out.line("argument %d: %s", i, argument)
end
