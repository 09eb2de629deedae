-- Build step: writes a C program that prints the layout of every record of
-- the wire format as the C compiler sees it, a line per struct and field.
-- usage: luajit layout.lua build/gen/events.lua HEADER... > layout.c
local text = assert(io.open(arg[1])):read("*a")

local out = {}
for i = 2, #arg do
  out[#out + 1] = ('#include "%s"\n'):format(arg[i])
end
out[#out + 1] = "#include <stddef.h>\n#include <stdio.h>\n\nint main(void)\n{\n"
for name, body in text:gmatch("struct ([%w_]+) (%b{})") do
  out[#out + 1] = ('\tprintf("%s - %%zu 0\\n", sizeof(struct %s));\n'):format(name, name)
  for field in body:gmatch("([%w_]+)[%[%]%w]*;") do
    out[#out + 1] = ('\tprintf("%s %s %%zu %%zu\\n", offsetof(struct %s, %s), sizeof(((struct %s *)0)->%s));\n')
      :format(name, field, name, field, name, field)
  end
end
out[#out + 1] = "\treturn 0;\n}\n"
io.write(table.concat(out))
