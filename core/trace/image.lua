-- Build step: writes IMAGE.image.h, which has the `struct image` of a BPF object, with
-- its programs and maps by name, as the skeleton that bpftool made of it lists them.
-- usage: luajit image.lua IMAGE IMAGE.light.h object.h > IMAGE.image.h
local name = arg[1]
local text, object_h = assert(io.open(arg[2])):read("*a"), assert(io.open(arg[3])):read("*a")

local function fields(of, type)
  local list = {}
  local body = text:match("struct {([^{}]*)} " .. of .. ";")
  for field in body:gmatch("struct " .. type .. " ([%w_]+);") do
    list[#list + 1] = field
  end
  return list
end

-- The maps that the core sizes or reads; others are the programs' own.
local is_known = {}
for map in object_h:gmatch("\n\tMAP_([%u_]+),") do
  is_known[map:lower()] = true
end

local programs, maps = {}, {}
for i, program in ipairs(fields("progs", "bpf_prog_desc")) do
  programs[i] = ('\t"%s",\n'):format(program)
end
for _, map in ipairs(fields("maps", "bpf_map_desc")) do
  if is_known[map] then
    maps[#maps + 1] = ("\t[MAP_%s] = offsetof(struct %s_light, maps.%s)"):format(map:upper(), name, map)
  end
end

io.write(([[
/* Made by core/trace/image.lua. */
#include "trace/image.h"

#include "%s.light.h"
#include "%s.skel.h"

static const char *const %s_programs[] = {
%s};

IMAGE_DEFINE(%s, %s_programs,
%s);
]]):format(name, name, name, table.concat(programs), name, name, table.concat(maps, ",\n")))
